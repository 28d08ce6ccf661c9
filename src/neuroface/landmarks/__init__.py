"""From pixels to landmarks, and from landmarks in pixels to landmarks in mm."""
