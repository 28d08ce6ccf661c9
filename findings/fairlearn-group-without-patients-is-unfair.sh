#!/bin/bash
# fairlearn's equal_opportunity_difference and equalized_odds_difference compare the sensitivity between groups of people. Of a
# group in which nobody is ill there is none; fairlearn says 0, without a warning. A model that makes no mistake is then as
# unfair as can be (difference 1, ratio 0), and one that misses every patient is perfectly fair. Small clinical test sets, and
# the folds of a cross-validation, hold such groups all the time. The neighbouring MetricFrame with scikit-learn's recall_score
# and zero_division=nan leaves the group out.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pandas==2.3.3 scikit-learn==1.9.1 fairlearn==0.15.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from functools import partial
from importlib.metadata import version
import numpy as np
from fairlearn.metrics import MetricFrame, equal_opportunity_difference, equalized_odds_difference, equalized_odds_ratio
from sklearn.metrics import recall_score
print("fairlearn", version("fairlearn"), "scikit-learn", version("scikit-learn"))
age = np.repeat(["young", "old"], 20)
ill = np.array([0] * 20 + [0, 1] * 10)  # nobody of the young
models = {"no mistake": ill.copy(), "misses every patient": np.zeros(40, int)}
functions = (equal_opportunity_difference, equalized_odds_difference, equalized_odds_ratio)
found = {}
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for name, said in models.items():
        found[name] = [float(function(ill, said, sensitive_features=age)) for function in functions]
        print(f"{name}:", {function.__name__: value for function, value in zip(functions, found[name])})
told = [str(w.message) for w in told if not issubclass(w.category, FutureWarning)]
frame = MetricFrame(metrics=partial(recall_score, zero_division=np.nan), y_true=ill, y_pred=ill, sensitive_features=age)
print("warnings:", told)
print("MetricFrame with zero_division=nan:", frame.by_group.to_dict(), "difference", frame.difference())
seen = found["no mistake"] == [1, 1, 0] and found["misses every patient"][:2] == [0, 0]
sys.exit(0 if seen and not told and frame.difference() == 0 else 1)
P
echo "as seen: no mistake is unfair, no patient found is fair"
