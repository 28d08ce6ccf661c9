"""Repetitions of a task within a recording: those given, or those found in the task's own movement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neuroface import face, geometry, signals
from neuroface.errors import DataError, did_you_mean
from neuroface.types import Landmarks, Repetition


def given(landmarks: Landmarks, *, task: str, given: tuple[Repetition, ...] | None) -> tuple[Repetition, ...]:
    """The repetitions that came with the recording; DataError when none did."""
    if given is None:
        raise DataError("has no repetition bounds; set repetitions=find, or repetitions=whole to take it as one")
    return given


def whole(landmarks: Landmarks, *, task: str, given: tuple[Repetition, ...] | None) -> tuple[Repetition, ...]:
    """Each recording is one repetition, from its first frame to its last; given bounds are not looked at."""
    return (Repetition(0, len(landmarks), 0),)


def opening(points: np.ndarray) -> np.ndarray:
    """(T,) px or mm: vertical aperture of the outer lips, the signal of arXiv 2208.10591."""
    return geometry.distance(points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER)


def widening(points: np.ndarray) -> np.ndarray:
    """(T,) px or mm: distance between the mouth corners."""
    return geometry.distance(points, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)


def narrowing(points: np.ndarray) -> np.ndarray:
    """(T,) px or mm, negative: minus the distance between the mouth corners, so that puckered lips are a peak."""
    return -widening(points)


def brow_height(points: np.ndarray) -> np.ndarray:
    """(T,) px or mm: distance of the brow points from the middle of their eye's canthi, which a blink does not move."""
    sides = (
        (face.BROW_RIGHT, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_RIGHT_INNER),
        (face.BROW_LEFT, face.CANTHUS_LEFT_OUTER, face.CANTHUS_LEFT_INNER),
    )
    heights = []
    for brow, outer, inner in sides:
        eye = (points[:, outer] + points[:, inner]) / 2
        heights.append(np.linalg.norm(points[:, brow] - eye[:, None], axis=2).mean(axis=1))
    return (heights[0] + heights[1]) / 2


@dataclass(frozen=True)
class TaskMovement:
    """How a task shows in the landmarks.

    signal: (T, 68, D) -> (T,), high in the middle of a repetition. cutoff_hz: what moves faster is noise.
    period_s: shortest and longest time from one repetition to the next that is looked for. expected: repetitions that
    the protocol asks for, None where it is free.
    """

    signal: Callable[[np.ndarray], np.ndarray]
    cutoff_hz: float
    period_s: tuple[float, float]
    expected: int | None = None


# Cut-offs: 3 Hz keeps a non-speech gesture; a syllable repeats up to 7 times a second and a bilabial closure lasts
# about 0.1 s. Periods: from a brisk healthy speaker to one several times slower. Counts: the protocol of Guarin et al.
MOVEMENTS = {
    "BBP": TaskMovement(opening, 8.0, (0.9, 6.0), expected=10),
    "PA": TaskMovement(opening, 12.0, (0.1, 1.0)),
    "PATAKA": TaskMovement(opening, 12.0, (0.3, 1.5)),
    "OPEN": TaskMovement(opening, 3.0, (1.0, 12.0), expected=5),
    "SPREAD": TaskMovement(widening, 3.0, (1.0, 12.0), expected=5),
    "BIGSMILE": TaskMovement(widening, 3.0, (1.0, 12.0), expected=5),
    "KISS": TaskMovement(narrowing, 3.0, (1.0, 12.0), expected=5),
    "BLOW": TaskMovement(narrowing, 3.0, (1.0, 12.0), expected=5),
    "BROW": TaskMovement(brow_height, 3.0, (1.0, 12.0), expected=5),
}


def find(
    landmarks: Landmarks,
    *,
    task: str,
    given: tuple[Repetition, ...] | None,
    prominence: float = 0.4,
    spacing: float = 0.4,
    envelope_cycles: float = 1.5,
    trend_cycles: float = 0.4,
    octave: float = 0.7,
    edge: float = 0.15,
) -> tuple[Repetition, ...]:
    """Repetitions found in the movement that the task asks for; REST is one repetition, the whole recording.

    landmarks: (T, 68, D) px or mm of one task. given: not looked at.
    The period comes from the autocorrelation (`period`, with `octave`). The signal, smoothed to `envelope_cycles` per
    period and freed of what is slower than `trend_cycles`, has one peak per repetition, also where a sentence closes
    the lips several times. A peak counts when its prominence is `prominence` of the robust range and it lies `spacing`
    periods from its neighbours. Between two peaks the longest stay below `edge` of the excursion is the rest that
    separates the repetitions; without one they meet at the lowest point. The excursion of a repetition itself must
    reach `prominence` of the recording's robust range.
    Errors: DataError for a task without a known movement, or landmarks that do not show it.
    """
    if task == "REST":
        return (Repetition(0, len(landmarks), 0),)
    if task not in MOVEMENTS:
        near = did_you_mean(task, (*MOVEMENTS, "REST"))
        raise DataError(
            f"has task {task!r}, whose movement is not known; repetitions=whole takes each recording as one.{near}"
        )
    movement, times = MOVEMENTS[task], landmarks.timestamps_s
    signal = _without_gaps(movement.signal(landmarks.points), times)
    detail = signals.lowpass(signal, times, cutoff_hz=movement.cutoff_hz)
    period_s = period(detail, times, between_s=movement.period_s, octave=octave)
    envelope = signals.lowpass(detail, times, cutoff_hz=envelope_cycles / period_s)
    envelope -= signals.lowpass(detail, times, cutoff_hz=trend_cycles / period_s)
    peaks = _peaks(envelope, times, prominence=prominence, spacing_s=spacing * period_s)
    floor = prominence * signals.extent(detail, robust=True)
    bounds = [frames for frames in _bounds(detail, peaks, edge=edge) if signals.extent(detail[slice(*frames)]) >= floor]
    return tuple(Repetition(start, stop, index) for index, (start, stop) in enumerate(bounds))


def period(
    signal: np.ndarray, timestamps_s: np.ndarray, *, between_s: tuple[float, float], octave: float = 0.7
) -> float:
    """Seconds from one repetition to the next, by the autocorrelation at lags within `between_s`.

    signal: (T,) without gaps, on timestamps that need not be even. Two periods are nearly as alike as one, so the
    answer is the shortest lag whose peak reaches `octave` of the highest. A signal without a peak has the longest
    period asked for.
    """
    # what repeats faster than the shortest period, such as the syllables of a sentence, must not vote; nor must a trend
    rhythm = signals.lowpass(signal, timestamps_s, cutoff_hz=1 / between_s[0])
    rhythm -= signals.lowpass(signal, timestamps_s, cutoff_hz=1 / between_s[1])
    step_s = float(np.median(np.diff(timestamps_s)))
    even = np.interp(np.arange(timestamps_s[0], timestamps_s[-1], step_s), timestamps_s, rhythm)
    even -= even.mean()
    likeness = np.fft.irfft(np.abs(np.fft.rfft(even, 2 * len(even))) ** 2)[: len(even)]
    lags_s = np.arange(len(even)) * step_s
    middle = likeness[1:-1]
    peaks = np.flatnonzero((middle > likeness[:-2]) & (middle >= likeness[2:]) & (middle > 0)) + 1
    peaks = peaks[(lags_s[peaks] >= between_s[0]) & (lags_s[peaks] <= between_s[1])]
    if not len(peaks):
        return between_s[1]
    return float(lags_s[peaks[likeness[peaks] >= octave * likeness[peaks].max()][0]])


def unusual_count(task: str, count: int) -> str | None:
    """A sentence for the report when a recording has another number of repetitions than the protocol asks for.

    A flag and never a reason to add or drop repetitions: patients stop early. None when the count is as expected or the
    task has no expected count.
    """
    expected = MOVEMENTS[task].expected if task in MOVEMENTS else None
    if expected is None or count == expected:
        return None
    return f"{task} has {count} repetitions; the protocol asks for {expected}"


def _without_gaps(signal: np.ndarray, timestamps_s: np.ndarray) -> np.ndarray:
    """(T,) with missing frames joined by straight lines: good enough to find a repetition, never to measure one."""
    seen = np.isfinite(signal)
    if seen.sum() < 3:
        raise DataError("shows the landmarks of its task in fewer than 3 frames; no repetition can be found")
    if signals.extent(signal) <= signals.STILL:
        raise DataError("shows no movement of its task; no repetition can be found")
    return np.interp(timestamps_s, timestamps_s[seen], signal[seen])


def _peaks(envelope: np.ndarray, timestamps_s: np.ndarray, *, prominence: float, spacing_s: float) -> np.ndarray:
    """Frames in which the envelope peaks; its highest frame when no peak is prominent."""
    from scipy.signal import find_peaks

    height = signals.extent(envelope, robust=True)
    frames = max(1, round(spacing_s / float(np.median(np.diff(timestamps_s)))))
    # a recording may begin or end within a movement: beyond its ends the signal counts as low
    padded = np.r_[envelope.min(), envelope, envelope.min()]
    found, _ = find_peaks(padded, prominence=prominence * height, distance=frames)
    return found - 1 if len(found) else np.array([int(envelope.argmax())])


def _bounds(detail: np.ndarray, peaks: np.ndarray, *, edge: float) -> list[tuple[int, int]]:
    """(start, stop) frames of the repetition about each peak, from the rest before it to the rest after it."""
    limits = [0, *peaks.tolist(), len(detail) - 1]
    rests = [_rest(detail[a : b + 1], edge=edge) for a, b in pairwise(limits)]
    starts = [limit + rest[1] for limit, rest in zip(limits[:-2], rests[:-1], strict=True)]
    stops = [limit + rest[0] for limit, rest in zip(limits[1:-1], rests[1:], strict=True)]
    return [
        (min(start, peak), max(stop, peak + 1)) for start, peak, stop in zip(starts, peaks.tolist(), stops, strict=True)
    ]


def _rest(stretch: np.ndarray, *, edge: float) -> tuple[int, int]:
    """First and one past the last frame of the rest within a stretch from one peak to the next.

    The longest stay below `edge` of the stretch's excursion, less the tails of the movements on either side: a movement
    goes on below that level. The two are equal when one repetition runs into the next.
    """
    low, high = stretch.min(), stretch.max()
    below = np.r_[False, stretch <= low + edge * (high - low), False]
    crossings = np.flatnonzero(below[1:] != below[:-1])
    longest = int((crossings[1::2] - crossings[::2]).argmax())
    start, stop = int(crossings[2 * longest]), int(crossings[2 * longest + 1])
    above = np.flatnonzero(stretch >= (low + high) / 2)
    before, after = above[above < start], above[above >= stop]
    tail = _tail_per_flank(edge)
    falling = round(tail * (start - before[-1])) if len(before) else 0
    rising = round(tail * (after[0] - stop)) if len(after) else 0
    if start + falling < stop - rising:
        return start + falling, stop - rising
    lowest = start + int(stretch[start:stop].argmin())
    return lowest, lowest


def _tail_per_flank(edge: float) -> float:
    """Time that a minimum-jerk stroke spends below the share `edge`, per time from there to one half of its way.

    Flash & Hogan, J Neurosci 5 (1985) 1688: the share of the way after the share u of the time is 10u^3 - 15u^4 + 6u^5.
    """
    u = np.linspace(0, 0.5, 501)
    reached = np.interp(edge, 10 * u**3 - 15 * u**4 + 6 * u**5, u)
    return float(reached / (0.5 - reached))


def agreement(found: Sequence[Repetition], true: Sequence[Repetition], timestamps_s: np.ndarray) -> dict[str, float]:
    """How well found repetitions agree with true ones; both on the frames of timestamps_s (T,) seconds.

    Matched one to one so that the sum of IoU (frames in both over frames in either) is largest. Returns
    mean_iou: mean IoU over the true repetitions, 0 for an unmatched one;
    f1: of matches with IoU of at least 0.5, against all found and all true;
    boundary_error_ms: mean |difference| of first and of last frames of matched repetitions, NaN without a match;
    count_error: found minus true; off_by_more_than_one: 1.0 if that is beyond -1..1, else 0.0 (RepNet's OBO error).
    Mean IoU as in arXiv 2208.10591. Errors: DataError when there is no true repetition.
    """
    from scipy.optimize import linear_sum_assignment

    if not len(true):
        raise DataError("has no true repetition to compare found ones with")
    iou = np.array([[_iou(a, b) for b in found] for a in true]).reshape(len(true), len(found))
    rows, columns = linear_sum_assignment(iou, maximize=True)
    pairs = [(true[i], found[j]) for i, j in zip(rows, columns, strict=True) if iou[i, j] > 0]
    errors_s = [
        abs(timestamps_s[a] - timestamps_s[b])
        for t, f in pairs
        for a, b in ((t.start, f.start), (t.stop - 1, f.stop - 1))
    ]
    hits = int((iou[rows, columns] >= 0.5).sum())
    count_error = len(found) - len(true)
    return {
        "mean_iou": float(iou[rows, columns].sum() / len(true)),
        "f1": 2 * hits / (len(found) + len(true)),
        "boundary_error_ms": 1000 * float(np.mean(errors_s)) if errors_s else float("nan"),
        "count_error": float(count_error),
        "off_by_more_than_one": float(abs(count_error) > 1),
    }


def _iou(a: Repetition, b: Repetition) -> float:
    """Frames in both over frames in either."""
    both = max(0, min(a.stop, b.stop) - max(a.start, b.start))
    return both / ((a.stop - a.start) + (b.stop - b.start) - both)
