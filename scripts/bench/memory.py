"""Peak memory of the stages of a run, for so many recordings and ten times as many, and of landmarks of a clip of ten
seconds and of ten minutes; of recordings of ten minutes prepared and their landmarks written. python
scripts/bench/memory.py

Each stage of each size is a process of its own, so that nothing is left of another one; what it had before the stage
began, libraries read, is told beside it.
"""

from __future__ import annotations

import subprocess
import sys

PEOPLE = (4, 40)  # of each of two groups, with one recording each
BEGIN = """
import resource, sys
from neuroface.configuration.compose import compose
from neuroface.evaluate import engine
from neuroface.studies.building import build_estimator, build_protocol, build_samples, build_splitter
import sklearn.linear_model, pandas
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
n = int(sys.argv[1])
config, _ = compose("train", [f"cohort.people={{HC: {n}, ALS: {n}}}", "classifier=logistic", *sys.argv[2:]])
protocol = build_protocol(config)
"""
READ = "before = peak(); samples, _ = build_samples(config, protocol); after = peak()\n"
FOLDS = """
from pathlib import Path
import tempfile
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder
samples, _ = build_samples(config, protocol)
planned = plan(samples, build_estimator(config), build_splitter(config), protocol=protocol.settled(samples.y))
before = peak()
with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run").open({}) as run:
    engine.run(planned, run, n_jobs=1)
after = peak()
"""
CLIP_S = (10, 600)  # at 25 frames/s
# All that `neuroface landmarks` does to a clip, but for the network, whose memory knows no length: in its place points
# are drawn at random.
LANDMARKS = """
import resource, sys, tempfile
from pathlib import Path
import cv2
import numpy as np
from neuroface.cohorts import native
from neuroface.configuration.compose import compose
from neuroface.landmarks.detector import FanDetector
from neuroface.studies.building import build_cohort
from neuroface.studies.locate import finder_of
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
class Reader:
    size = 256
    def __call__(self, images, crops):
        line = np.stack([np.linspace(60, 180, 68), np.linspace(60, 200, 68)], axis=1)
        points = line + np.random.default_rng(0).normal(0, 0.3, (len(images), 68, 2))
        return points, np.ones((len(images), 68), np.float32)
FanDetector._network_for = lambda self, subject: (Reader(), frozenset(), True)
with tempfile.TemporaryDirectory() as folder:
    root = Path(folder, "in")
    root.mkdir()
    clip = cv2.VideoWriter(str(root / "P1.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    frame = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8), (0, 0), 5)
    for _ in range(25 * int(sys.argv[1])):
        clip.write(frame)
    clip.release()
    boxes = Path(folder, "boxes.csv")
    boxes.write_text("recording,frame,x,y,width,height\\nP1/video,0,40,40,180,180\\n")
    words = ["cohort=videos", f"cohort.root={root}", "landmarks=fan", "landmarks.weights=bundled", "out=x"]
    words += ["faces/detector@landmarks.detector=boxes", f"landmarks.detector.path={boxes}"]
    config, _ = compose("landmarks", words)
    cohort, finder = build_cohort(config)[0], finder_of(config)
    before = peak()
    for recording in cohort.recordings():
        native.write_below(None, finder(recording)[0], Path(folder))
    after = peak()
"""
MANY = (8, 80)  # recordings of ten minutes
# All that `neuroface prepare`, and `neuroface landmarks` of landmarks that came along, do to a cohort of long
# recordings: who is there, what is whole, the files of each; from a cohort that makes up 16 MB for each of them.
FOLDERS = """
import resource, sys, tempfile
import numpy as np
from neuroface.cohorts import native
from neuroface.studies import building
from neuroface.types import Landmarks, Recording
from neuroface.verbs import landmarks, prepare
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
class Cohort:
    n = 1
    def recordings(self, *, groups=None, tasks=None):
        times = np.arange(15000) / 25
        for number in range(self.n):
            points = np.random.default_rng(number).normal(300, 50, (15000, 68, 2))
            yield Recording(f"P{number}", "HC", "OPEN", Landmarks(points, times, "pixel"))
cohort = Cohort()
building.build_cohort = lambda config: (cohort, {})
verb = {"prepare": prepare, "landmarks": landmarks}[sys.argv[2]]
words = ["quality=null", "execution.n_jobs=1"] + ["landmarks=none"] * (verb is landmarks)
with tempfile.TemporaryDirectory() as folder:
    verb.run([*words, f"out={folder}/a"])
    before = peak()
    cohort.n = int(sys.argv[1])
    verb.run([*words, f"out={folder}/b"])
    after = peak()
"""
STAGES = {
    "recordings to features": (READ, []),
    "recordings to series": (READ, ["classifier=lstm"]),
    "folds and a null": (FOLDS, ["split=group_kfold", "split.n_splits=4", "protocol.permutations=3"]),
}


def measured(code: str, *words: str) -> tuple[float, float]:
    """MB before and at most, of a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(before, after)", *words], capture_output=True, text=True
    )
    if told.returncode:
        raise SystemExit(told.stderr)
    before, after = map(float, told.stdout.split()[-2:])
    return before, after


def main() -> None:
    print(f"{'stage':<24} {'recordings':>10}  before  most")
    for stage, (code, words) in STAGES.items():
        for n in PEOPLE:
            before, after = measured(BEGIN + code, str(n), *words)
            print(f"{stage:<24} {2 * n:>10} {before:>5.0f} MB {after:>5.0f} MB", flush=True)
    for verb in ("prepare", "landmarks"):
        for n in MANY:
            before, after = measured(FOLDERS, str(n), verb)
            print(f"{verb + ', 10 min each':<24} {n:>10} {before:>5.0f} MB {after:>5.0f} MB", flush=True)
    for clip_s in CLIP_S:
        before, after = measured(LANDMARKS, str(clip_s))
        print(f"{'landmarks of a clip':<24} {clip_s:>8} s {before:>5.0f} MB {after:>5.0f} MB", flush=True)


if __name__ == "__main__":
    main()
