"""Draws the pictures of the site from synthetic people: docs/images/*.png.

python scripts/site/pictures.py [NAME ...]     all of them, or those named, such as features_rom
Nobody on them exists. `report` and `saliency` train something small first and take a minute or two.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import feature_figures
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import neuroface as nf
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.types import Landmarks, Recording

OUT = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST_BYTES = 200_000


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(PICTURES))
    if unknown:
        print(f"there is no picture {unknown[0]}; there are {', '.join(PICTURES)}", file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    for name in names or PICTURES:
        file = OUT / f"{name}.png"
        save(PICTURES[name](), file)
        size = file.stat().st_size
        print(f"{file.name}: {size / 1000:.0f} kB")
        if size > LARGEST_BYTES:
            print(f"{file.name} is larger than {LARGEST_BYTES / 1000:.0f} kB", file=sys.stderr)
            return 1
    return 0


def save(picture: Figure | np.ndarray, file: Path) -> None:
    """A figure, or an image (H, W, 3) RGB. Few colours are kept, because such files are small."""
    if isinstance(picture, Figure):
        canvas = FigureCanvasAgg(picture)
        canvas.draw()
        picture = np.asarray(canvas.buffer_rgba())[..., :3]
    shades = np.where(picture >= 248, 255, picture // 8 * 8).astype(np.uint8)  # white stays white
    cv2.imwrite(str(file), cv2.cvtColor(shades, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def landmarks() -> np.ndarray:
    """Three faces with the points that the bundled network finds on them."""
    from neuroface.recording.overlay import draw_points

    tiles = []
    for group in ("HC", "ALS", "PS"):
        recording = filmed(group)
        found = found_points(recording)
        at = len(found) // 2
        frame = next(recording.video.frames(at, at + 1))
        image = np.ascontiguousarray(frame.color)
        points = found.points[at]
        draw_points(image, points)
        x, y = np.nanmedian(points, axis=0).astype(int)
        half = int(0.75 * np.ptp(points[:, 1]))
        tiles.append(cv2.resize(image[max(y - half, 0) : y + half, max(x - half, 0) : x + half], (260, 260)))
    return np.hstack(tiles)


def filmed(group: str) -> Recording:
    clinic = SyntheticCohort(
        people={group: 1}, tasks=["OPEN"], repetitions={"OPEN": 1}, fps=5, modality="rgbd", aligned=True
    )
    return next(iter(clinic.recordings()))


def found_points(recording: Recording) -> Landmarks:
    """Points of the network that comes with neuroface, in px of the video."""
    from neuroface.landmarks.detector import FanDetector
    from neuroface.recording.face_detectors import HaarDetector

    found, _ = FanDetector(detector=HaarDetector(), weights="bundled")(recording)
    return found


def report() -> np.ndarray:
    """Figures of a report side by side."""
    with tempfile.TemporaryDirectory() as folder:
        run = nf.train(classifier="ridge", run=f"{folder}/run", **{"protocol.permutations": 199, "execution.n_jobs": 1})
        return side_by_side([run.figures[name] for name in ("roc", "null")], height=420)


def side_by_side(files: list[Path], *, height: int) -> np.ndarray:
    images = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]
    return np.hstack(
        [
            cv2.resize(image, (round(image.shape[1] * height / len(image)), height), interpolation=cv2.INTER_AREA)
            for image in images
        ]
    )


def saliency() -> np.ndarray:
    """What a small network for palsy looked at, in somebody it had not seen."""
    from neuroface.verbs import explain

    people = {"HB1": 6, "HB3": 6, "HB6": 6}
    with tempfile.TemporaryDirectory() as folder:
        run = nf.train(
            experiment="palsy_grading", size="ci", protocol="palsy_three", run=f"{folder}/run",
            **{"cohort.people": people, "cohort.tasks": ["SMILE"], "cohort.repetitions": {"SMILE": 1},
               "split.n_splits": 2, "protocol.permutations": 0, "execution.n_jobs": 1},
        )  # fmt: skip
        explain.run([f"run={run.path}", "panels=3", "tiles=8"])
        panel = sorted((run.path / "explain" / "panels").glob("HB6*.png"))[0]
        return side_by_side([panel], height=460)


PICTURES: dict[str, Callable[[], Figure | np.ndarray]] = {
    **{f"features_{name}": figure for name, figure in feature_figures.FIGURES.items()},
    "landmarks": landmarks,
    "report": report,
    "saliency": saliency,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
