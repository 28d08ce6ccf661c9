#!/bin/bash
# albumentations moves keypoints by two rules. Resize (and LongestMaxSize, RandomResizedCrop) multiplies them, as if a picture
# began at the corner of its first pixel; HorizontalFlip takes w - 1 - x, as if it began at its centre, where the pictures,
# and dlib's or OpenCV's landmarks, have it. After a Resize every landmark lies up and left of what it marked, by
# (1 - scale) / 2 px of the small picture, and resizing and flipping do not commute: two points that were mirror images of
# each other at 256 px are .9 px apart at 32 px, 7 px of the original, an asymmetry that no face has. Affine(scale) is right.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
export NO_ALBUMENTATIONS_UPDATE=1
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 albumentations==2.0.8 opencv-python-headless==5.0.0.93 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import sys
from importlib.metadata import version
import albumentations as A
import cv2
import numpy as np
print("albumentations", version("albumentations"))
face = np.zeros((256, 256, 3), np.uint8)
corners = np.array([[60.0, 100.0], [195.0, 100.0]])  # of a mouth: x and 255 - x, each the centre of a white disc
for x, y in corners.astype(int):
    cv2.circle(face, (int(x), int(y)), 12, (255, 255, 255), -1)
def discs(picture):
    """(2, 2) px: where the discs are in a picture, by their centres of mass."""
    light, half = picture[..., 0].astype(float), picture.shape[1] // 2
    y, x = np.indices(light.shape)
    parts = (light * (x < half), light * (x >= half))
    return np.array([[(x * part).sum(), (y * part).sum()] / part.sum() for part in parts])
def after(*steps):
    """(2, 2) px: keypoints and discs after some steps, from left to right."""
    made = A.Compose(list(steps), keypoint_params=A.KeypointParams(format="xy"))(image=face, keypoints=corners)
    points = np.array(made["keypoints"])
    return points[points[:, 0].argsort()], discs(made["image"]), made["image"].shape[1]
seen = []
for size in (256, 64, 32):
    small = A.Resize(size, size, interpolation=cv2.INTER_AREA, p=1)
    points, marks, width = after(small)
    off = (points - marks).mean(axis=0)
    uneven = points[:, 0].sum() - (width - 1)
    order = np.abs(after(small, A.HorizontalFlip(p=1))[0] - after(A.HorizontalFlip(p=1), small)[0]).max()
    print(f"Resize to {size}: keypoints {off.round(2)} px off their discs; mirror images miss by {uneven:.2f} px; flip before or after: {order:.2f} px")
    wanted = (1 - size / 256) / 2
    seen += [np.allclose(off, wanted, atol=0.1), abs(uneven - 2 * wanted) < 1e-6, abs(order - 2 * wanted) < 1e-6]
points, marks, _ = after(A.Affine(scale=0.5, p=1))
print(f"Affine(scale=0.5): keypoints {(points - marks).mean(axis=0).round(2)} px off their discs")
sys.exit(0 if all(seen) and np.abs(points - marks).max() < 0.1 else 1)
P
echo "as seen: a resized face has moved landmarks and an asymmetry"
