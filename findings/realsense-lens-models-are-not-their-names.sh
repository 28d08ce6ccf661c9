#!/bin/bash
# Lens models of Intel's pyrealsense2. "inverse" Brown-Conrady, which D400 colour cameras state, sounds like and is
# commented in rs_types.h as a polynomial from the seen pixel to the ideal one; the SDK uses it from the ideal to the seen,
# like brown_conrady: whoever applies it to the pixel moves the point the wrong way, by 11 mm near the edge at 60 cm. Of
# modified_brown_conrady, project uses the coefficients and deproject leaves them out without a word: a pixel to 3-D and
# back lands 6 px away. See realsenseai/librealsense#7335, #6382 and #13824.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pyrealsense2==2.59.1.11053 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys
from importlib.metadata import version
import numpy as np
import pyrealsense2 as rs
print("pyrealsense2", version("pyrealsense2"))
k1, k2, p1, p2, k3 = coefficients = [-0.055, 0.065, -0.0003, 0.0006, -0.02]  # of the size that D400 colour cameras have
camera = rs.intrinsics()
camera.width, camera.height, camera.ppx, camera.ppy, camera.fx, camera.fy = 1280, 720, 640, 360, 640, 640
camera.coeffs = coefficients
pixel, mm = [1200.0, 650.0], 600.0
point, away = {}, {}
for name in ("none", "brown_conrady", "inverse_brown_conrady", "modified_brown_conrady"):
    camera.model = getattr(rs.distortion, name)
    point[name] = np.array(rs.rs2_deproject_pixel_to_point(camera, pixel, mm))
    away[name] = float(np.hypot(*(np.array(rs.rs2_project_point_to_pixel(camera, point[name].tolist())) - pixel)))
    print(f"{name}: pixel {pixel} is {point[name].round(1)} mm; and back {away[name]:.2f} px away")
x, y = (pixel[0] - 640) / 640, (pixel[1] - 360) / 640
r2 = x * x + y * y
f = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
taken = mm * np.array([x * f + 2 * p1 * x * y + p2 * (r2 + 2 * x * x), y * f + 2 * p2 * x * y + p1 * (r2 + 2 * y * y), 1])
apart = {name: float(np.linalg.norm(point["inverse_brown_conrady"] - other)) for name, other in
         (("the polynomial applied to the pixel", taken), ("brown_conrady", point["brown_conrady"]))}
print("inverse as", {name: f"{value:.2f} mm away" for name, value in apart.items()}, taken.round(1))
same = np.array_equal(point["modified_brown_conrady"], point["none"])
seen = same and away["modified_brown_conrady"] > 3 and max(away[n] for n in away if n[0] != "m") < 0.1
sys.exit(0 if seen and apart["brown_conrady"] < 0.1 and apart["the polynomial applied to the pixel"] > 5 else 1)
P
echo "as seen: inverse is not the inverse, and modified is left out of deproject"
