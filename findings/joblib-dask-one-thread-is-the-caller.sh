#!/bin/bash
# joblib's "dask" backend on a cluster that has one worker with one thread (a queue that has given the first of many jobs,
# or a container with one core): nothing is sent to the worker. All calls run one after the other in the process that
# asks, with its memory and its files. With two workers none does.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q joblib==1.6.0 dask==2026.8.0 distributed==2026.8.0 2>&1 | grep -v WARNING || true
cat > seen.py <<'E2'
import os
import sys
from importlib.metadata import version
import distributed
import joblib

SETTINGS = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "dashboard_address": None}


def whose(_):
    return os.getpid()


def in_the_caller(workers):
    with (
        distributed.LocalCluster(n_workers=workers, **SETTINGS) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        client.wait_for_workers(workers)
        places = joblib.Parallel()(joblib.delayed(whose)(i) for i in range(8))
    return sum(place == os.getpid() for place in places)


if __name__ == "__main__":
    print("joblib", version("joblib"), "distributed", version("distributed"))
    one, two = in_the_caller(1), in_the_caller(2)
    print(f"of 8 calls, in the calling process: {one} with one worker, {two} with two")
    sys.exit(0 if (one, two) == (8, 0) else 1)
E2
venv/bin/python seen.py
echo "as seen: a cluster of one thread is not used"
