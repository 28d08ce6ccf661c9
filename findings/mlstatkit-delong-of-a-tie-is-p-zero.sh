#!/bin/bash
# MLstatkit's Delong_test of two models whose AUCs cannot be told apart because nothing varies answers p = 0. Where the
# variance of the difference is 0 it goes over to a bootstrap in which every difference is 0, and takes twice the smaller of
# the shares "<= 0" (all) and "> 0" (none). A model against itself, against a recalibrated copy with the same order, or two
# models that both part 12 patients from 12 controls without an error: all "significant". By hand the p is 1.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 scipy==1.17.1 scikit-learn==1.9.1 MLstatkit==0.1.91 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import sys
from importlib.metadata import version
import numpy as np
from MLstatkit import Delong_test
print("MLstatkit", version("MLstatkit"))
rng = np.random.default_rng(0)
y = np.repeat([0, 1], 12)
model = y + rng.normal(size=24)
pairs = {
    "a model and itself": (model, model),
    "a model and its scores recalibrated": (model, 1 / (1 + np.exp(-3 * model))),
    "two models without an error": (y + 0.1 * rng.normal(size=24), y + 0.1 * rng.normal(size=24)),
}
seen = []
for name, (a, b) in pairs.items():
    z, p, ci_a, _, auc_a, auc_b, told = Delong_test(y, a, b, random_state=0, n_boot=500)
    print(f"{name}: AUC {auc_a:.3f} and {auc_b:.3f}, z {z}, p {p}, by {told['method']}, messages {told['messages']}")
    seen.append(z == 0 and p == 0 and abs(auc_a - auc_b) < 1e-12)
z, p = Delong_test(y, model, model + 1e-3 * rng.normal(size=24) + 0.2 * rng.normal(size=24), return_ci=False, return_auc=False)
print(f"a model and a slightly noisy copy: p {p:.2f}")
sys.exit(0 if all(seen) and p > 0.05 else 1)
P
echo "as seen: no difference at all is p = 0"
