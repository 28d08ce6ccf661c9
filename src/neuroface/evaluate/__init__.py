"""From samples to honest numbers: protocols, splits, the fold engine, the run folder, scores, the leakage audit.

Nothing is imported here: `neuroface.evaluate.run_folder` must load in milliseconds to see that a run is finished.
"""
