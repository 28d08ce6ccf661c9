#!/bin/bash
# statsmodels' aggregate_raters, the way from a table of ratings to fleiss_kappa, takes NaN (not rated, or the video could
# not be rated) for one more category. Where nobody rated, all raters agree: three who guess reach a kappa of .4 once a
# third of the videos is unrated, "moderate agreement". No warning; the row sums that Fleiss' kappa needs look complete.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 pandas==2.3.3 scipy==1.17.1 statsmodels==0.15.0 krippendorff==0.9.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import krippendorff
import numpy as np
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa
print("statsmodels", version("statsmodels"), "krippendorff", version("krippendorff"))
grades = np.random.default_rng(0).integers(0, 3, (60, 3)).astype(float)  # 60 videos, three raters who guess
grades[:20] = np.nan  # nobody could rate these
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    table, categories = aggregate_raters(grades)
    every = fleiss_kappa(table)
rated = fleiss_kappa(aggregate_raters(grades[20:])[0])
alpha = krippendorff.alpha(grades.T, level_of_measurement="nominal")
print("categories", categories, "first row of the table", table[0], "warnings", [str(w.message) for w in told])
print(f"Fleiss' kappa: all videos {every:.2f}, those that were rated {rated:.2f}; krippendorff.alpha of all {alpha:.2f}")
seen = np.isnan(categories).sum() == 1 and every > 0.3 and abs(rated) < 0.15 and abs(alpha) < 0.15 and not told
sys.exit(0 if seen else 1)
P
echo "as seen: what nobody rated counts as agreement"
