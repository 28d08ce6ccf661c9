"""Decode and crop a 640x480 clip: VideoFile against bare cv2.VideoCapture.read, and memory against the clip's length.

python scripts/bench/decode.py [--frames 500] [--repeats 5] The crop is a square around the face, resized to 256x256,
as a landmark network takes it. Memory is the peak resident size of a process of its own that reads a clip of 10 s and
one of 10 min (50 frames/s) to the end.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from neuroface.recording.crop import square
from neuroface.recording.video import VideoFile

AT_MOST = 1.3
MEMORY_AT_MOST_MIB = 16
SIZE = (640, 480)
FACE = square(np.array([220.0, 130.0, 190.0, 210.0]))  # a face at 45 cm


def write_clip(path: Path, frames: int) -> Path:
    """A moving pattern with some grain, so that it costs what a face costs to decode."""
    random = np.random.default_rng(0)
    backgrounds = [cv2.GaussianBlur(random.integers(0, 255, (480, 640, 3), np.uint8), (0, 0), 4) for _ in range(4)]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, SIZE)
    for number in range(frames):
        image = backgrounds[number % 4].copy()
        cv2.circle(image, (320 + number % 40, 240), 120, (150, 170, 210), -1)
        writer.write(image)
    writer.release()
    return path


def bare(path: Path) -> int:
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    return count


def decoded(path: Path) -> int:
    return sum(1 for _ in VideoFile(path).frames())


def cropped(path: Path) -> int:
    count = 0
    for frame in VideoFile(path).frames():
        FACE.cut(frame.color)
        count += 1
    return count


def best_s(run: Callable[[Path], int], path: Path, frames: int, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        if run(path) != frames:
            raise SystemExit(f"{run.__name__} did not read {frames} frames")
        times.append(time.perf_counter() - start)
    return min(times)


def peak_mib(path: Path) -> float:
    """Peak memory of a process that reads the clip."""
    done = subprocess.run([sys.executable, __file__, "--read", str(path)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        cropped(asked.read)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder) / "clip.avi", asked.frames)
        plain, alone, ours = (best_s(run, clip, asked.frames, asked.repeats) for run in (bare, decoded, cropped))
        print(
            f"{asked.frames} frames: bare read {1e3 * plain / asked.frames:.2f} ms a frame, decode alone "
            f"{alone / plain:.2f} times that, decode and crop {ours / plain:.2f} times (at most {AT_MOST})"
        )
        short, long = (peak_mib(write_clip(Path(folder) / "long.avi", 50 * seconds)) for seconds in (10, 600))
        print(f"peak memory: 10 s {short:.0f} MiB, 10 min {long:.0f} MiB (at most {MEMORY_AT_MOST_MIB} MiB more)")
    good = ours / plain <= AT_MOST and long - short <= MEMORY_AT_MOST_MIB
    print("yes" if good else "NO")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
