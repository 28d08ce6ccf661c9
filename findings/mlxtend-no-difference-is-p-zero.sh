#!/bin/bash
# mlxtend.evaluate answers p = 0 twice where there is nothing. mcnemar (as it comes, with its correction) of two models that
# never disagree, a model and itself, divides (|0 - 0| - 1) squared by 0: chi-squared is infinite, p is 0; with exact=True p
# is 1. And permutation_test with one NaN among the values (a person without a score) compares NaN with NaN in every
# permutation, which is never "as large": exact p = 0, approximate p the smallest there is, whatever the rest holds.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 scipy==1.17.1 scikit-learn==1.9.1 mlxtend==0.25.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
from mlxtend.evaluate import mcnemar, mcnemar_table, permutation_test
print("mlxtend", version("mlxtend"))
rng = np.random.default_rng(0)
label, answer = rng.integers(0, 2, 40), rng.integers(0, 2, 40)
table = mcnemar_table(label, answer, answer)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    chi2, p = mcnemar(table)
_, exact = mcnemar(table, exact=True)
print(f"mcnemar of a model and itself, {table.tolist()}: chi-squared {chi2}, p {p}; exact p {exact}")
print("warnings:", sorted({str(w.message) for w in told}))
before = rng.normal(size=8)
after = before + rng.normal(size=8)
holed = before.copy()
holed[3] = np.nan
ways = {"exact, paired": {"method": "exact", "paired": True}, "approximate": {"method": "approximate", "num_rounds": 999, "seed": 0}}
found = {}
for name, options in ways.items():
    found[name] = [float(permutation_test(one, after, **options)) for one in (before, holed)]
    print(f"permutation_test, {name}: p {found[name][0]:.3f}, and {found[name][1]:.3f} where one value is missing")
seen = p == 0 and exact == 1 and found["exact, paired"][1] == 0 and found["approximate"][1] <= 0.001
sys.exit(0 if seen and min(p for p, _ in found.values()) > 0.05 else 1)
P
echo "as seen: nothing to tell apart, and a missing value, are p = 0"
