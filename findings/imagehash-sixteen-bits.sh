#!/bin/bash
# imagehash on a 16-bit grey picture (PNG of a depth camera or a scientific camera, Pillow mode I;16): Pillow's
# conversion to 8 bits cuts at 255 instead of scaling, so the hash is that of a white picture. Any two such pictures are
# "duplicates" at distance 0 by all grey hashes; the same two pictures scaled to 8 bits are far apart.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pillow==12.0.0 ImageHash==4.3.2 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E2'
import sys
from importlib.metadata import version
import imagehash
import numpy as np
from PIL import Image
print("ImageHash", version("ImageHash"), "Pillow", version("pillow"))
y, x = np.mgrid[:128, :128] / 128
views = {"slope": x, "ring": np.cos(20 * np.hypot(x - 0.5, y - 0.4)) / 2 + 0.5}
for name, picture in views.items():
    grey = (1000 + 50000 * picture).astype(np.uint16)
    Image.fromarray(grey).save(f"{name}_16.png")
    Image.fromarray((grey >> 8).astype(np.uint8)).save(f"{name}_8.png")
as_seen = True
for hash_of in (imagehash.average_hash, imagehash.phash, imagehash.dhash, imagehash.whash):
    apart = {}
    for bits in (16, 8):
        one, other = (hash_of(Image.open(f"{name}_{bits}.png")) for name in views)
        apart[bits] = one - other
    print(hash_of.__name__, "distance of two pictures: 16 bits", apart[16], " 8 bits", apart[8])
    as_seen &= apart[16] == 0 and apart[8] >= 10
sys.exit(0 if as_seen else 1)
E2
echo "as seen: 16-bit pictures all have one hash"
