#!/bin/bash
# skops.io.dumps of one fitted scikit-learn model, twice: the bytes differ. The file holds the addresses of objects in
# memory and the time of day of each member of its zip, so a checksum of the file says nothing about the model: two
# runs with one seed cannot be compared by their model files, and a content-addressed store keeps both.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q skops==0.16.0 scikit-learn==1.9.1 numpy==2.3.5 2>&1 | grep -v WARNING || true
cat > seen.py <<'E2'
import copy
import hashlib
import io
import json
import sys
import time
import zipfile
from importlib.metadata import version
import numpy as np
import skops.io
from sklearn.linear_model import LogisticRegression

print("skops", version("skops"), "scikit-learn", version("scikit-learn"))
X = np.arange(20.0).reshape(10, 2)
model = LogisticRegression().fit(X, np.arange(10) > 4)
files = []
for one in (model, copy.deepcopy(model)):
    files.append(skops.io.dumps(one))
    time.sleep(2.1)  # a zip keeps time in steps of two seconds
print("sha256", [hashlib.sha256(file).hexdigest()[:12] for file in files])
schemas = [zipfile.ZipFile(io.BytesIO(file)).read("schema.json") for file in files]
times = [zipfile.ZipFile(io.BytesIO(file)).infolist()[0].date_time for file in files]


def ids(node):
    own = [node["__id__"]] if isinstance(node, dict) and "__id__" in node else []
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return own + [i for value in inner for i in ids(value)]


addresses = [ids(json.loads(schema)) for schema in schemas]
print("objects with an address:", [len(a) for a in addresses], " member times:", times)
sys.exit(0 if addresses[0] and addresses[0] != addresses[1] and times[0] != times[1] else 1)
E2
venv/bin/python seen.py
echo "as seen: equal models, other bytes"
