#!/bin/bash
# tslearn takes NaN for the padding of shorter series, and so lets a lost frame in the middle through. TimeSeriesKMeans with
# metric="dtw" then puts all recordings into one cluster: the distance of the one with the gap is NaN, the centre it takes part in
# becomes NaN, and nobody is near that. 40 mouths that open to 10 or to 5 mm, told apart without an error, are "one group"
# after one frame of one of them is lost. The inertia says inf; there is no warning. metric="euclidean" refuses.
# A lost frame at the end is no gap at all: the recording is taken to be shorter, and TimeSeriesResampler stretches it.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 tslearn==0.10.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
from tslearn.clustering import TimeSeriesKMeans
from tslearn.preprocessing import TimeSeriesResampler
print("tslearn", version("tslearn"))
rng = np.random.default_rng(0)
frames = np.sin(np.linspace(0, np.pi, 40))
mm = np.repeat([10.0, 5.0], 20)[:, None] * frames + 0.3 * rng.normal(size=(40, 40))
holed = mm.copy()
holed[3, 17] = np.nan
sizes = {}
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for name, series in (("whole", mm), ("one frame of one recording lost", holed)):
        found = TimeSeriesKMeans(2, metric="dtw", max_iter=5, random_state=0).fit(series)
        sizes[name] = sorted(np.bincount(found.labels_, minlength=2).tolist())
        print(f"{name}: clusters of {sizes[name]}, inertia {found.inertia_:.3g}")
told = [str(w.message) for w in told if "nan" in str(w.message).lower() or "converge" in str(w.message).lower()]
print("warnings:", told)
try:
    TimeSeriesKMeans(2, metric="euclidean", random_state=0).fit(holed)
    refused = ""
except ValueError as error:
    refused = str(error).splitlines()[0]
print("euclidean:", refused)
late = np.arange(10.0)
late[7:] = np.nan
stretched = TimeSeriesResampler(sz=10).fit_transform(late[None])[0, :, 0]
print("0 to 6 mm in 7 of 10 frames, resampled to 10 frames:", stretched.round(2))
seen = sizes["whole"] == [20, 20] and sizes["one frame of one recording lost"] == [0, 40] and "NaN" in refused
sys.exit(0 if seen and not told and abs(stretched[-1] - 6) < 1e-9 else 1)
P
echo "as seen: one lost frame makes one cluster of two"
