#!/bin/bash
# pyxdf's defaults respace the times of a stream evenly, and see a pause only where it is longer than 1 s AND than 500
# samples: for a camera of 30 frames/s a pause of 10 s (the person rests, frames are lost) is no break. Its frames are
# spread over the pause: times are wrong by seconds and the rate reads too low; all that is said is a logged line that it
# differs from the specified rate.
# dejitter_timestamps=False or jitter_break_threshold_samples=30 gives the times that the file holds.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pyxdf==1.17.5 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E2'
import logging, struct, sys
from importlib.metadata import version
import numpy as np
import pyxdf
print("pyxdf", version("pyxdf"))
logging.basicConfig(level=logging.WARNING)
rate, pause = 30, 10.0
times = 100 + np.arange(600) / rate
times[300:] += pause  # 10 s of frames, 10 s of nothing, 10 s of frames
header = (
    "<?xml version='1.0'?><info><name>camera</name><type>Video</type><channel_count>1</channel_count>"
    f"<nominal_srate>{rate}</nominal_srate><channel_format>float32</channel_format><created_at>0</created_at></info>"
)
footer = (
    f"<?xml version='1.0'?><info><first_timestamp>{times[0]}</first_timestamp>"
    f"<last_timestamp>{times[-1]}</last_timestamp><sample_count>{len(times)}</sample_count></info>"
)
def chunk(tag, content):
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content
stream = struct.pack("<I", 1)
samples = b"".join(b"\x08" + struct.pack("<df", time, 0.0) for time in times)
with open("camera.xdf", "wb") as file:
    file.write(b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>"))
    file.write(chunk(2, stream + header.encode()))
    file.write(chunk(3, stream + b"\x04" + struct.pack("<I", len(times)) + samples))
    file.write(chunk(6, stream + footer.encode()))
def off(**options):
    (read,), _ = pyxdf.load_xdf("camera.xdf", **options)
    got = np.asarray(read["time_stamps"])
    return float(np.abs(got - times).max()), float(np.diff(got).max()), float(read["info"]["effective_srate"])
shown = {}
for name, options in {
    "defaults": {}, "not dejittered": {"dejitter_timestamps": False}, "break at 30 samples": {"jitter_break_threshold_samples": 30},
}.items():
    shown[name] = off(**options)
    print("{}: times wrong by up to {:.2f} s, largest step {:.2f} s, rate {:.1f}/s".format(name, *shown[name]))
right = all(shown[name][0] < 0.05 and shown[name][1] > 9 for name in list(shown)[1:])
sys.exit(0 if right and shown["defaults"][0] > 2 and shown["defaults"][1] < 1 else 1)
E2
echo "as seen: a pause of 10 s is smoothed away"
