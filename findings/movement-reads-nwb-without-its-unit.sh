#!/bin/bash
# A series in NWB has a "conversion" (and an "offset") that make its numbers its unit, so that whole numbers of a tracker can
# stand in a file as metres. movement's from_nwb_file reads the numbers as they are and forgets the unit: 20 mm of a chin are
# 20, or, in a file of the same movement in metres, 0.02, and nothing in the data set tells them apart. Points come in
# alphabetical order, not in the skeleton's.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 movement==0.15.0 ndx-pose==0.4.0 pynwb==4.2.0 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import sys
from datetime import datetime, timezone
from importlib.metadata import version
import numpy as np
from movement.io import load_poses
from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
from pynwb import NWBHDF5IO, NWBFile
print("movement", version("movement"), "ndx-pose", version("ndx-pose"), "pynwb", version("pynwb"))
METRES = np.array([[0.0, 0.100], [0.0, 0.105], [0.0, 0.120]])  # x and y of the chin: it goes down by 20 mm
NAMES = ["lip", "chin"]  # of the skeleton, in its order
def written(name, conversion, offset=0.0):
    """A file whose numbers, by NWB's rule data * conversion + offset, are METRES, whatever the numbers are."""
    face = Skeleton(name="face", nodes=NAMES)
    def series(point):
        return PoseEstimationSeries(
            name=point, description="a point of the face", data=(METRES - offset) / conversion, unit="meters",
            conversion=conversion, offset=offset, reference_frame="the camera", timestamps=np.arange(3) / 30.0,
            confidence=np.ones(3),
        )
    file = NWBFile("a face", name, datetime(2026, 1, 1, tzinfo=timezone.utc))
    behaviour = file.create_processing_module("behavior", "poses")
    behaviour.add(Skeletons(skeletons=[face]))
    poses = [series(point) for point in NAMES]
    behaviour.add(PoseEstimation(name="PoseEstimation", pose_estimation_series=poses, skeleton=face, source_software="x"))
    with NWBHDF5IO(name, "w") as io:
        io.write(file)
    with NWBHDF5IO(name, "r") as io:  # what pynwb itself makes of it
        chin = io.read().processing["behavior"]["PoseEstimation"]["chin"].get_data_in_units()
    return np.ptp(np.asarray(chin)[:, 1])
moved, kept = {}, []
for conversion, offset in ((1.0, 0.0), (0.001, 0.0), (0.00025, 0.05)):
    metres = written("face.nwb", conversion, offset)
    poses = load_poses.from_nwb_file("face.nwb")
    moved[conversion] = float(np.ptp(poses.position.sel(keypoints="chin", space="y").values))
    kept += [key for key in (*poses.attrs, *poses.position.attrs) if "unit" in key and key != "time_unit"]
    print(f"conversion {conversion}: the chin moves by {metres:.3f} m for pynwb, by {moved[conversion]:.3f} for movement")
print("units in the data set:", kept, "points:", list(poses.keypoints.values), "skeleton:", NAMES)
seen = abs(moved[1.0] - 0.02) < 1e-6 and abs(moved[0.001] - 20) < 1e-3 and abs(moved[0.00025] - 80) < 1e-3
sys.exit(0 if seen and not kept and list(poses.keypoints.values) == sorted(NAMES) else 1)
P
echo "as seen: three files of one movement are 0.02, 20 and 80"
