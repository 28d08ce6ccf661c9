#!/bin/bash
# ezc3d on recordings of more than 65,535 frames (11 minutes at 100 Hz), for which C3D has TRIAL:ACTUAL_END_FIELD. It
# writes 66,000 frames, all of them on the disk, and reads 65,535 back. Of the same recording written by the library c3d,
# with that field, it reads 66,016: to the end of the last block of the file, 16 frames more than there are, all at the
# origin with residual 0, as if measured. c3d reads 66,000. No error either way.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv
venv/bin/pip install -q ezc3d==1.7.0 c3d==0.6.0 numpy==2.3.5 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import os, sys
from importlib.metadata import version
import c3d, ezc3d
import numpy as np
print("ezc3d", version("ezc3d"), "c3d", version("c3d"))
FRAMES = 66_000
one = ezc3d.c3d()
one["parameters"]["POINT"]["RATE"]["value"] = [100.0]
one["parameters"]["POINT"]["LABELS"]["value"] = ["chin"]
points = np.ones((4, 1, FRAMES)); points[0, 0] = np.arange(FRAMES)
one["data"]["points"] = points
one.write("ezc3d.c3d")
own = ezc3d.c3d("ezc3d.c3d")["data"]["points"].shape[2]
on_disk = os.path.getsize("ezc3d.c3d") // 16  # 4 numbers of 4 bytes a frame
writer = c3d.Writer(point_rate=100)
writer.add_frames([(np.ones((1, 5), np.float32), np.zeros((0, 0)))] * FRAMES)
writer.set_point_labels(["chin"])
with open("c3d.c3d", "wb") as file:
    writer.write(file)
read = ezc3d.c3d("c3d.c3d")["data"]
other = read["points"].shape[2]
added = read["points"][:3, 0, FRAMES:], read["meta_points"]["residuals"][0, 0, FRAMES:]
with open("c3d.c3d", "rb") as file:
    whole = sum(1 for _ in c3d.Reader(file).read_frames())
print(f"written by ezc3d: {FRAMES} frames, {on_disk} on disk or more; read by ezc3d: {own}")
print(f"written by c3d:   {FRAMES} frames; read by c3d: {whole}; read by ezc3d: {other}")
print(f"  the {other - FRAMES} frames too many: places {np.unique(added[0])}, residuals {np.unique(added[1])}")
origin = not np.any(added[0]) and not np.any(added[1])
sys.exit(0 if (own, other, whole) == (65_535, 66_016, FRAMES) and on_disk >= FRAMES and origin else 1)
P
echo "as seen: 65,535 and 66,016 of 66,000 frames, no error"
