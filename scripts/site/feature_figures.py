"""Figures of the features: what is measured on the face, and the number in its curve. Synthetic people."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuroface import face, geometry, signals
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.cohorts.synthetic_palsy import SyntheticPalsyCohort
from neuroface.features.kinematics import Kinematics, kinematics
from neuroface.report.figures import INK, MUTED, PALETTE
from neuroface.types import Landmarks

BLUE, ORANGE, GREEN = PALETTE[:3]
DPI = 100


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


def panels(landmarks: Landmarks, frame: int, *, whole: bool = False) -> tuple[Figure, Axes, Axes]:
    """A figure with a mouth, or the whole face, on the left and room for a curve on the right."""
    figure = Figure(figsize=(8.4, 3.0), dpi=DPI, layout="constrained")
    mouth, curve = figure.subplots(1, 2, width_ratios=(1, 1.9))
    points = landmarks.points[frame][:, :2]
    if whole:
        landmarks.plot(axes=mouth, frame=frame)
        for drawn in (*mouth.lines, *mouth.collections):
            drawn.set_color(MUTED)
    else:
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
    for text, values, color, below in (("W", mouth.width, ORANGE, -14), ("V", mouth.opening, BLUE, 6)):
        right.annotate(text, (0, values[0]), xytext=(8, below), textcoords="offset points", color=color, weight="bold")
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


def smile() -> Figure:
    landmarks, _, t = person("PS", "BIGSMILE")
    points = landmarks.points
    rest = points[: max(len(points) // 10, 1)].mean(axis=0)
    corners = {"right": face.MOUTH_CORNER_RIGHT, "left": face.MOUTH_CORNER_LEFT}
    moved = {side: geometry.length(points[:, corner] - rest[corner]) for side, corner in corners.items()}
    figure, left, right = panels(landmarks, int(np.argmax(sum(moved.values()))))
    for color, (side, corner) in zip((BLUE, ORANGE), corners.items(), strict=True):
        left.plot(points[:, corner, 0], points[:, corner, 1], color=color, lw=2.2)
        left.plot(*rest[corner][:2], "o", mfc="white", mec=color)
        right.plot(t, moved[side], color=color, lw=2, label=f"own {side} corner")
        at = int(np.argmax(moved[side]))
        right.plot(t[at], moved[side][at], "o", color=color)
    right.set(ylabel="mm from the place at rest", title="smile.commissure_excursion = mean of both peaks")
    right.title.set_fontsize(10)
    right.legend(frameon=False)
    return figure


def eyes() -> Figure:
    figure = None
    for color, grade in ((BLUE, "HB1"), (ORANGE, "HB5")):
        landmarks, t = palsy(grade, "EYE_CLOSURE")
        ratio = np.mean([openness(landmarks.points, side) for side in ("right", "left")], axis=0)
        if figure is None:
            figure, left, right = panels(landmarks, 0, whole=True)
            for upper, lower in (*face.EYELIDS_RIGHT, *face.EYELIDS_LEFT):
                left.plot(*landmarks.points[0][[upper, lower], :2].T, color=BLUE, lw=2)
        right.plot(t, ratio, color=color, lw=2, label=f"grade {grade[-1]}")
        closure = 1 - ratio.min() / np.percentile(ratio, 95)
        low = (t[np.argmin(ratio)], ratio.min())
        right.annotate(f"eyes.closure {closure:.2f}", low, xytext=(10, 3), textcoords="offset points", color=color)
    right.set(ylabel="aspect ratio, mean of both eyes")
    right.legend(frameon=False, loc="upper center")
    return figure


def palsy(grade: str, task: str) -> tuple[Landmarks, np.ndarray]:
    """Somebody of a House-Brackmann grade does a task once: landmarks in the head frame in mm, times from 0."""
    clinic = SyntheticPalsyCohort(people={grade: 1}, tasks=[task], repetitions={task: 1})
    truth = next(iter(clinic.recordings())).truth
    one = truth.landmarks[truth.repetitions[0].frames]
    one = replace(one, points=geometry.head_frame(one.points), space="head")
    return one, one.timestamps_s - one.timestamps_s[0]


def openness(points: np.ndarray, side: str) -> np.ndarray:
    """(T,): height over width of an eye."""
    lids, eye = (face.EYELIDS_RIGHT, face.EYE_RIGHT) if side == "right" else (face.EYELIDS_LEFT, face.EYE_LEFT)
    height = sum(geometry.distance(points, upper, lower) for upper, lower in lids)
    return height / (2 * geometry.distance(points, eye[0], eye[3]))


def hemiface() -> Figure:
    landmarks, _, t = person("PS", "BIGSMILE")
    sides = (
        geometry.distance(landmarks.points, face.CANTHUS_RIGHT_INNER, face.MOUTH_CORNER_RIGHT),
        geometry.distance(landmarks.points, face.CANTHUS_LEFT_INNER, face.MOUTH_CORNER_LEFT),
    )
    frame = int(np.argmax(np.abs(sides[0] - sides[1])))
    figure, left, right = panels(landmarks, frame, whole=True)
    points = landmarks.points[frame]
    between(left, points, face.CANTHUS_RIGHT_INNER, face.MOUTH_CORNER_RIGHT, "R", BLUE)
    between(left, points, face.CANTHUS_LEFT_INNER, face.MOUTH_CORNER_LEFT, "L", ORANGE)
    for color, name, values in zip((BLUE, ORANGE), ("R, own right", "L, own left"), sides, strict=True):
        right.plot(t, values, color=color, lw=2, label=name)
    index = np.mean(np.abs(sides[0] - sides[1]) / ((sides[0] + sides[1]) / 2))
    right.set(ylabel="mm", title=f"hemiface.asymmetry_index = mean of |R - L| / ((R + L) / 2) = {index:.3f}")
    right.title.set_fontsize(10)
    right.legend(frameon=False)
    return figure


def synkinesis() -> Figure:
    landmarks, t = palsy("HB4", "SMILE")
    width = kinematics(landmarks).width
    wide = width >= np.percentile(width, 75)
    figure, left, right = panels(landmarks, int(np.argmax(width)), whole=True)
    right.fill_between(t, 0, 1, where=wide, transform=right.get_xaxis_transform(), color=MUTED, alpha=0.2, lw=0)
    for color, side in ((BLUE, "right"), (ORANGE, "left")):
        lids, ratio = getattr(face, f"EYELIDS_{side.upper()}"), openness(landmarks.points, side)
        for upper, lower in lids:
            left.plot(*landmarks.points[np.argmax(width)][[upper, lower], :2].T, color=color, lw=2)
        rest = ratio[: max(len(ratio) // 10, 1)].mean()
        right.plot(t, ratio, color=color, lw=2, label=f"own {side} eye, closure {1 - ratio[wide].mean() / rest:.2f}")
    right.annotate("mouth widest", (t[wide].mean(), 0.02), xycoords=right.get_xaxis_transform(), color=INK, ha="center")
    right.set(ylabel="aspect ratio of the eye", title="synkinesis.eye_closure_in_smile = the larger closure")
    right.title.set_fontsize(10)
    right.legend(frameon=False)
    return figure


def timing() -> Figure:
    landmarks, mouth, t = person("HC", "OPEN")
    figure, left, right = panels(landmarks, int(np.argmax(mouth.opening)))
    track = mouth.position(face.LIP_BOTTOM_OUTER)
    left.plot(track[:, 0], track[:, 1], color=GREEN, lw=2.2)
    for _ in range(3):
        track = signals.derivative(track, t)
    size = geometry.length(track)
    mean = np.sqrt(signals.mean(size**2))
    right.plot(t, size, color=GREEN, lw=2)
    right.axhline(mean, color=ORANGE, lw=1, ls="--")
    right.annotate(
        "lower_lip_jerk", (t[-1] / 2, mean), xytext=(0, 4), textcoords="offset points", color=ORANGE, ha="center"
    )
    right.set(
        ylabel="|d³P57/dt³| (mm/s³)", title=f"timing.duration = {t[-1]:.2f} s, timing.rate = {60 / t[-1]:.0f} a minute"
    )
    right.title.set_fontsize(10)
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


FIGURES = {
    figure.__name__: figure
    for figure in (rom, velocity, symmetry, roundness, smile, eyes, hemiface, synkinesis, timing, time)
}
