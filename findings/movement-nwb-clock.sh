#!/bin/bash
# movement reads the poses of an NWB file (ndx-pose) by number of frames over one rate: timestamps in the file become
# their median rate, counted from 0. A recording that begins at 12 s and pauses for 1.4 s (the person rests, frames are
# lost) comes back as an even clock from 0 s, and a point that took 1.42 s for 10 px has moved at 250 px/s instead of 7.
# No error, no warning; events and other series of the same file no longer lie where they were.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv
venv/bin/pip install -q movement==0.15.0 pynwb==4.2.0 ndx-pose==0.4.0 2>&1 | grep -v WARNING || true
venv/bin/python -W ignore - <<'P'
import datetime, sys
from importlib.metadata import version
import numpy as np
from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.file import Subject
print("movement", version("movement"), "ndx-pose", version("ndx-pose"), "pynwb", version("pynwb"))
times = np.array([12.0, 12.04, 12.08, 13.5, 13.54, 13.58])
file = NWBFile("smile", "a", datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc))
file.subject = Subject(subject_id="P1", species="Homo sapiens")
skeleton = Skeleton(name="face", nodes=["chin"], subject=file.subject)
chin = PoseEstimationSeries(name="chin", data=np.stack([10.0 * np.arange(6), np.zeros(6)], 1), unit="pixels",
                            reference_frame="top left", timestamps=times, confidence=np.ones(6))
poses = PoseEstimation(name="PoseEstimation", pose_estimation_series=[chin], skeleton=skeleton, source_software="x")
module = file.create_processing_module("behavior", "poses")
module.add(Skeletons(skeletons=[skeleton])); module.add(poses)
with NWBHDF5IO("a.nwb", "w") as out:
    out.write(file)
with NWBHDF5IO("a.nwb", "r") as back:
    kept = back.read().processing["behavior"]["PoseEstimation"]["chin"].timestamps[:]
from movement.io import load_poses
from movement.kinematics import compute_speed
read = load_poses.from_nwb_file("a.nwb")
speed = compute_speed(read.position).values.ravel()
print("in the file:", kept)
print("movement:   ", read.time.values, "fps", read.attrs["fps"])
print("speed over the pause:", speed[3], "px/s; by the file's times", round(10 / 1.42, 1))
seen = np.allclose(kept, times) and np.allclose(read.time, np.arange(6) / 25) and np.allclose(speed, 250)
sys.exit(0 if seen else 1)
P
echo "as seen: times 0 .. 0.2 s at 25 frames/s for a recording from 12 to 13.58 s"
