#!/bin/bash
# antropy's sample_entropy and spectral_entropy of a series with one NaN, one lost frame in ten seconds, are 0: the value of
# perfect regularity, for noise as for a metronome. The tolerance is .2 of a standard deviation that is NaN, so nothing
# matches anything, and the spectrum of NaN is treated as if it held no power. A stiff face that is tracked badly and a
# healthy one look alike, and stiffer than any. No warning; neighbours in the same module (higuchi_fd, hjorth_params)
# answer NaN, and neurokit2 refuses.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 scipy==1.17.1 antropy==0.2.3 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import antropy
import numpy as np
print("antropy", version("antropy"))
rng = np.random.default_rng(0)
mm = {"noise": rng.normal(size=300), "a walk": np.cumsum(rng.normal(size=300)), "10 s of 1.5 Hz": np.sin(np.arange(300) * 0.314)}
seen = []
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for name, whole in mm.items():
        lost = whole.copy()
        lost[137] = np.nan
        sample = [float(antropy.sample_entropy(x)) for x in (whole, lost)]
        spectral = [float(antropy.spectral_entropy(x, sf=30, normalize=True)) for x in (whole, lost)]
        print(f"{name}: sample entropy {sample[0]:.2f}, with a lost frame {abs(sample[1]):.2f}; spectral {spectral[0]:.2f}, then {abs(spectral[1]):.2f}")
        seen += [sample[1] == 0, spectral[1] == 0, sample[0] > 0.05]
    others = [float(antropy.higuchi_fd(lost)), *map(float, antropy.hjorth_params(lost))]
told = [str(w.message) for w in told if "antropy" in str(w.filename)]
print("higuchi_fd and hjorth_params of the same:", others, "warnings:", told)
sys.exit(0 if all(seen) and np.isnan(others).all() and not told else 1)
P
echo "as seen: one lost frame is an entropy of 0"
