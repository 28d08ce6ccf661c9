"""neuroface: honest, reproducible answers about neurological disease from recordings of moving faces.

Research software, not a medical device.
"""

__version__ = "0.1.0"
