#!/bin/bash
# crepes makes conformal intervals apart for groups of people (bins). Of a group that was not among those it was calibrated
# on, a diagnosis seen for the first time, predict_int answers from 0 to 0, whatever was predicted: a score of 40 that is
# certain to be 0. Its docstring promises the widest interval and a warning where there are too few to calibrate on; with
# three of a group that is so, with none it is not, and no warning names the group. The classifier does know: all classes.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 scikit-learn==1.9.1 crepes==0.9.1 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
from crepes import ConformalClassifier, ConformalPredictiveSystem, ConformalRegressor
print("crepes", version("crepes"))
rng = np.random.default_rng(0)
groups = np.repeat(["mild", "severe", "rare"], [50, 50, 3])  # those it is calibrated on
asked = np.array(["mild", "severe", "new"])
off = rng.normal(size=103)  # of the true score from the predicted one
score = np.full(3, 40.0)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    found = {}
    for kind in (ConformalRegressor, ConformalPredictiveSystem):
        model = kind()
        model.fit(off, bins=groups)
        found[kind.__name__] = model.predict_int(score, bins=asked, confidence=0.9)
        print(f"{kind.__name__}, 40 predicted:", dict(zip(asked, found[kind.__name__].round(1).tolist())))
    classes = ConformalClassifier()
    classes.fit(rng.random(103), bins=groups)
    sets = classes.predict_set(np.array([[0.1, 0.9]] * 3), bins=asked, confidence=0.9, smoothing=False)
named = {group: sum(group in str(w.message) for w in told) for group in ("rare", "new")}
print("warnings that name a group:", named, "classes of the new group:", sets[2])
with warnings.catch_warnings(record=True) as of_few:
    warnings.simplefilter("always")
    regressor = ConformalRegressor()
    regressor.fit(off, bins=groups)
    few = regressor.predict_int(score[:1], bins=np.array(["rare"]), confidence=0.9)
print("three of a group:", few, "warnings:", len(of_few))
seen = all(np.array_equal(one[2], [0, 0]) and (one[:2, 0] > 35).all() for one in found.values())
sys.exit(0 if seen and named["rare"] and not named["new"] and of_few and np.isinf(few).all() and sets[2].all() else 1)
P
echo "as seen: what was never calibrated is from 0 to 0"
