#!/bin/bash
# sleap-io reads DeepLabCut's CSV of hand-labelled images, whose rows are named by pictures. The CSV that DeepLabCut
# writes for a video (rows are frame numbers; the header is the same) is taken for one, too, and comes back as Labels
# with the skeleton and not one labelled frame: no error, no warning, and saving it on writes an empty file.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv
venv/bin/pip install -q sleap-io==0.9.0 pandas==2.3.3 2>&1 | grep -v WARNING || true
venv/bin/python -W error::UserWarning - <<'P'
import sys
from importlib.metadata import version
from pathlib import Path
import imageio.v3 as imageio
import numpy as np
import pandas as pd
import sleap_io
print("sleap-io", version("sleap-io"))
names = [["DLC_resnet50"], ["nose", "chin"], ["x", "y", "likelihood"]]
columns = pd.MultiIndex.from_product(names, names=["scorer", "bodyparts", "coords"])
values = np.arange(24.0).reshape(4, 6)
values[:, [2, 5]] = 0.99
pd.DataFrame(values, columns=columns).to_csv("videoDLC_resnet50.csv")
pictures = [f"labeled-data/video/img{k:03d}.png" for k in range(4)]
Path("labeled-data/video").mkdir(parents=True)
for picture in pictures:
    imageio.imwrite(picture, np.zeros((64, 64, 3), np.uint8))
pd.DataFrame(np.delete(values, [2, 5], axis=1), index=pictures,
             columns=columns[[0, 1, 3, 4]]).to_csv("CollectedData_me.csv")
tracks, labelled = (sleap_io.load_file(name) for name in ("videoDLC_resnet50.csv", "CollectedData_me.csv"))
print("tracks of a video, 4 rows:    ", tracks)
print("labelled pictures, 4 rows:    ", labelled)
known = sorted(node.name for node in tracks.skeleton.nodes)
sys.exit(0 if (len(tracks), known, len(labelled)) == (0, ["chin", "nose"], 4) else 1)
P
echo "as seen: a skeleton of two points and no frame, where the file has four"
