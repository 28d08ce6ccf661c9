#!/bin/bash
# OpenCV on an mp4 whose edit list hides frames (a trim without encoding again): CAP_PROP_FRAME_COUNT counts all samples
# of the file, the packets of raw mode (CAP_PROP_FORMAT = -1) are those that FFmpeg needs for decoding, hidden ones
# among them and unmarked, and decoding gives the frames that are shown: three numbers. Both clocks begin at 0 ms, so that
# every packet of raw mode is late by the hidden stretch, and CAP_PROP_POS_MSEC does not tell. PyAV marks them (is_discard).
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 av==18.1.0 opencv-python-headless==4.14.0.94 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E'
import subprocess, sys
write = """
import av, numpy as np
def encode(file):
    with av.open(file, "w") as out:
        s = out.add_stream("mpeg4", rate=25)
        s.width, s.height, s.pix_fmt, s.codec_context.gop_size = 64, 48, "yuv420p", 12
        for i in range(100):
            out.mux(s.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 2 * i, np.uint8), format="rgb24")))
        out.mux(s.encode())
encode("whole.mp4")
with av.open("whole.mp4") as src, av.open("cut.mp4", "w") as out:  # as ffmpeg -ss 0.8 -i whole.mp4 -c copy cut.mp4
    a = src.streams.video[0]
    b, shift = out.add_stream_from_template(a), round(0.8 / a.time_base)
    for p in src.demux(a):
        if p.dts is not None and p.dts >= round(0.48 / a.time_base):
            p.pts, p.dts, p.stream = p.pts - shift, p.dts - shift, b
            out.mux(p)
with av.open("cut.mp4") as f:
    packets = [p for p in f.demux(video=0) if p.size]
with av.open("cut.mp4") as f:
    print(av.__version__, len(packets), sum(p.is_discard for p in packets), len(list(f.decode(video=0))))
"""
version, packets, hidden, shown = subprocess.run([sys.executable, "-c", write], check=True, capture_output=True, text=True).stdout.split()
import cv2
def times(raw):
    capture = cv2.VideoCapture("cut.mp4")
    if raw:
        capture.set(cv2.CAP_PROP_FORMAT, -1)
    found = []
    while capture.grab():
        found.append(capture.get(cv2.CAP_PROP_POS_MSEC))
    return found, int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
(raw, declared), (decoded, _) = times(True), times(False)
print("opencv", cv2.__version__, "av", version)
print(f"PyAV: {packets} packets, {hidden} of them marked as hidden, {shown} frames shown")
print(f"OpenCV: declares {declared}, raw mode gives {len(raw)} packets from {min(raw):g} to {max(raw):g} ms, decoding "
      f"{len(decoded)} frames from {decoded[0]:g} to {decoded[-1]:g} ms")
as_seen = len(raw) == int(packets) > len(decoded) == int(shown) and min(raw) == decoded[0] == 0 and int(hidden) > 0
sys.exit(0 if as_seen else 1)
E
echo "as seen: raw mode counts and times hidden packets as if they were shown"
