#!/bin/bash
# Weighted kappa of two raters needs to know how far grades lie apart. scikit-learn's cohen_kappa_score counts steps between
# the grades that occur: where nobody has grade 3 or 4, grades 2 and 5 are neighbours, and taking one for the other costs as
# little as 1 for 2. irrCAC takes the numbers themselves, so that the two differ on the same sheet, unless labels= names all
# grades. But irrCAC sorts grades that are text (a column with an "n/a" in its file) as text: 1, 10, 11, 12, 2, ..., and two
# raters who never differ by more than a step lose a quarter of their agreement. No warning from either.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==1.26.4 pandas==2.3.3 scikit-learn==1.9.1 irrCAC==0.4.4 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from sklearn.metrics import cohen_kappa_score
print("scikit-learn", version("scikit-learn"), "irrCAC", version("irrCAC"))
def by_hand(a, b):
    """Quadratic kappa of numbers: 1 - the mean squared difference over that of raters who know nothing of each other."""
    return 1 - np.mean((a - b) ** 2) / np.mean((a[:, None] - b[None]) ** 2)
def by_irrcac(a, b):
    """Cohen's kappa with quadratic weights (of two raters Conger's is Cohen's)."""
    return CAC(pd.DataFrame({"a": a, "b": b}), weights="quadratic").conger()["est"]["coefficient_value"]
rng = np.random.default_rng(0)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    first = rng.choice([1, 2, 5, 6], 60)  # House and Brackmann's grades of people with a mild or a severe palsy
    second = np.where(rng.random(60) < 0.6, first, rng.choice([1, 2, 5, 6], 60))
    hb = {
        "by hand": by_hand(first, second),
        "irrCAC": by_irrcac(first, second),
        "scikit-learn": cohen_kappa_score(first, second, weights="quadratic"),
        "scikit-learn, labels=1..6": cohen_kappa_score(first, second, weights="quadratic", labels=range(1, 7)),
    }
    fine = rng.integers(1, 13, 60)  # a scale of twelve steps; the other rater is never farther than one off
    near = np.clip(fine + rng.integers(-1, 2, 60), 1, 12)
    twelve = {
        "by hand": by_hand(fine, near),
        "irrCAC of numbers": by_irrcac(fine, near),
        "irrCAC of the same as text": by_irrcac(fine.astype(str), near.astype(str)),
    }
told = [str(w.message) for w in told if issubclass(w.category, UserWarning)]
for name, found in (("grades 1, 2, 5 and 6", hb), ("twelve steps", twelve)):
    print(f"{name}:", {way: round(float(value), 3) for way, value in found.items()})
print("warnings:", told)
apart = abs(hb["scikit-learn"] - hb["by hand"])
same = max(abs(hb[way] - hb["by hand"]) for way in ("irrCAC", "scikit-learn, labels=1..6"))
text = twelve["irrCAC of the same as text"]
sys.exit(0 if apart > 0.015 and same < 1e-4 and abs(twelve["irrCAC of numbers"] - twelve["by hand"]) < 1e-4 and text < 0.85 and not told else 1)
P
echo "as seen: distances between grades depend on who was filmed, and on the type of a column"
