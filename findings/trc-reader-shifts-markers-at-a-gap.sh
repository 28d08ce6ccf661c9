#!/bin/bash
# trc-data-reader on a TRC file (Motion Analysis, OpenSim) in which a marker is lost for some frames: the format leaves its
# three tab-separated fields empty, the reader splits at any white space, and every marker to the right of the gap gets the
# coordinates of the next one; the last is NaN. With the upper lip hidden, "upper lip" is where the lower lip is
# and the lower lip is the chin: an opening of 10 mm becomes one of 30. No error, no warning. For blank fields as the
# usual sign of a hidden marker see opensim-org/opensim-core#2187.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 trc-data-reader==0.4.1 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
from trc import TRCData
print("trc-data-reader", version("trc-data-reader"))
names = ["nose", "upper_lip", "lower_lip", "chin"]
heights = [40.0, 20.0, 10.0, -20.0]
lines = ["PathFileType\t4\t(X/Y/Z)\ta.trc",
         "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
         "100\t100\t3\t4\tmm\t100\t1\t3",
         "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
         "\t\t" + "\t".join(f"{axis}{i}" for i in range(1, 5) for axis in "XYZ"), ""]
for frame in (1, 2, 3):
    points = [["", "", ""] if frame == 2 and name == "upper_lip" else ["0.0", str(y), "0.0"] for name, y in zip(names, heights)]
    lines.append("\t".join([str(frame), f"{(frame - 1) / 100:.2f}", *(value for point in points for value in point)]))
with open("a.trc", "w") as file:
    file.write("\n".join(lines) + "\n")
print("in the file, frame 2:", repr(lines[-2]))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    data = TRCData()
    data.load("a.trc", verbose=True)
y = {name: [point[1] for point in data[name]] for name in names}
print("read, height of each marker in the three frames:", y, "warnings", [str(w.message) for w in told])
opening = np.subtract(y["upper_lip"], y["lower_lip"])
print("upper minus lower lip:", opening)
seen = y["upper_lip"] == [20, 10, 20] and y["lower_lip"] == [10, -20, 10] and np.isnan(y["chin"][1]) and not told
sys.exit(0 if seen and opening.tolist() == [10, 30, 10] else 1)
P
echo "as seen: a lost marker moves the names of those after it"
