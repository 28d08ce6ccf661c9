#!/bin/bash
# aeon's RocketClassifier z-normalises every series before it looks (Rocket's normalise=True, which the classifier has no
# argument to turn off); its siblings MiniRocketClassifier and MultiRocketClassifier do not. Two groups that open the mouth
# alike but to 10 and to 5 mm, the very sign of hypokinesia, are told apart by these and are chance to Rocket. "Rocket and
# MiniRocket agree that there is nothing" or the reverse is then a matter of scaling.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q aeon==1.6.0 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import inspect
import sys
from importlib.metadata import version
import numpy as np
from aeon.classification.convolution_based import MiniRocketClassifier, MultiRocketClassifier, RocketClassifier
print("aeon", version("aeon"))
def openings(seed, people=40):
    """(2 * people, 1, 90) mm: 3 s at 30 frames/s, 1.5 Hz from any phase, to 10 mm (0) or 5 mm (1); noise 5 % of it."""
    rng = np.random.default_rng(seed)
    mm = np.repeat([10.0, 5.0], people)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (2 * people, 1))
    x = mm * (np.sin(3 * np.pi * np.arange(90) / 30 + phase) + 0.05 * rng.normal(size=(2 * people, 90)))
    return x[:, None], np.repeat([0, 1], people)
(x, y), (new_x, new_y) = openings(1), openings(2)
right = {}
for kind in (RocketClassifier, MiniRocketClassifier, MultiRocketClassifier):
    model = kind(n_kernels=500, random_state=0).fit(x, y)
    right[kind.__name__] = float((model.predict(new_x) == new_y).mean())
    same = np.array_equal(model.predict(new_x), model.predict(new_x * 0.01 + 3))
    print(f"{kind.__name__}: {right[kind.__name__]:.0%} of new people right; a hundredth of the movement changes no answer: {same}")
asked = [name for name in inspect.signature(RocketClassifier).parameters if "norm" in name]
print("arguments of RocketClassifier about it:", asked)
rocket, mini, multi = right.values()
sys.exit(0 if rocket < 0.7 and mini > 0.95 and multi > 0.95 and not asked else 1)
P
echo "as seen: Rocket is blind to amplitude, MiniRocket and MultiRocket are not"
