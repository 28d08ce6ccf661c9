"""Estimators that learn a class from samples. Each YAML in configs/classifier names one, and the view it wants."""
