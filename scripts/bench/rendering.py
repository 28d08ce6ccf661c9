"""Rendered colour + depth frames per second on one core, and that memory does not grow with the length of a video.

python scripts/bench/rendering.py [--frames 150]
Memory is the peak of the process: how much it grows from the 50th frame of a video of ten minutes on, while frames from
all over it are drawn.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2

from neuroface.cohorts.synthetic import SyntheticCohort

AT_LEAST, MOST_GROWTH_MB = 30, 5.0


def video(task: str, **keys):
    """The video of one healthy person at one task."""
    cohort = SyntheticCohort(people={"HC": 1}, tasks=[task], modality="rgbd", **keys)
    return next(iter(cohort.recordings())).video


def frames_per_second(frames: int, **keys) -> float:
    """Steady rate, without the start that paints the person."""
    stream = video("OPEN", **keys).frames(0, frames + 1)
    next(stream)
    start = time.perf_counter()
    for _ in stream:
        pass
    return frames / (time.perf_counter() - start)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_growth_mb(frames: int) -> float:
    """How much the peak grows while `frames` more frames are rendered from all over ten minutes of video."""
    long = video("REST", repetitions={"REST": 30})
    for _ in long.frames(0, 50):
        pass
    before = peak_mb()
    for _ in long.frames(0, None, max(1, len(long) // frames)):
        pass
    return peak_mb() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=150)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    slowest = float("inf")
    for keys in ({"sensor": "d400"}, {"sensor": "sr300"}, {"sensor": "d400", "aligned": True}, {"look": "wild"}):
        rate = frames_per_second(asked.frames, **keys)
        slowest = min(slowest, rate)
        print(f"{', '.join(f'{k}={v}' for k, v in keys.items()):24s} {rate:5.1f} frames/s of 640x480 colour + depth")
    growth = memory_growth_mb(4 * asked.frames)
    print(
        f"peak memory {peak_mb():.0f} MB; grows by {growth:.1f} MB over {4 * asked.frames} frames of a 10 minute video"
    )
    fine = slowest >= AT_LEAST and growth < MOST_GROWTH_MB
    print(f"at least {AT_LEAST} frames/s and constant memory: {'yes' if fine else 'NO'}")
    raise SystemExit(0 if fine else 1)


if __name__ == "__main__":
    main()
