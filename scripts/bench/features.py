"""Speed of the features and of the median filter against plain Python, as ratios within one run.

python scripts/bench/features.py [--recordings 138] [--frames 500] [--rounds 3]

The two sides of a pair run in turn, and a ratio is that of their median times. Before anything is timed the two sides
must agree to 1e-9.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.signal import medfilt

from neuroface import face, signals
from neuroface.features import rom, roundness, symmetry, velocity
from neuroface.features.extract import extract
from neuroface.types import Landmarks, Repetition

# The union of als11_v1 and ps13_v1.
CHOSEN = (
    rom.mouth_opening,
    rom.mouth_width,
    rom.mouth_area,
    velocity.opening_peak,
    velocity.closing_peak,
    velocity.widening_peak,
    velocity.narrowing_peak,
    velocity.lower_lip_peak,
    velocity.lower_lip_path,
    symmetry.area_ratio,
    symmetry.area_correlation,
    symmetry.area_range_ratio,
    symmetry.corner_excursion_asymmetry,
    symmetry.corner_velocity_correlation,
    symmetry.mouth_tilt,
    roundness.eccentricity_mean,
    roundness.eccentricity_range,
)
Point = list[float]
Signal = list[float]


def plain_features(points: np.ndarray, timestamps_s: np.ndarray, *, tuned: bool) -> dict[str, float]:
    """The chosen features of (T, 68, 3) mm by loops over frames and points.

    Plain is the straight reading of the formulas: the arrays as they are, and each feature loops over the frames by
    itself. Tuned is the best that loops can do: lists, which Python reads faster, and each signal computed once.
    """
    frames, times = (points.tolist(), timestamps_s.tolist()) if tuned else (points, timestamps_s)
    known: dict[str, Signal] = {}

    def signal(name: str) -> Signal:
        if not tuned or name not in known:
            known[name] = [SIGNALS[name](frame) for frame in frames]
        return known[name]

    def velocity_of(name: str) -> Signal:
        return plain_derivative(signal(name), times)

    lip = [frame[face.LIP_BOTTOM_OUTER] for frame in frames]
    lip_velocity = [plain_derivative([point[axis] for point in lip], times) for axis in range(3)]
    area_ranges = plain_range(signal("area_right")), plain_range(signal("area_left"))
    corner_ranges = plain_range(signal("corner_right")), plain_range(signal("corner_left"))
    return {
        "rom.mouth_opening_mm": plain_range(signal("opening")),
        "rom.mouth_width_mm": plain_range(signal("width")),
        "rom.mouth_area_mm2": plain_range([sum(half) for half in pairs(signal("area_right"), signal("area_left"))]),
        "velocity.opening_peak_mm_per_s": max(velocity_of("opening")),
        "velocity.closing_peak_mm_per_s": -min(velocity_of("opening")),
        "velocity.widening_peak_mm_per_s": max(velocity_of("width")),
        "velocity.narrowing_peak_mm_per_s": -min(velocity_of("width")),
        "velocity.lower_lip_peak_mm_per_s": max(math.hypot(*rates) for rates in pairs(*lip_velocity)),
        "velocity.lower_lip_path_mm": sum(math.dist(a, b) for a, b in pairs(lip[:-1], lip[1:])),
        "symmetry.area_ratio": statistics.fmean(
            min(half) / max(half) for half in pairs(signal("area_right"), signal("area_left"))
        ),
        "symmetry.area_correlation": plain_correlation(signal("area_right"), signal("area_left")),
        "symmetry.area_range_ratio": min(area_ranges) / max(area_ranges),
        "symmetry.corner_excursion_asymmetry": abs(corner_ranges[0] - corner_ranges[1]) / sum(corner_ranges),
        "symmetry.corner_velocity_correlation": plain_correlation(
            velocity_of("corner_right"), velocity_of("corner_left")
        ),
        "symmetry.mouth_tilt_deg": statistics.fmean(signal("tilt")),
        "roundness.eccentricity_mean": statistics.fmean(signal("eccentricity")),
        "roundness.eccentricity_range": plain_range(signal("eccentricity")),
    }


def pairs(*signals_: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    return zip(*signals_, strict=True)


def plain_opening(frame: list[Point]) -> float:
    return math.dist(frame[face.LIP_TOP_OUTER], frame[face.LIP_BOTTOM_OUTER])


def plain_width(frame: list[Point]) -> float:
    return math.dist(frame[face.MOUTH_CORNER_RIGHT], frame[face.MOUTH_CORNER_LEFT])


def plain_eccentricity(frame: list[Point]) -> float:
    shorter, longer = sorted((plain_opening(frame), plain_width(frame)))
    return math.sqrt(1 - (shorter / longer) ** 2)


def plain_corner(frame: list[Point], corner: int) -> float:
    """Distance of a mouth corner from the mid-point of the inner canthi."""
    canthi = pairs(frame[face.CANTHUS_RIGHT_INNER], frame[face.CANTHUS_LEFT_INNER])
    return math.dist(frame[corner], [(a + b) / 2 for a, b in canthi])


def plain_tilt(frame: list[Point]) -> float:
    """Degrees between the mouth line and the line of the inner canthi."""
    mouth = [a - b for a, b in pairs(frame[face.MOUTH_CORNER_LEFT], frame[face.MOUTH_CORNER_RIGHT])]
    eyes = [a - b for a, b in pairs(frame[face.CANTHUS_LEFT_INNER], frame[face.CANTHUS_RIGHT_INNER])]
    along = abs(sum(a * b for a, b in pairs(mouth, eyes)))
    return math.degrees(math.atan2(math.hypot(*plain_cross(mouth, eyes)), along))


def plain_cross(a: Point, b: Point) -> Point:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def plain_area(frame: list[Point], outline: list[int]) -> float:
    """Triangles between the middle of the lips and each side of the outline."""
    middle = [(a + b) / 2 for a, b in pairs(frame[face.LIP_TOP_OUTER], frame[face.LIP_BOTTOM_OUTER])]
    total = 0.0
    for k in range(len(outline)):
        here, there = frame[outline[k]], frame[outline[(k + 1) % len(outline)]]
        a = [here[axis] - middle[axis] for axis in range(3)]
        b = [there[axis] - middle[axis] for axis in range(3)]
        total += math.hypot(*plain_cross(a, b)) / 2
    return total


SIGNALS: dict[str, Callable[[list[Point]], float]] = {
    "opening": plain_opening,
    "width": plain_width,
    "eccentricity": plain_eccentricity,
    "area_right": partial(plain_area, outline=face.MOUTH_RIGHT_HALF.tolist()),
    "area_left": partial(plain_area, outline=face.MOUTH_LEFT_HALF.tolist()),
    "corner_right": partial(plain_corner, corner=face.MOUTH_CORNER_RIGHT),
    "corner_left": partial(plain_corner, corner=face.MOUTH_CORNER_LEFT),
    "tilt": plain_tilt,
}


def plain_derivative(values: Signal, times: Sequence[float] | np.ndarray) -> Signal:
    """Second-order differences on uneven timestamps; one-sided at the two ends."""
    rates = [(values[1] - values[0]) / (times[1] - times[0])]
    for t in range(1, len(values) - 1):
        before, after = times[t] - times[t - 1], times[t + 1] - times[t]
        rising, falling = (values[t + 1] - values[t]) / after, (values[t] - values[t - 1]) / before
        rates.append((rising * before + falling * after) / (before + after))
    return [*rates, (values[-1] - values[-2]) / (times[-1] - times[-2])]


def plain_range(values: Signal) -> float:
    return max(values) - min(values)


def plain_correlation(a: Signal, b: Signal) -> float:
    mean_a, mean_b = statistics.fmean(a), statistics.fmean(b)
    together = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return together / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


def plain_median(points: np.ndarray) -> np.ndarray:
    """(T, 68, 3): scipy's median filter, one coordinate after the other; it pads with zeros, so the edges differ."""
    columns = points.reshape(len(points), -1)
    filtered = [medfilt(columns[:, k], kernel_size=5) for k in range(columns.shape[1])]
    return np.stack(filtered, axis=1).reshape(points.shape)


def moving_faces(n_recordings: int, n_frames: int) -> list[Landmarks]:
    """Recordings of mouths that open and close, with noise, on timestamps that are not quite even."""
    rng = np.random.default_rng(0)
    recordings = []
    for _ in range(n_recordings):
        times = np.cumsum(rng.uniform(0.018, 0.022, n_frames))
        face_mm = rng.normal(0, 1, (face.N_POINTS, 3)) + rng.uniform(-60, 60, (face.N_POINTS, 3))
        opening = 10 * (1 - np.cos(2 * np.pi * times / 2))
        moving = face_mm + opening[:, None, None] * rng.uniform(-1, 1, (face.N_POINTS, 3))
        recordings.append(Landmarks(moving + rng.normal(0, 0.3, moving.shape), times, "head"))
    return recordings


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(name: str, plain: Callable[[], object], fast: Callable[[], object], rounds: int, goal: str) -> None:
    """Run both in turn and print the ratio of their median times."""
    fast()
    slow_s, fast_s = zip(*((seconds(plain), seconds(fast)) for _ in range(rounds)), strict=True)
    ratio = statistics.median(slow_s) / statistics.median(fast_s)
    print(
        f"{name}: x{ratio:.1f} ({goal}); Python {statistics.median(slow_s) * 1e3:.0f} ms, "
        f"neuroface {statistics.median(fast_s) * 1e3:.1f} ms, medians of {rounds} interleaved rounds"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=138)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    recordings = moving_faces(args.recordings, args.frames)
    whole = (Repetition(0, args.frames, 0),)
    chosen = {"all": {function.__name__: function for function in CHOSEN}}

    def fast(frame: str = "camera") -> list[tuple[tuple[str, ...], np.ndarray]]:
        return [extract(landmarks, whole, chosen, frame=frame) for landmarks in recordings]

    def plain(tuned: bool) -> list[dict[str, float]]:
        return [plain_features(r.points, r.timestamps_s, tuned=tuned) for r in recordings]

    for landmarks, (names, rows), expected in zip(recordings, fast(), plain(tuned=True), strict=True):
        np.testing.assert_allclose(rows[0], [expected[name] for name in names], rtol=1e-9, atol=1e-9)
        median = signals.median_filter(landmarks.points)
        np.testing.assert_array_equal(median[2:-2], plain_median(landmarks.points)[2:-2])

    print(f"{args.recordings} recordings x {args.frames} frames x {len(CHOSEN)} features; both sides equal to 1e-9")
    compare("features v plain loops", lambda: plain(tuned=False), fast, args.rounds, "goal x150")
    compare("features v tuned loops", lambda: plain(tuned=True), fast, args.rounds, "no goal")
    compare(
        "5-point median v medfilt by columns",
        lambda: [plain_median(r.points) for r in recordings],
        lambda: [signals.median_filter(r.points) for r in recordings],
        args.rounds,
        "goal x8",
    )
    head_s = statistics.median(seconds(lambda: fast("head")) for _ in range(args.rounds))
    print(f"features with head motion removed first: {head_s * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
