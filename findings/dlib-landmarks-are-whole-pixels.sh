#!/bin/bash
# dlib-bin==20.0.1: a shape_predictor answers in whole pixels. A point that drifts by a quarter of a pixel a frame stands
# still and then jumps; on a face of 40 px between the eyes one step is 2.5 % of that distance. Showing the predictor an
# image enlarged four times divides the step by four.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" -q install dlib-bin==20.0.1 opencv-python-headless==4.11.0.86 numpy==2.2.6
"$place/venv/bin/python" - <<'PY'
import sys

import cv2
import dlib
import numpy as np

rng = np.random.default_rng(0)


def picture(x, y, zoom=1):
    """A bright disc about (x, y) on grey noise, each pixel shown zoom times."""
    row, column = np.mgrid[0 : 96 * zoom, 0 : 96 * zoom]
    disc = np.hypot(column - (x + 0.5) * zoom + 0.5, row - (y + 0.5) * zoom + 0.5) < 9 * zoom
    return np.where(disc, 230, 40).astype(np.uint8)


def box(zoom=1):
    return dlib.rectangle(16 * zoom, 16 * zoom, 80 * zoom, 80 * zoom)


pictures, marks = [], []
for _ in range(60):
    x, y = rng.uniform(38, 58, 2)
    pictures.append(picture(x, y))
    points = [dlib.point(round(x), round(y)), dlib.point(round(x) + 9, round(y))]
    marks.append([dlib.full_object_detection(box(), points)])
options = dlib.shape_predictor_training_options()
options.cascade_depth, options.tree_depth, options.num_trees_per_cascade_level = 4, 2, 60
options.oversampling_amount, options.num_threads, options.be_verbose = 5, 1, False
predictor = dlib.train_shape_predictor(pictures, marks, options)

print("dlib", dlib.__version__)
drift = 44 + 0.25 * np.arange(24)
plain = np.array([predictor(picture(x, 48), box()).part(0).x for x in drift])
large = np.array([predictor(picture(x, 48, 4), box(4)).part(0).x for x in drift])
print("type of a coordinate:", type(predictor(picture(48, 48), box()).part(0).x).__name__)
print("disc drifts by 0.25 px:", drift[:8])
print("as it is:              ", plain[:8])
print("enlarged four times:   ", large[:8] / 4)
still = float(np.mean(np.diff(plain) == 0))
print(f"steps in which the point stands still: {still:.0%} as it is, {np.mean(np.diff(large) == 0):.0%} enlarged")
sys.exit(0 if plain.dtype.kind == "i" and still > 0.5 else 1)
PY
