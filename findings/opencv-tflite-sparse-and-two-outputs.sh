#!/bin/bash
# opencv-python==4.14.0.94 reads MediaPipe's dense TFLite networks and refuses the sparse ones of the same release, which
# are the ones its wheel carries for CPUs (operator DENSIFY). Of a network with two outputs, forward() without names gives
# one, and the first of getUnconnectedOutLayersNames() is the other: here the presence score, not the points.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" -q install opencv-python==4.14.0.94 numpy==2.3.5
"$place/venv/bin/pip" -q download --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 --python-version 3.11 \
    --implementation cp --abi cp311 -d "$place" mediapipe==0.10.21
"$place/venv/bin/python" - "$place" 2>/dev/null <<'PY'
import pathlib
import sys
import zipfile

import cv2
import numpy as np

place = pathlib.Path(sys.argv[1])
print("opencv", cv2.__version__)
with zipfile.ZipFile(next(place.glob("mediapipe-*.whl"))) as wheel:
    for name in ("face_detection/face_detection_full_range_sparse", "face_landmark/face_landmark"):
        (place / f"{name.split('/')[1]}.tflite").write_bytes(wheel.read(f"mediapipe/modules/{name}.tflite"))
try:
    cv2.dnn.readNetFromTFLite(str(place / "face_detection_full_range_sparse.tflite"))
    refused = ""
except cv2.error as error:
    refused = error.err
print("face_detection_full_range_sparse.tflite:", refused or "read")
network = cv2.dnn.readNetFromTFLite(str(place / "face_landmark.tflite"))
network.setInput(np.zeros((1, 3, 192, 192), np.float32))
names = network.getUnconnectedOutLayersNames()
shapes = [out.shape for out in network.forward(names)]
print("face_landmark.tflite: outputs", dict(zip(names, shapes)))
network.setInput(np.zeros((1, 3, 192, 192), np.float32))
unnamed = network.forward().shape
print("forward() without names:", unnamed)
sys.exit(0 if "DENSIFY" in refused and shapes == [(1, 1, 1, 1), (1, 1404, 1, 1)] and unnamed == (1, 1404, 1, 1) else 1)
PY
