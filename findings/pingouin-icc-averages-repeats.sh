#!/bin/bash
# pingouin.intraclass_corr given several rows for one target and rater (three repetitions of a smile at each visit)
# averages them without a word: ICC(1,1), "a single rating", is then the reliability of the mean of the three. The same
# people with one repetition each give a much smaller one. Nothing in the answer tells how many rows went into a cell.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q pandas==2.3.3 pingouin==0.7.0 2>&1 | grep -v WARNING || true
venv/bin/python - <<'E2'
import sys, warnings
from importlib.metadata import version
import numpy as np
import pandas as pd
import pingouin
print("pingouin", version("pingouin"))
rng = np.random.default_rng(1)
people, visits, repetitions = 200, 2, 3
true = rng.normal(size=people)
rows = [
    (person, visit, repetition, true[person] + rng.normal(scale=1.5))
    for person in range(people) for visit in range(visits) for repetition in range(repetitions)
]
table = pd.DataFrame(rows, columns=["person", "visit", "repetition", "mm"])
def single(data):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pingouin.intraclass_corr(data, targets="person", raters="visit", ratings="mm")
    return float(found.set_index("Type").loc["ICC(1,1)", "ICC"]), [str(w.message) for w in caught]
one, _ = single(table[table.repetition == 0])
every, told = single(table)
print(f"ICC(1,1) from one repetition a visit {one:.2f}, by theory {1 / (1 + 1.5**2):.2f}")
print(f"ICC(1,1) from all three rows a visit {every:.2f}, by theory of their mean {1 / (1 + 1.5**2 / 3):.2f}; warnings: {told}")
sys.exit(0 if abs(one - 0.31) < 0.12 and abs(every - 0.57) < 0.1 and not any("mean" in line or "repeat" in line for line in told) else 1)
E2
echo "as seen: repeated rows are averaged in silence"
