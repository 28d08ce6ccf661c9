"""What a FAN's mean score is on real faces, and beside them: is landmarks.detect_again_below between the two?

    python scripts/face_scores.py DIR [--weights bundled] [--every 7]

DIR holds clips. Where the faces are is told by the mesh (neuroface fetch mesh); a piece of background is a square of
the face's size, at least that far from it, in every second of these frames. Seeded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from neuroface.cohorts.videos import VideosCohort
from neuroface.landmarks import crops
from neuroface.landmarks.detector import FanDetector
from neuroface.landmarks.mesh import MeshDetector

TRIES = 50  # places that are drawn for a piece of background before a frame is left out


def beside(middle: np.ndarray, side: float, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray | None:
    """(2,) px, the middle of a piece of background; None where the picture has no room for one."""
    low, high = np.full(2, side / 4), np.array(size) - side / 4
    for at in rng.uniform(low, high, (TRIES, 2)):
        if np.abs(at - middle).max() > side:
            return at
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--weights", default="bundled")
    parser.add_argument("--every", type=int, default=7)
    asked = parser.parse_args()
    fan, mesh, rng = FanDetector(weights=asked.weights), MeshDetector(), np.random.default_rng(0)
    read, clips, background = fan.reader(), [], []
    for recording in VideosCohort(root=asked.root).recordings():
        points, own = mesh(recording)[0].points, []
        assert recording.video is not None
        for frame in recording.video.frames(0, None, asked.every):
            here = points[frame.index]
            if not np.isfinite(here).all():
                continue
            crop = crops.from_points(here, read.size)
            own.append(read([frame.color], [crop])[1].mean())
            middle = (here.min(axis=0) + here.max(axis=0)) / 2
            at = beside(middle, crop.side, recording.video.size, rng) if frame.index % (2 * asked.every) == 0 else None
            if at is not None:
                background.append(read([frame.color], [crops.from_points(here + at - middle, read.size)])[1].mean())
        clips.append(np.array(own))
    frames, means = np.concatenate(clips), [clip.mean() for clip in clips]
    print(f"{len(frames)} faces: means of clips {min(means):.2f} to {max(means):.2f}, lowest frame {frames.min():.2f}")
    print(f"{len(background)} pieces of background: below {np.percentile(background, 95):.2f} in 95 of 100")
    below = fan.detect_again_below
    above = np.mean(np.array(background) >= below)
    print(f"faces below {below:g}: {np.mean(frames < below):.3f}, background above: {above:.3f}")


if __name__ == "__main__":
    main()
