"""What one core does in an hour, and how that grows with people, frames and permutations.

    python scripts/bench/per_hour.py [--only landmarks,lstm]

Processor time of one process of one thread, after a small job of the kind: each job of one size and of twice the size,
in a process of its own. Recordings whose landmarks are found are on the disk before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import NamedTuple

RUN = """
import contextlib, io, json, sys, tempfile, time
from pathlib import Path
from neuroface.configuration.compose import compose
from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder
from neuroface.studies.building import build_estimator, build_protocol, build_samples, build_splitter
from neuroface.verbs import landmarks, prepare
job, people, seconds, permutations, *words = json.loads(sys.argv[1])
clock = time.process_time


def of_run(people, permutations):
    group = f"cohort.people={{HC: {people}, ALS: {people}}}"
    config, _ = compose("train", [group, f"protocol.permutations={permutations}", *words])
    protocol = build_protocol(config)
    started = clock()
    samples, _ = build_samples(config, protocol)
    read = clock() - started
    protocol = protocol.settled(samples.y)
    keys = {"protocol": protocol, "people": None}
    planned = plan(samples, build_estimator(config), build_splitter(config), **keys)
    with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run").open({}) as run:
        started = clock()
        engine.run(planned, run, n_jobs=1)
        return read, clock() - started


def of_landmarks(seconds):
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(io.StringIO()):
        size = ["cohort.tasks=[OPEN]", f"cohort.repetitions={{OPEN: {seconds}}}", "cohort.fps=10", "execution.n_jobs=1"]
        group = f"cohort.people={{HC: {people}, ALS: {people}}}"
        prepare.run([group, *size, "cohort.modality=rgbd", f"out={place}/cohort"])
        asked = ["cohort=folder", f"cohort.root={place}/cohort", "landmarks=fan", "landmarks.weights=bundled"]
        started = clock()
        landmarks.run([*asked, "lift=depth", "execution.n_jobs=1", f"out={place}/found"])
        frames = sum(1 for _ in Path(place, "cohort").rglob("color/*"))
        return clock() - started, frames
"""


class Job(NamedTuple):
    """Of one size. unit: what is counted. grown: what is doubled; all else stays. seconds: repetitions of a film."""

    unit: str
    grown: str
    people: int = 10
    seconds: int = 1
    permutations: int = 0
    words: tuple[str, ...] = ()


def of(name: str, **keys: int) -> tuple[str, ...]:
    return (f"classifier={name}", *(f"classifier.{key}={value}" for key, value in keys.items()))


JOBS = {
    "recordings read": Job("recordings", "people", words=of("logistic")),
    "landmarks": Job("frames", "seconds", people=1),
    "forest": Job("folds", "people", words=of("forest")),
    "svm": Job("folds", "people", words=of("svm")),
    "lstm": Job("folds", "people", words=of("lstm")),
    "forest nulls": Job("nulls", "permutations", permutations=100, words=of("forest")),
    "svm nulls": Job("nulls", "permutations", permutations=25, words=of("svm")),
}
TAILS = {
    "frames": "of_landmarks(1); used, done = of_landmarks(seconds)",
    "recordings": "of_run(2, 0); used, done = of_run(people, 0)[0], 2 * people",
    "folds": "of_run(2, 0); used, done = of_run(people, 0)[1], 2 * people",
    "nulls": "of_run(2, 1); used, done = of_run(people, permutations)[1] - of_run(people, 0)[1], permutations",
}


def measured(job: Job) -> tuple[float, int]:
    """(seconds of processor time, how many units) of a job in a process of its own."""
    script = f"{RUN}\n{TAILS[job.unit]}\nprint(json.dumps([used, done]))\n"
    words = json.dumps([job.unit, job.people, job.seconds, job.permutations, *job.words])
    answer = subprocess.run([sys.executable, "-c", script, words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    used, done = json.loads(answer.stdout.splitlines()[-1])
    return used, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="names of jobs, with commas between them")
    wanted = [name for name in parser.parse_args().only.split(",") if name] or list(JOBS)
    print(f"{'job':<16} {'size':>16} {'per core and hour':>24}   grows")
    for name in wanted:
        job = JOBS[name]
        size = getattr(job, job.grown)
        used, done = measured(job)
        longer, more = measured(job._replace(**{job.grown: 2 * size}))
        shown = f"{2 * size} people" if job.grown == "people" else f"{done} {job.unit}"
        per_hour, growth = f"{done / used * 3600:,.0f} {job.unit}", f"x{longer / used:.2f} for x{more / done:.2f}"
        print(f"{name:<16} {shown:>16} {per_hour:>24}   {growth}", flush=True)


if __name__ == "__main__":
    main()
