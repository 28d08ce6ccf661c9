#!/bin/bash
# pyedflib writes EDF in whole data records, and for the rate of a camera, 30000/1001 frames/s, it silently picks records of
# 50 s: a smile of 3.3 s comes back as 50 s. What is filled in, and every lost frame (NaN, which EDF cannot hold), comes
# back as an ordinary number inside the physical range: here the smallest, a mouth that is shut. No warning.
# edfio refuses both. See holgern/pyedflib#51, #219 and #300.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pyedflib==0.1.42 edfio==0.4.18 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import edfio
import numpy as np
import pyedflib
print("pyedflib", version("pyedflib"), "edfio", version("edfio"))
def there_and_back(mm, rate):
    """The opening of a mouth in mm, written with the range 5 to 60 mm and read again, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        out = pyedflib.EdfWriter("a.edf", 1, file_type=pyedflib.FILETYPE_EDFPLUS)
        out.setSignalHeader(0, {"label": "mouth", "dimension": "mm", "sample_frequency": rate, "physical_min": 5,
                                "physical_max": 60, "digital_min": -32768, "digital_max": 32767,
                                "transducer": "", "prefilter": ""})
        out.writeSamples([mm])
        out.close()
        with pyedflib.EdfReader("a.edf") as file:
            return file.readSignal(0), file.getFileDuration(), [str(w.message) for w in told]
long = {}
for rate in (25, 29.97, 30000 / 1001, 59.94):
    mm, seconds, told = there_and_back(np.full(100, 30.0), rate)
    long[rate] = seconds
    print(f"100 frames at {rate:.6g}/s ({100 / rate:.2f} s): {len(mm)} frames, {seconds:.2f} s, mean {mm.mean():.1f} mm, warnings {told}")
lost = np.full(100, 30.0)
lost[40:60] = np.nan
mm, _, told_lost = there_and_back(lost, 25)
print("20 lost frames of 30 mm come back as", np.unique(mm[40:60].round(1)), "mm, warnings", told_lost)
refused = []
for values, rate in ((lost, 25), (np.full(100, 30.0), 30000 / 1001)):
    try:
        edfio.Edf([edfio.EdfSignal(values, rate, label="mouth")]).write("b.edf")
    except ValueError as error:
        refused.append(str(error)[:60])
print("edfio:", refused)
seen = long[25] == 4 and long[30000 / 1001] > 45 and not told and np.isfinite(mm).all() and not told_lost
sys.exit(0 if seen and mm[40:60].min() >= 4.99 and len(refused) == 2 else 1)
P
echo "as seen: 3.3 s become 50 s, and lost frames become millimetres"
