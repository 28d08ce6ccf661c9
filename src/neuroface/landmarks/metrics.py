"""How far predicted landmarks lie from annotated ones: per frame, per landmark, and as a distribution.

Errors are fractions of a length of the annotated face (pixels where nothing normalises). The choice of that length
moves every number, so `definition` says it in words and belongs beside every one of them. A frame without a prediction
has the error NaN: it is a failure in every distribution, and `n_without_face` counts it.
"""

from __future__ import annotations

import numpy as np

from neuroface import face, geometry
from neuroface.errors import ConfigError, DataError, did_you_mean

LENGTHS = {
    "intercanthal": (
        f"divided by the distance of the inner canthi (points {face.CANTHUS_RIGHT_INNER} and {face.CANTHUS_LEFT_INNER})"
    ),
    "interocular": (
        f"divided by the distance of the outer canthi (points {face.CANTHUS_RIGHT_OUTER} and {face.CANTHUS_LEFT_OUTER})"
    ),
    "box": "divided by the square root of width times height of the box of the annotated points",
    "none": "in pixels",
}
MEANS = {"rmse": "Root mean square", "mean": "Mean"}
SCHEME = f"{face.N_POINTS}-point scheme"
STEP = 1e-4  # of the error axis under the area (SEEDS row E21, in fractions of the normaliser)


def definition(kind: str = "intercanthal", jaw: bool = False, error: str = "rmse", *, of: str = "frame") -> str:
    """What an error with these choices is, as one sentence; of: "frame" (`errors`), "landmark" or "region"."""
    length, mean = LENGTHS[_known("normaliser", kind, LENGTHS)], MEANS[_known("error", error, MEANS)]
    if of == "landmark":
        return f"{mean} Euclidean distance of each point from the annotation over frames, {length}."
    if of == "region":
        return f"{mean} Euclidean distance of a region's points from the annotation, {length}, averaged over frames."
    points = f"all {face.N_POINTS} points" if jaw else f"{len(face.WITHOUT_JAW)} points (jaw left out)"
    return f"{mean} Euclidean distance of {points} from the annotation, {length}."


def unit(kind: str) -> str:
    """The unit in which errors under this normaliser are told: "%" of it, or "px" where nothing normalises."""
    return "px" if _known("normaliser", kind, LENGTHS) == "none" else "%"


def normaliser(truth: np.ndarray, kind: str = "intercanthal") -> np.ndarray:
    """(N,) px: the length that errors are divided by, from each annotated face; 1 for "none".

    truth: (N, 68, 2) px. kind: "intercanthal" (inner canthi; Guarin et al. name it so and give no points, the inner
    canthi are this project's reading), "interocular" (outer canthi; Sagonas et al., IMAVIS 2016), "box" (square root of
    width x height of the finite points; Bulat & Tzimiropoulos, ICCV 2017) or "none". DataError where a length is
    missing or 0.
    """
    _known("normaliser", kind, LENGTHS)
    truth = _points("truth", truth)
    if kind == "intercanthal":
        lengths = geometry.distance(truth, face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER)
    elif kind == "interocular":
        lengths = geometry.distance(truth, face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER)
    elif kind == "box":
        finite = np.isfinite(truth)
        extent = np.where(finite, truth, -np.inf).max(axis=1) - np.where(finite, truth, np.inf).min(axis=1)
        lengths = np.sqrt(np.clip(extent, 0, None).prod(axis=1))
    else:
        return np.ones(len(truth))
    wrong = np.flatnonzero(~np.greater(lengths, 0))
    if len(wrong):
        raise DataError(
            f"The {kind} length is missing or 0 in {_frames(wrong, len(truth))}. "
            "Annotate its points there, leave these frames out, or choose another normaliser."
        )
    return lengths


def errors(
    predicted: np.ndarray,
    truth: np.ndarray,
    *,
    normaliser: str = "intercanthal",
    jaw: bool = False,
    error: str = "rmse",
    seen: np.ndarray | None = None,
) -> np.ndarray:
    """(N,) fractions of the normaliser (px for "none"): error of each frame; NaN where a point that counts is missing.

    predicted, truth: (N, 68, 2) px; seen: (N, 68) bool, points of the truth that count (NaN in the truth never counts).
    error: "rmse" is the root of the mean squared distance, "mean" the mean distance. DataError for a frame whose truth
    has no point that counts: nothing can be said about it, not even that the prediction failed.
    """
    distances, counted = _distances(predicted, truth, normaliser, seen)
    chosen = slice(None) if jaw else face.WITHOUT_JAW
    distances, counted = distances[:, chosen], counted[:, chosen]
    empty = np.flatnonzero(~counted.any(axis=1))
    if len(empty):
        raise DataError(f"No annotated point to score against in {_frames(empty, len(truth))}. Leave these frames out.")
    return _mean(distances, counted, error, axis=1)


def per_landmark(
    predicted: np.ndarray,
    truth: np.ndarray,
    *,
    normaliser: str = "intercanthal",
    error: str = "rmse",
    seen: np.ndarray | None = None,
) -> np.ndarray:
    """(68,) fractions of the normaliser (px for "none"): error of each landmark over the frames that predict it.

    Arguments as `errors`; the jaw is always there, since every landmark speaks for itself. NaN for a landmark that is
    nowhere both annotated and predicted.
    """
    distances, counted = _distances(predicted, truth, normaliser, seen)
    return _mean(distances, counted & np.isfinite(distances), error, axis=0)


def per_region(
    predicted: np.ndarray,
    truth: np.ndarray,
    *,
    normaliser: str = "intercanthal",
    error: str = "rmse",
    seen: np.ndarray | None = None,
) -> dict[str, float]:
    """Region of the face -> fraction of the normaliser (px for "none"): mean over frames of the region's frame error.

    Arguments as `errors`. A frame counts for a region of which it has an annotated point and every such point
    predicted; NaN for a region without such a frame.
    """
    distances, counted = _distances(predicted, truth, normaliser, seen)
    found = {}
    for name, points in face.REGIONS.items():
        of_frames = _mean(distances[:, points], counted[:, points], error, axis=1)
        scored = of_frames[np.isfinite(of_frames)]
        found[name] = float(scored.mean()) if len(scored) else float("nan")
    return found


def n_without_face(errors: np.ndarray) -> int:
    """How many frames have no error because a point, or the whole face, was not predicted. errors: (N,)."""
    return int(np.isnan(errors).sum())


def cumulative(errors: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """(K,) share of all frames whose error is at most each threshold; frames without a prediction never are.

    errors: (N,), thresholds: (K,), both in fractions of the normaliser. DataError without frames.
    """
    if not len(errors):
        raise DataError("There are no frames to score. Check which people and tasks were chosen.")
    return np.searchsorted(np.sort(errors), thresholds, side="right") / len(errors)


def area_under(errors: np.ndarray, *, limit: float = 0.1) -> float:
    """Area under the cumulative error curve from 0 to `limit`, divided by `limit`: 1 is perfect, 0 is all failed.

    errors: (N,) fractions. Simpson's rule with a step of 1e-4. Frames without a prediction count as failed.
    """
    from scipy.integrate import simpson

    if limit < STEP:
        raise ConfigError(f"limit={limit} leaves no curve to measure. It is a fraction of the normaliser, such as 0.1.")
    grid = np.linspace(0, limit, round(limit / STEP) + 1)
    return float(simpson(cumulative(errors, grid), x=grid) / limit)


def failure_rate(errors: np.ndarray, *, limit: float = 0.1) -> float:
    """Share of frames whose error is above `limit` or that have no prediction. errors: (N,) fractions."""
    return float(1 - cumulative(errors, np.array([limit]))[0])


def mean_face(truth: np.ndarray) -> np.ndarray:
    """(68, 2) in distances of the outer canthi, origin midway between them, y down: the average annotated face.

    truth: (N, 68, 2) px. Each face is shifted, turned and scaled until its outer canthi lie at (-.5, 0) and (.5, 0);
    points without annotation are left out of the average.
    """
    plane = _points("truth", truth) @ np.array([1, 1j])  # (N, 68): a complex quotient turns and scales at once
    right, left = plane[:, face.CANTHUS_RIGHT_OUTER], plane[:, face.CANTHUS_LEFT_OUTER]
    aligned = (plane - (right + left)[:, None] / 2) / (left - right)[:, None]
    known = np.isfinite(aligned)
    if not known.any(axis=0).all():
        raise DataError("A mean face needs every landmark annotated in some frame together with the outer canthi.")
    mean = np.where(known, aligned, 0).sum(axis=0) / known.sum(axis=0)
    return np.stack([mean.real, mean.imag], axis=1)


def _distances(
    predicted: np.ndarray, truth: np.ndarray, kind: str, seen: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 68) distances over the normaliser, NaN where not predicted; (N, 68) bool, which count."""
    predicted, truth = _points("predicted", predicted), _points("truth", truth)
    if len(predicted) != len(truth):
        raise DataError(f"{len(predicted)} predicted frames against {len(truth)} annotated ones. Match them first.")
    counted = np.isfinite(truth).all(axis=2)
    if seen is not None:
        if np.shape(seen) != counted.shape:
            raise DataError(f"`seen` is {np.shape(seen)}, but there are {counted.shape} points.")
        counted &= np.asarray(seen, dtype=bool)
    distances = np.linalg.norm(predicted - truth, axis=2)
    distances[~np.isfinite(distances)] = np.nan
    return distances / normaliser(truth, kind)[:, None], counted


def _mean(distances: np.ndarray, counted: np.ndarray, error: str, *, axis: int) -> np.ndarray:
    """Mean or root mean square of the distances that count; NaN where one of them is NaN or none counts."""
    power = 2 if _known("error", error, MEANS) == "rmse" else 1
    number = counted.sum(axis=axis)
    total = np.where(counted, distances**power, 0).sum(axis=axis)
    mean = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    return mean ** (1 / power)


def _points(name: str, points: np.ndarray) -> np.ndarray:
    """(N, 68, 2) as float64, or DataError."""
    points = np.asarray(points, dtype=float)
    if points.ndim != 3 or points.shape[1:] != (face.N_POINTS, 2):
        raise DataError(f"`{name}` is {points.shape}; it needs (N, {face.N_POINTS}, 2) px, the {SCHEME}.")
    return points


def _known(what: str, name: str, options: dict[str, str]) -> str:
    if name not in options:
        raise ConfigError(f"There is no {what} {name!r}." + did_you_mean(name, options))
    return name


def _frames(rows: np.ndarray, n_frames: int) -> str:
    """How many of how many frames, at most eight of them named."""
    more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    return f"{len(rows)} of {n_frames} frames (rows {', '.join(map(str, rows[:8]))}{more})"
