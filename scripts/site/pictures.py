"""Draws the pictures of the site from synthetic people: docs/images/*.png.

python scripts/site/pictures.py [NAME ...]     all of them, or those named, such as features_rom
Nobody on them exists. `report` and `saliency` train something small first and take a minute or two.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import neuroface as nf
from neuroface import face, geometry, signals
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.features.kinematics import Kinematics, kinematics
from neuroface.report.figures import INK, MUTED, PALETTE
from neuroface.types import Landmarks, Recording

OUT = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST_BYTES = 200_000
BLUE, ORANGE, GREEN = PALETTE[:3]
DPI = 100


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


@cache
def person(group: str, task: str) -> tuple[Landmarks, Kinematics, np.ndarray]:
    """The first repetition of somebody's task in the head frame, in mm: landmarks, signals, times from 0."""
    clinic = SyntheticCohort(people={group: 1}, tasks=[task], repetitions={task: 1}, effect=1.4)
    recording = next(iter(clinic.recordings()))
    whole = recording.truth.landmarks
    rep = recording.truth.repetitions[0]
    one = whole[slice(max(rep.start - 10, 0), rep.stop + 10)]
    one = replace(one, points=geometry.head_frame(one.points), space="head")
    return one, kinematics(one), one.timestamps_s - one.timestamps_s[0]


def panels(landmarks: Landmarks, frame: int) -> tuple[Figure, Axes, Axes]:
    """A figure with a mouth on the left and room for a curve on the right."""
    figure = Figure(figsize=(8.4, 3.0), dpi=DPI, layout="constrained")
    mouth, curve = figure.subplots(1, 2, width_ratios=(1, 1.9))
    points = landmarks.points[frame][:, :2]
    for outline in (face.MOUTH_OUTER, face.MOUTH_INNER):
        mouth.plot(*points[np.append(outline, outline[0])].T, color=MUTED, lw=1)
    mouth.scatter(*points[face.MOUTH_OUTER].T, s=10, color=INK, zorder=3)
    mouth.set_aspect("equal")
    mouth.margins(0.2)
    mouth.invert_yaxis()
    mouth.axis("off")
    curve.spines[["top", "right"]].set_visible(False)
    curve.set_xlabel("time (s)")
    return figure, mouth, curve


def between(axes: Axes, points: np.ndarray, a: int, b: int, text: str, color: str) -> None:
    """A named distance on the mouth."""
    line = points[[a, b], :2]
    axes.plot(*line.T, color=color, lw=2.2, marker="o", ms=4)
    axes.annotate(
        text, 0.75 * line[0] + 0.25 * line[1], xytext=(6, 4), textcoords="offset points", color=color, weight="bold"
    )


def span(axes: Axes, values: np.ndarray, at: float, text: str, color: str) -> None:
    """The range of a curve as an arrow at one time."""
    low, high = np.nanmin(values), np.nanmax(values)
    axes.hlines([low, high], 0, at, color=color, lw=0.7, ls=":")
    axes.annotate(
        "", (at, high), (at, low), arrowprops={"arrowstyle": "<->", "color": color, "shrinkA": 0, "shrinkB": 0}
    )
    axes.annotate(text, (at, (low + high) / 2), xytext=(6, 0), textcoords="offset points", color=color, va="center")


def rom() -> Figure:
    landmarks, mouth, t = person("HC", "OPEN")
    frame = int(np.argmax(mouth.opening))
    figure, left, right = panels(landmarks, frame)
    points = landmarks.points[frame]
    between(left, points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER, "V", BLUE)
    between(left, points, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT, "W", ORANGE)
    right.plot(t, mouth.opening, color=BLUE, lw=2)
    right.plot(t, mouth.width, color=ORANGE, lw=2)
    span(right, mouth.opening, t[-1] * 1.04, "rom.mouth_opening\n= max V - min V", BLUE)
    for text, values, color in (("W", mouth.width, ORANGE), ("V", mouth.opening, BLUE)):
        right.annotate(text, (0, values[0]), xytext=(8, -14), textcoords="offset points", color=color, weight="bold")
    right.set(ylabel="mm", xlim=(0, t[-1] * 1.45))
    return figure


def velocity() -> Figure:
    landmarks, mouth, t = person("HC", "OPEN")
    figure, left, right = panels(landmarks, int(np.argmax(mouth.opening)))
    way = mouth.position(face.LIP_BOTTOM_OUTER)
    left.plot(way[:, 0], way[:, 1], color=GREEN, lw=2.2)
    left.annotate("path of P57", way[np.argmin(way[:, 1])][:2], xytext=(8, 0), textcoords="offset points", color=GREEN)
    speed = mouth.opening_velocity
    right.axhline(0, color=MUTED, lw=0.7)
    right.plot(t, speed, color=BLUE, lw=2)
    for at, text, side in ((np.nanargmax(speed), "opening_peak", 1), (np.nanargmin(speed), "closing_peak", -1)):
        right.plot(t[at], speed[at], "o", color=ORANGE)
        right.annotate(
            f"velocity.{text}", (t[at], speed[at]), xytext=(8, 2 * side), textcoords="offset points", color=ORANGE
        )
    right.set(ylabel="dV/dt (mm/s)")
    return figure


def symmetry() -> Figure:
    landmarks, mouth, t = person("PS", "SPREAD")
    areas = dict(zip(("right", "left"), mouth.half_areas, strict=True))
    frame = int(np.argmax(sum(areas.values())))
    figure, left, right = panels(landmarks, frame)
    points = landmarks.points[frame][:, :2]
    middle = points[[face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER]]
    corner = {"right": face.MOUTH_CORNER_RIGHT, "left": face.MOUTH_CORNER_LEFT}
    for color, (side, area) in zip((BLUE, ORANGE), areas.items(), strict=True):
        nearer = np.sign(points[corner[side], 0] - middle[:, 0].mean())
        half = [i for i in face.MOUTH_OUTER if nearer * (points[i, 0] - middle[:, 0].mean()) > 1]
        outline = np.array([middle[0], *points[sorted(half, key=lambda i: _turn(points[i], middle))], middle[1]])
        left.fill(*outline.T, color=color, alpha=0.35, lw=0)
        right.plot(t, area, color=color, lw=2, label=f"A, own {side}")
    ratio = np.minimum(*areas.values()) / np.maximum(*areas.values())
    right.set(ylabel="mm²", title=f"symmetry.area_ratio = mean of min / max = {signals.mean(ratio):.2f}")
    right.title.set_fontsize(10)
    right.legend(frameon=False)
    return figure


def _turn(point: np.ndarray, middle: np.ndarray) -> float:
    """Where a point of a half outline stands on the way from the upper to the lower lip: the angle at its middle."""
    way = point - middle.mean(axis=0)
    return float(np.arctan2(way[1], abs(way[0])))


def roundness() -> Figure:
    landmarks, mouth, t = person("HC", "KISS")
    figure, left, right = panels(landmarks, int(np.nanargmin(mouth.eccentricity)))
    points = landmarks.points[int(np.nanargmin(mouth.eccentricity))][:, :2]
    centre = points[face.MOUTH_OUTER].mean(axis=0)
    angle = np.linspace(0, 2 * np.pi, 90)
    at = int(np.nanargmin(mouth.eccentricity))
    ellipse = centre + np.stack([mouth.width[at] / 2 * np.cos(angle), mouth.opening[at] / 2 * np.sin(angle)], axis=1)
    left.plot(*ellipse.T, color=BLUE, lw=2)
    right.plot(t, mouth.eccentricity, color=BLUE, lw=2)
    mean = float(np.nanmean(mouth.eccentricity))
    right.axhline(mean, color=MUTED, lw=1, ls="--")
    right.annotate("eccentricity_mean", (0, mean), xytext=(2, 3), textcoords="offset points", color=MUTED)
    span(right, mouth.eccentricity, t[-1] * 1.04, "eccentricity_range", ORANGE)
    right.set(ylabel="e: 0 round, 1 flat", xlim=(0, t[-1] * 1.4))
    return figure


def time() -> Figure:
    """The same task by three groups."""
    figure = Figure(figsize=(8.4, 3.0), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for color, group in zip((BLUE, ORANGE, GREEN), ("HC", "ALS", "PS"), strict=True):
        _, mouth, t = person(group, "OPEN")
        axes.plot(t, mouth.opening - mouth.opening[0], color=color, lw=2, label=group)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(xlabel="time (s)", ylabel="mouth opens by (mm)")
    axes.legend(frameon=False)
    return figure


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
        people={group: 1}, tasks=["OPEN"], repetitions={"OPEN": 1}, fps=5, modality="rgbd", look="wild", aligned=True
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
    "features_rom": rom,
    "features_velocity": velocity,
    "features_symmetry": symmetry,
    "features_roundness": roundness,
    "features_time": time,
    "landmarks": landmarks,
    "report": report,
    "saliency": saliency,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
