"""What a classifier sees of a repetition: a row of features, a series, a clip, an image, optical flow, or several."""
