#!/bin/bash
# trimesh.load(..., process=False), the advice for keeping the vertices of a mesh as they are, on an OBJ face whose texture
# has a seam (one vertex has two texture coordinates, as in every unwrapped scan and in FLAME's template): the vertices come
# in the order in which triangles first use them, so that most landmarks given as vertex numbers lie elsewhere, inside the
# face and in silence. A vertex in no triangle is dropped, too. Only maintain_order=True keeps them, an argument of
# the OBJ reader. See mikedh/trimesh#147 and mikedh/trimesh#2335.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pillow==12.0.0 trimesh==5.2.0 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import sys
from importlib.metadata import version
import numpy as np
import trimesh
print("trimesh", version("trimesh"))
side = 6
points = np.array([[x, y, 3 - 0.1 * (x - 2.5) ** 2] for y in range(side) for x in range(side)], float)
points = points[np.random.default_rng(0).permutation(len(points))]
number = {(x, y): i for i, (x, y, _) in enumerate(points)}
corners = ((0, 0), (1, 0), (1, 1), (0, 1))
squares = [[number[x + i, y + j] for i, j in corners] for y in range(side - 1) for x in range(side - 1)]
faces = [triangle for a, b, c, d in squares for triangle in ((a, b, c), (a, c, d))]

def write(name, points, faces, seam):
    """OBJ with a texture coordinate per vertex and, with `seam`, a second one for vertex 14 in every other triangle."""
    lines = ["v {:.4f} {:.4f} {:.4f}".format(*p) for p in points]
    lines += ["vt {:.3f} {:.3f}".format(*np.abs(p[:2]) / 10) for p in points] + ["vt .9 .9"]
    pick = lambda i, row: len(points) + 1 if seam and i == 14 and row % 2 else i + 1
    lines += ["f " + " ".join(f"{i + 1}/{pick(i, row)}" for i in face) for row, face in enumerate(faces)]
    with open(name, "w") as file:
        file.write("\n".join(lines))

loose = np.vstack([[0.0, 0.0, 9.0], points])  # a first vertex in no triangle, e.g. the centre of an eye
write("plain.obj", points, faces, seam=False)
write("seam.obj", points, faces, seam=True)
write("loose.obj", loose, np.array(faces) + 1, seam=False)
moved = {}
for name, true in (("plain", points), ("seam", points), ("loose", loose)):
    for options in ({"process": False}, {"process": False, "maintain_order": True}):
        got = trimesh.load(f"{name}.obj", force="mesh", **options).vertices
        n = min(len(got), len(true))
        far = np.linalg.norm(got[:n] - true[:n], axis=1)
        moved[name, len(options)] = int((far > 0.01).sum())
        print(f"{name}.obj {options}: {len(got)} of {len(true)} vertices, {moved[name, len(options)]} numbers "
              f"name another point, by up to {far.max():.1f} grid steps")
seen = moved["plain", 1] == 0 and moved["seam", 1] > 15 and moved["loose", 1] == 36
sys.exit(0 if seen and not any(moved[name, 2] for name in ("plain", "seam", "loose")) else 1)
P
echo "as seen: process=False keeps neither order nor number; maintain_order=True does"
