#!/bin/bash
# imageio's FFMPEG plugin (imageio-ffmpeg) on a phone's video whose rate falls in low light, 2 s at 30 and 2 s at 15 frames/s:
# it delivers frames at an even 30/s and repeats pictures to fill in, 119 of 90, while count_frames() says 90 and the
# fps it states is the average, 23.08. Frame number over that fps ends at 5.1 s of a video of 4 s: speeds are wrong by a
# fifth and a third of the second half does not move. Its pyav plugin gives the 90. No warning. See imageio/imageio#176.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 av==18.1.0 imageio==2.38.1 imageio-ffmpeg==0.8.1 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys
from fractions import Fraction
from importlib.metadata import version
import av
import imageio
import imageio.v3 as iio
import numpy as np
print("imageio", version("imageio"), "imageio-ffmpeg", version("imageio-ffmpeg"))
times = np.r_[np.arange(60) / 30, 2 + np.arange(30) / 15]
with av.open("a.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=30)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, 90000)
    for i, time in enumerate(times):
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 40 + 2 * i, np.uint8), format="rgb24")
        frame.pts, frame.time_base = round(time * 90000), Fraction(1, 90000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
with av.open("a.mp4") as file:
    kept = [float(frame.pts * frame.time_base) for frame in file.decode(video=0)]
print("in the file:", len(kept), f"frames, the last at {kept[-1]:.2f} s")
reader = imageio.get_reader("a.mp4", "ffmpeg")
fps, counted = reader.get_meta_data()["fps"], reader.count_frames()
grey = np.array([frame.mean() for frame in reader])
repeated = int((np.abs(np.diff(grey)) < 0.5).sum())
print(f"imageio ffmpeg: count_frames {counted}, fps {fps}, frames read {len(grey)}, repeats of the one before {repeated}")
print(f"the last by number over fps: {(len(grey) - 1) / fps:.2f} s")
v3, pyav = (len(iio.imread("a.mp4", plugin=plugin)) for plugin in ("FFMPEG", "pyav"))
print("imageio.v3: plugin FFMPEG", v3, "frames, plugin pyav", pyav)
seen = len(kept) == 90 and counted == 90 and 22 < fps < 24 and len(grey) == v3 and 117 <= v3 <= 121 and repeated >= 27 and pyav == 90
sys.exit(0 if seen else 1)
P
echo "as seen: more frames are read than the file has, at another rate than is stated"
