#!/bin/bash
# A LocalCluster of Dask sets environment variables for its workers in the process that asks for it, and does not take
# them back when it is closed. Whatever that process starts afterwards (another pool, a decoder, a subprocess) has one
# thread for numerical libraries, a fixed seed of hashes, and a malloc that gives memory back at each chance: small
# pictures, made again and again, then cost many times the page faults.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
unset OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS MALLOC_TRIM_THRESHOLD_ PYTHONHASHSEED
python3 -m venv venv && venv/bin/pip install -q dask==2026.8.0 distributed==2026.8.0 numpy==2.3.5 2>&1 | grep -v WARNING || true
cat > seen.py <<'E2'
import os
import subprocess
import sys
from importlib.metadata import version

import distributed

LEFT = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_", "PYTHONHASHSEED"}
CHILD = """
import resource
import numpy as np
faces = [np.ones((64, 64, 3), np.float32) for _ in range(40)]
del faces
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for i in range(200):
    faces = [np.ones((64, 64, 3), np.float32) * i for _ in range(5)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults():
    return int(subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    print("distributed", version("distributed"))
    before, first = dict(os.environ), faults()
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as cluster:
        distributed.Client(cluster).close()
    new = {name: value for name, value in os.environ.items() if before.get(name) != value}
    print("left behind by a closed cluster:", *(f"{name}={new[name]}" for name in sorted(LEFT & set(new))))
    print(f"page faults of a process that makes 200 x 5 small pictures: {first} started before, {faults()} after (how many"
          " is up to the C library)")
    sys.exit(0 if set(new) >= LEFT else 1)
E2
venv/bin/python seen.py
echo "as seen: the environment of the cluster stays when the cluster has gone"
