#!/bin/bash
# scikit_posthocs' posthoc_durbin is the test for people of whom not every task was filmed (incomplete blocks), and takes a table
# with gaps without a word. It adds up the ranks that there are: a task that five of fifteen people lack has a lower sum
# because it has fewer, and differs "significantly" from the others in half of the tables in which nothing differs. It
# is right only where all tasks lack equally many, which it does not look at. Its neighbours for Friedman's test leave the
# incomplete people out.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 scipy==1.17.1 pandas==2.3.3 scikit-posthocs==0.17.1 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
import scikit_posthocs
print("scikit-posthocs", version("scikit-posthocs"))
rng = np.random.default_rng(0)
PAIRS = np.triu_indices(3, 1)
def table(kind):
    """(15, 3): people by tasks, none of which differs; NaN where a task was not filmed."""
    values = rng.normal(size=(15, 3))
    if kind == "five lack the first task":
        values[:5, 0] = np.nan
    if kind == "every third lacks each task":
        values[np.arange(15), np.arange(15) % 3] = np.nan
    return values
found, told = {}, []
for kind in ("whole", "every third lacks each task", "five lack the first task"):
    for name in ("posthoc_durbin", "posthoc_conover_friedman"):
        if kind.startswith("every") and "friedman" in name:
            continue  # nobody would be left
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            smallest = [np.asarray(getattr(scikit_posthocs, name)(table(kind)))[PAIRS].min() for _ in range(100)]
        told += [str(w.message) for w in heard if not issubclass(w.category, (DeprecationWarning, FutureWarning))]
        found[kind, name] = float(np.mean(np.array(smallest) < 0.05))
        print(f"{kind}, {name}: some p < .05 in {found[kind, name]:.0%} of 100 tables without a difference")
told = [text for text in told if "inplace" not in text]
print("warnings:", told)
*right, wrong, neighbour = found.values()
sys.exit(0 if wrong > 0.4 and max(*right, neighbour) < 0.25 and not told else 1)
P
echo "as seen: what is missing counts as a low rank"
