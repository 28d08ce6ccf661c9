#!/bin/bash
# face_landmark.tflite of mediapipe==0.10.21 is not mirror-symmetric: points of a mirrored crop, mirrored back by the
# array (column j -> 191 - j), lie about two thirds of a pixel of the crop to the right of those of the crop itself, in
# the mean over all pairs of points. The network's axis is column 96, not 95.5. For a face of 40 px between the outer
# eye corners that is .5 % of this distance in each frame: small beside its error, and a bias between the two sides of
# a face that a measure of asymmetry takes for one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" -q install opencv-python-headless==4.11.0.86 numpy==2.2.6 scikit-image==0.25.2
"$place/venv/bin/pip" -q download --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 --python-version 3.11 \
    --implementation cp --abi cp311 -d "$place" mediapipe==0.10.21
"$place/venv/bin/python" - "$place" <<'PY'
import pathlib
import sys
import zipfile

import cv2
import numpy as np
from skimage.data import astronaut

place = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(next(place.glob("mediapipe-*.whl"))) as wheel:
    (place / "face.tflite").write_bytes(wheel.read("mediapipe/modules/face_landmark/face_landmark.tflite"))
network = cv2.dnn.readNetFromTFLite(str(place / "face.tflite"))
SIDES = [(33, 263), (133, 362), (61, 291), (78, 308), (105, 334), (97, 326), (159, 386), (145, 374)]  # right, left
right, left = np.array(SIDES).T


def columns(crop):
    network.setInput(cv2.dnn.blobFromImage(crop, 1 / 255))
    out = max(network.forward(network.getUnconnectedOutLayersNames()), key=np.size)
    return out.reshape(468, 3)[:, 0]


image, shifts = astronaut(), []
for dx in np.linspace(-12, 12, 7):
    for side in (150, 180, 210):
        to_image = np.array([[side / 192, 0, 222 + dx - side / 2], [0, side / 192, 105 - side / 2]])
        crop = cv2.warpAffine(image, to_image, (192, 192), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        own, mirrored = columns(crop), 191 - columns(np.ascontiguousarray(crop[:, ::-1]))
        both = np.concatenate([own[right] - mirrored[left], own[left] - mirrored[right]])
        shifts.append(both.mean())
print("opencv", cv2.__version__, "- model of mediapipe 0.10.21")
print(f"own less mirrored-back column, px of the 192 px crop: mean {np.mean(shifts):.2f}, {len(shifts)} crops from "
      f"{min(shifts):.2f} to {max(shifts):.2f}; 0 for a symmetric network")
sys.exit(0 if 0.3 < np.mean(shifts) < 1.2 else 1)
PY
