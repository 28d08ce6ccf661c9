"""Facial kinematics as pure functions: one repetition's landmarks in, named numbers out.

The formulas are a reconstruction of the feature groups that the ALS and stroke papers of the Toronto group name
(docs/features.md says where each comes from and what was ambiguous). They are research measures, not a medical device.
"""
