#!/bin/bash
# OpenCV takes the bytes of a NumPy array and not its byte order: a big-endian uint16 image (a ROS message with
# is_bigendian=1, np.frombuffer(..., ">u2"), a FITS or raw file) is written as PNG with the two bytes of every pixel
# swapped, and filtered as such, without an error. 560 mm becomes 12290. Pillow writes the same array rightly.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 opencv-python-headless==4.14.0.94 pillow==12.0.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E'
import io, sys
import cv2, numpy as np, PIL
from PIL import Image
print("opencv", cv2.__version__, "numpy", np.__version__, "Pillow", PIL.__version__)
native = np.array([[560, 600, 1500], [255, 256, 1]], np.uint16)
big = native.astype(">u2")
print("equal to NumPy:", bool((native == big).all()))
through_cv2 = cv2.imdecode(cv2.imencode(".png", big)[1], cv2.IMREAD_UNCHANGED)
file = io.BytesIO()
Image.fromarray(big).save(file, "png")
through_pillow = np.array(Image.open(file))
print("written", native.tolist())
print("cv2 PNG", through_cv2.tolist())
print("Pillow PNG", through_pillow.tolist())
print("cv2.medianBlur", cv2.medianBlur(big, 3).tolist())
as_seen = (through_cv2 == native.byteswap()).all() and (through_pillow == native).all()
sys.exit(0 if as_seen else 1)
E
echo "as seen: the bytes of every pixel are swapped, no error"
