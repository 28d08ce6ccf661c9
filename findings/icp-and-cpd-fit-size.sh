#!/bin/bash
# "Rigid" registration that resizes. trimesh.registration.icp fits a size in every step (scale=True of procrustes is its
# unsaid default; mesh_other of the same module has scale=False), and pycpd.RigidRegistration always does: scale=False is
# taken without complaint and changes nothing. A face 10 % smaller fits without a remainder; a face that has opened its
# jaw by 15 mm comes back shrunk by 7 %, and so does every displacement in mm that is read from it. See mikedh/trimesh#1722
# and siavashk/pycpd#90.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 scipy==1.17.1 trimesh==5.2.0 pycpd==2.0.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys
from importlib.metadata import version
import numpy as np
from pycpd import RigidRegistration
from trimesh.registration import icp
print("trimesh", version("trimesh"), "pycpd", version("pycpd"))
def scan(points, seed, jaw=0.0):
    """A face of 150 x 190 mm with a nose, as points of a depth camera; `jaw` mm lower at the chin."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-70, 70, points), rng.uniform(-90, 90, points)
    inside = (x / 75) ** 2 + (y / 95) ** 2 < 1
    x, y = x[inside], y[inside]
    z = 40 * np.sqrt(1 - (x / 75) ** 2 - (y / 95) ** 2) + 25 * np.exp(-(x / 12) ** 2 - ((y + 5) / 20) ** 2)
    return np.stack([x, y - jaw * np.clip(-(y + 20) / 70, 0, 1), z], 1)
rest = scan(6000, 2)
size = {}
for name, face in (("10 % smaller", 0.9 * scan(1200, 1)), ("jaw 15 mm lower", scan(1200, 1, jaw=15))):
    for options in ({}, {"scale": False, "reflection": False}):
        matrix, _, _ = icp(face, rest, max_iterations=200, **options)
        size[name, len(options)] = float(np.cbrt(np.linalg.det(matrix[:3, :3])))
        print(f"icp({name}, {options}): size x {size[name, len(options)]:.3f}")
face = rest[:200]
for options in ({}, {"scale": False}):
    moved, (factor, _, _) = RigidRegistration(X=face, Y=0.9 * face, **options).register()
    size["cpd", len(options)] = float(factor)
    print(f"RigidRegistration(10 % smaller, {options}): size x {factor:.3f}, remainder {np.abs(moved - face).max():.1e} mm")
seen = size["10 % smaller", 0] > 1.08 and size["jaw 15 mm lower", 0] < 0.95
kept = all(abs(size[name, 2] - 1) < 1e-9 for name in ("10 % smaller", "jaw 15 mm lower"))
sys.exit(0 if seen and kept and min(size["cpd", 0], size["cpd", 1]) > 1.1 else 1)
P
echo "as seen: both change the size"
