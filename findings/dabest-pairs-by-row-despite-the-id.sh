#!/bin/bash
# dabest asks for id_col in a paired comparison and does not pair by it: the n-th row of one visit is paired with the n-th
# row of the other. The same 20 people in another order of rows (by date, by score) turn a sure change (.8 to 1.4 mm) into
# none (-3.7 to 5.4), and where two people each lack one visit, all between them are paired with their neighbour. No
# warning. See ACCLAB/DABEST-python#237.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q dabest==2025.10.20 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - 2>/dev/null <<'P'
import sys
from importlib.metadata import version
import dabest
import numpy as np
import pandas as pd
print("dabest", version("dabest"))
rng = np.random.default_rng(0)
before = rng.normal(40, 8, 20)
wide = pd.DataFrame({"person": range(20), "before": before, "after": before + 1 + rng.normal(0, 1, 20)})
table = wide.melt(id_vars="person", var_name="visit", value_name="mm")
width, p = {}, {}
tables = {"by person": table, "rows shuffled": table.sample(frac=1, random_state=1),
          "a visit lost for persons 3 and 15": table.drop(index=[3, 35])}
for name, rows in tables.items():
    loaded = dabest.load(rows, idx=("before", "after"), x="visit", y="mm", paired="baseline", id_col="person", resamples=2000)
    found = loaded.mean_diff.results.iloc[0]
    width[name], p[name] = found.bca_high - found.bca_low, found.pvalue_paired_students_t
    print(f"{name}: {found.difference:.2f} mm, 95 % {found.bca_low:.2f} to {found.bca_high:.2f}, p {p[name]:.2g}, "
          f"n {found.control_N} and {found.test_N}")
both = wide.drop(index=[3, 15])
change = both.after - both.before
print(f"the 18 with both visits, by hand: {change.mean():.2f} mm +- {1.96 * change.std() / 18**0.5:.2f}")
one, other, lost = width.values()
sys.exit(0 if other > 4 * one and lost > 2 * one and p["by person"] < 1e-4 and p["rows shuffled"] > 0.05 else 1)
P
echo "as seen: pairs are made by the order of the rows"
