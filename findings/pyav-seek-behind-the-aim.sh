#!/bin/bash
# PyAV: container.seek(pts, backward=True) may land on a key frame that is shown AFTER the pts asked for. FFmpeg's mp4
# demuxer compares the aim with the key frame's decoding time, which reordered frames (B-frames) put before its
# presentation time. Whoever decodes from there "until the pts is reached" gets a later frame, or calls the file damaged.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 av==18.1.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E'
import sys
from fractions import Fraction
import av, numpy as np
print("av", av.__version__)
times_ms = np.cumsum(np.tile([8] * 60 + [1500] * 4, 4)).tolist()  # bursts and pauses, as a phone records in changing light
counts = {}
for b_frames in (0, 2):
    with av.open("a.mp4", "w") as out:
        stream = out.add_stream("mpeg4", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.max_b_frames, stream.codec_context.gop_size = b_frames, 12
        for time in times_ms:
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with av.open("a.mp4") as file:
        stream, behind = file.streams.video[0], []
        for pts in [frame.pts for frame in file.decode(stream)]:
            file.seek(pts, stream=stream, backward=True)
            first = next(file.decode(stream)).pts
            if first > pts:
                behind.append((pts, first))
    counts[b_frames] = len(behind)
    print(f"{b_frames} B-frames: {len(behind)} of {len(times_ms)} seeks land behind the aim, e.g. (aim, landing) {behind[:2]}")
sys.exit(0 if counts[0] == 0 and counts[2] > 0 else 1)
E
echo "as seen: with B-frames some seeks land after the frame that was asked for"
