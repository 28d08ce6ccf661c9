#!/bin/bash
# In SLEAP's files a frame that a person corrected has no score. sleap-io says 1 for it, movement NaN, and movement's
# filter_by_confidence keeps what is "not below" the threshold by asking "at least", which NaN never is: the frames that
# somebody looked at are thrown away and the tracker's guesses stay. Poses of any source without confidence lose every
# point, at a threshold of 0 too. No warning, and the two libraries that read the same file disagree.
set -euo pipefail
place=$(mktemp -d); trap 'rm -rf "$place"' EXIT; cd "$place"
python3 -m venv venv && venv/bin/pip install -q numpy==2.3.5 movement==0.15.0 sleap-io==0.9.5 2>&1 | grep -v WARNING || true
venv/bin/python - <<'P'
import sys, warnings
from importlib.metadata import version
import numpy as np
import sleap_io as sio
from movement.filtering import filter_by_confidence
from movement.io import load_poses
print("movement", version("movement"), "sleap-io", version("sleap-io"))
face = sio.Skeleton(["lip", "chin"])
video, track = sio.Video(filename="clip.mp4"), sio.Track("face")
frames = []
for t in range(8):  # px; the tracker found the chin in all frames, a person put it right in 3, 4 and 5
    xy = np.array([[100.0, 200], [100, 230 + t]])
    if t in (3, 4, 5):
        one = sio.Instance.from_numpy(xy, skeleton=face)
    else:
        one = sio.PredictedInstance.from_numpy(xy, point_scores=np.array([0.9, 0.9]), score=0.9, skeleton=face)
    one.track = track
    frames.append(sio.LabeledFrame(video=video, frame_idx=t, instances=[one]))
sio.save_slp(sio.Labels(frames), "face.slp")
theirs = sio.load_slp("face.slp").numpy(return_confidence=True)[:, 0, 1, 2]
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    poses = load_poses.from_sleap_file("face.slp", fps=30)
    kept = {}
    for threshold in (0.6, 0.0):
        chin = filter_by_confidence(poses.position, poses.confidence, threshold=threshold).sel(keypoints="chin", space="y")
        kept[threshold] = np.isfinite(chin.values.ravel())
    points = load_poses.from_numpy(np.random.default_rng(0).normal(size=(8, 2, 2, 1)), fps=30)
    none = np.isfinite(filter_by_confidence(points.position, points.confidence, threshold=0).values).sum()
told = [str(w.message) for w in told if "confidence" in str(w.message).lower()]
print("confidence of the chin, sleap-io:", theirs.round(2))
print("confidence of the chin, movement:", poses.confidence.sel(keypoints="chin").values.ravel().round(2))
for threshold, frames in kept.items():
    print(f"frames kept at {threshold}:", np.flatnonzero(frames))
print("points without confidence, kept at 0:", none, "of 32; warnings", told)
lost = all(np.array_equal(np.flatnonzero(~frames), [3, 4, 5]) for frames in kept.values())
sys.exit(0 if lost and (theirs[3:6] == 1).all() and none == 0 and not told else 1)
P
echo "as seen: the corrected frames are dropped, the guesses kept"
