#!/bin/bash
# Importing skops.io, which reads and writes models without pickle, asks scikit-learn for all its estimators, and that
# imports every module under sklearn, the adapters of array libraries and the tests' helpers among them. Whatever of
# these is installed is loaded with it: pytest and dask here; torch, too, where it is installed.
# scikit-learn by itself loads none of them.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv
venv/bin/pip install -q skops==0.16.0 scikit-learn==1.9.1 numpy==2.3.5 'dask[array]==2026.8.0' pytest==9.0.0 2>&1 | grep -v WARNING || true
cat > seen.py <<'E2'
import sys
from importlib.metadata import version
import sklearn.linear_model

FOREIGN = ("dask", "pytest")
print("skops", version("skops"), "scikit-learn", version("scikit-learn"))
before = [name for name in FOREIGN if name in sys.modules]
import skops.io

after = [name for name in FOREIGN if name in sys.modules]
print("loaded by scikit-learn:", before, " after import skops.io:", after)
sys.exit(0 if (before, after) == ([], list(FOREIGN)) else 1)
E2
venv/bin/python seen.py
echo "as seen: skops.io loads what it does not need"
