#!/bin/bash
# catch22 are 22 features of a series that do not know its unit: the authors' library (pycatch22) z-normalises first. aeon's
# Catch22 computes them itself (its argument to call pycatch22 is deprecated) and does so for two of them only. A third differ
# from the authors' and change from mm to m, so a model of one cannot be asked about the other, and "catch22 tells the groups
# apart" may be amplitude, to which catch22 is blind. Two of aeon's short names are exchanged besides: its centroid_freq is
# the power at low frequencies, its low_freq_power a frequency.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 aeon==1.6.0 pycatch22==1.0.2 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import sys
from importlib.metadata import version
import numpy as np
import pycatch22
from aeon.transformations.collection.feature_based import Catch22
print("aeon", version("aeon"), "pycatch22", version("pycatch22"))
rng = np.random.default_rng(0)
mm = 10 * np.sin(np.arange(90) / 3) + rng.normal(size=90)  # a mouth that opens and closes for 3 s
RENAMED = ("median_freq", "transition_variance")  # which aeon calls otherwise
def authors(x):
    found = pycatch22.catch22_all(list(x), short_names=True)
    return {name: value for name, value in zip(found["short_names"], found["values"]) if name not in RENAMED}
def aeons(x):
    return {name: float(Catch22(features=[name]).fit_transform(x[None, None])[0, 0]) for name in authors(x)}
def apart(a, b):
    return [name for name in a if not np.isclose(a[name], b[name], rtol=1e-3, atol=1e-9)]
theirs, ours, metres = authors(mm), aeons(mm), aeons(mm / 1000)
z = aeons((mm - mm.mean()) / mm.std(ddof=1))  # what catch22 would have seen
with_unit = apart(ours, metres)
print("features that change from mm to m:", len(apart(theirs, authors(mm / 1000))), "of pycatch22,", len(with_unit), "of aeon:")
for name in with_unit:
    print(f"  {name}: pycatch22 {theirs[name]:.3g}; aeon in mm {ours[name]:.3g}, in m {metres[name]:.3g}, normalised by hand {z[name]:.3g}")
print("still other than pycatch22's after normalising by hand:", apart(theirs, z))
low, centroid = (float(Catch22(features=[name]).fit_transform(((mm - mm.mean()) / mm.std(ddof=1))[None, None])[0, 0])
                 for name in ("low_freq_power", "centroid_freq"))
print(f"low_freq_power: pycatch22 {theirs['low_freq_power']:.3f}, aeon {low:.3f}; what aeon calls centroid_freq {centroid:.3f}")
swapped = abs(theirs["low_freq_power"] - centroid) < 1e-3 and abs(theirs["low_freq_power"] - low) > 0.1
sys.exit(0 if len(with_unit) >= 5 and not apart(theirs, authors(mm / 1000)) and swapped else 1)
P
echo "as seen: aeon's Catch22 knows the unit, and two names are exchanged"
