#!/bin/bash
# sleap-io's CSV (save_csv and load_csv, its own format and that of instances) brings the points back in alphabetical
# order, not in the skeleton's: 68 landmarks called 0 to 67 come back as 0, 1, 10, 11, ... labels.numpy() has no names, so
# index 8, the chin, is then the end of the jaw by the ear. The format "frames" finds a 69th point, "inst0". .slp keeps the order.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 sleap-io==0.9.5 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import sys
from importlib.metadata import version
import numpy as np
import sleap_io as sio
print("sleap-io", version("sleap-io"))
names = [str(i) for i in range(68)]
face, video, track = sio.Skeleton(names, name="face"), sio.Video(filename="clip.mp4"), sio.Track("A")
frames = []
for t in range(4):
    one = sio.PredictedInstance.from_numpy(
        np.c_[np.arange(68.0), np.full(68, 10.0 + t)], point_scores=np.full(68, 0.9), score=0.9, skeleton=face, track=track
    )
    frames.append(sio.LabeledFrame(video=video, frame_idx=t, instances=[one]))
labels = sio.Labels(frames)
def back(name, save, load, **options):
    """x of every point in the order of numpy() after a round trip; x was the point's number."""
    save(labels, name, **options)
    x = load(name).numpy()[0, 0, :, 0]
    print(f"{name} {options}: {len(x)} points, the first are {x[:6].astype(int)}, at index 8 is {int(x[8])}")
    return x
ways = {
    "csv": back("a.csv", sio.save_csv, sio.load_csv),
    "instances": back("b.csv", sio.save_csv, sio.load_csv, format="instances"),
    "frames": back("c.csv", sio.save_csv, sio.load_csv, format="frames"),
    "slp": back("d.slp", sio.save_slp, sio.load_slp),
}
sorted_by_name = np.array(sorted(map(str, range(68))), float)
scrambled = all(np.array_equal(ways[form][:68], sorted_by_name) for form in ("csv", "instances", "frames"))
seen = scrambled and len(ways["frames"]) == 69 and len(ways["csv"]) == 68
sys.exit(0 if seen and np.array_equal(ways["slp"], np.arange(68)) else 1)
P
echo "as seen: CSV files shuffle the landmarks"
