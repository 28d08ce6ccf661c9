"""Recordings as they come from a camera: video, depth beside it, and the geometry between the two."""
