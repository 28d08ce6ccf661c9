#!/bin/bash
# dcurves.dca counts a person without a prediction (NaN: no face found, file unreadable) among those whom the model tells
# they are well: n stays that of all, and the net benefit falls with every missing value, while "treat all" beside it
# is of everybody. Scores that are no risks (logits, distances) are compared with the thresholds as they are. Both
# without a warning, and both change which strategy wins.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.1.3 pandas==2.2.3 dcurves==1.1.7 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
import pandas as pd
from dcurves import dca
print("dcurves", version("dcurves"))
rng = np.random.default_rng(0)
ill = rng.integers(0, 2, 300)
risk = np.clip(0.5 + 0.3 * (ill - 0.5) + 0.2 * rng.normal(size=300), 0.01, 0.99)
table = pd.DataFrame({"ill": ill, "risk": risk, "logit": np.log(risk / (1 - risk))})
table["gaps"] = table.risk.where(rng.random(300) > 0.4)
def benefit(data, name, at):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("error", UserWarning)
        found = dca(data, "ill", [name], thresholds=np.array([at])).set_index("model")
    return {**found.net_benefit.round(3).to_dict(), "n": int(found.n.iloc[0])}
every, gaps = benefit(table, "risk", 0.3), benefit(table, "gaps", 0.3)
there = benefit(table.dropna(), "gaps", 0.3)
by_hand = lambda d, p: ((d[p] >= 0.3) & (d.ill == 1)).mean() - ((d[p] >= 0.3) & (d.ill == 0)).mean() * 0.3 / 0.7
print("threshold .3, all predicted:", every, "by hand", round(by_hand(table, "risk"), 3))
print("40 % without a prediction:  ", gaps, "NaN as 'well', by hand", round(by_hand(table, "gaps"), 3))
print("the people who have one:    ", there)
logit = benefit(table, "logit", 0.3)
print("the same model as logits:   ", logit)
seen = gaps["n"] == 300 and abs(gaps["gaps"] - by_hand(table, "gaps")) < 1e-3 and gaps["gaps"] < gaps["all"] < every["risk"]
sys.exit(0 if seen and there["gaps"] > there["all"] and logit["logit"] != every["risk"] else 1)
P
echo "as seen: NaN is 'no', and a logit is a risk"
