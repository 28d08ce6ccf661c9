"""Which of the 68 landmarks carry the answer: per sample, per person, and over people.

The public Emoface scripts average a gradient at each landmark over files, and round it. Here people weigh the same,
every mean has its interval, groups are compared by a test that knows how many points there are, and points are ranked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroface import face
from neuroface.evaluate.statistics import student_reach

PERMUTATIONS = 999


@dataclass(frozen=True, eq=False)
class Told:
    """What was measured at the points, a row per sample.

    g: (n, 68) by how much the probability of the last class falls without the point; signed. places: (n, 68, 2) where
    the points are. moved: (n, 68) mm in truth, NaN where not known. subject, y, side: (n,) text.
    """

    g: np.ndarray
    places: np.ndarray
    moved: np.ndarray
    sample: np.ndarray
    subject: np.ndarray
    y: np.ndarray
    side: np.ndarray


def oriented(told: Told) -> Told:
    """Who is affected on the right is mirrored, so that the affected side is everybody's left; others stay."""
    flip = told.side == "right"
    g, moved = told.g.copy(), told.moved.copy()
    g[flip], moved[flip] = g[flip][:, face.MIRROR], moved[flip][:, face.MIRROR]
    return Told(g, told.places, moved, told.sample, told.subject, told.y, told.side)


def of_people(told: Told) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(P,) people, (P,) their classes, (P, 68) mean signed g, (P, 68) mean |g|; one row per person and class."""
    keys = list(dict.fromkeys(zip(told.subject.tolist(), told.y.tolist(), strict=True)))
    rows = [(told.subject == person) & (told.y == y) for person, y in keys]
    signed = np.stack([_mean(told.g[one]) for one in rows])
    size = np.stack([_mean(np.abs(told.g[one])) for one in rows])
    return np.array([person for person, _ in keys]), np.array([y for _, y in keys]), signed, size


def table(told: Told, *, positive: str, seed: int = 0, permutations: int = PERMUTATIONS) -> pd.DataFrame:
    """One row per point, in the order of the face; `rank` 1 is the most significant.

    significance: mean over people of |g|, with Student's interval low, high. normalised: 0 to 1 over the points.
    difference: mean signed g of the people of class `positive` less that of the others; p by permuting people between
    classes, p_fdr adjusted over the points (Benjamini & Hochberg 1995). x, y: where the point is on the mean face.
    """
    from scipy.stats import false_discovery_control, rankdata

    _, y, signed, size = of_people(told)
    mean = _mean(size)
    reach, low = student_reach(size), np.nanmin(mean)
    span = np.nanmax(mean) - low
    is_positive = y == positive
    difference, p = _difference(signed, is_positive, np.random.default_rng(seed), permutations)
    adjusted, known = np.full(len(p), np.nan), np.isfinite(p)
    if known.any():
        adjusted[known] = false_discovery_control(p[known])
    place = np.nanmean(told.places, axis=0)
    return pd.DataFrame(
        {
            "point": np.arange(face.N_POINTS),
            "name": face.NAMES,
            "region": region_names(),
            "side": side_names(),
            "x": place[:, 0],
            "y": place[:, 1],
            "significance": mean,
            "low": mean - reach,
            "high": mean + reach,
            "normalised": (mean - low) / span if span > 0 else np.zeros_like(mean),
            "rank": rankdata(np.where(np.isfinite(mean), -mean, np.inf), method="min").astype(int),
            "difference": difference,
            "p": p,
            "p_fdr": adjusted,
        }
    )


def by_region(points: pd.DataFrame) -> pd.DataFrame:
    """Mean significance of each region and side, largest first: region, side, points, significance."""
    grouped = points.groupby(["region", "side"], sort=False)["significance"].agg(["size", "mean"]).reset_index()
    grouped = grouped.rename(columns={"size": "points", "mean": "significance"})
    return grouped.sort_values("significance", ascending=False, ignore_index=True)


@dataclass(frozen=True)
class Found:
    """How well a ranking finds the points whose movement the disease takes.

    rho: Spearman's over points between significance and lost movement. auc: how often a point that loses at least half
    of the largest loss is ranked above one that does not. points: how many do. seen: points whose significance is not
    0; rho_seen: rho among these, as a model cannot rank what its features do not touch.
    """

    rho: float
    auc: float
    points: int
    seen: int
    rho_seen: float


def found(told: Told, points: pd.DataFrame, *, positive: str) -> Found | None:
    """Against the truth of synthetic people; None where it is not known, or nobody loses movement."""
    from scipy.stats import spearmanr

    from neuroface.evaluate.statistics import auc

    if not np.isfinite(told.moved).all() or len(set(told.y)) < 2:
        return None
    _, y, moved, _ = of_people(Told(told.moved, told.places, told.moved, told.sample, told.subject, told.y, told.side))
    lost = np.abs(moved[y != positive].mean(axis=0) - moved[y == positive].mean(axis=0))
    much = lost >= lost.max() / 2
    if lost.max() == 0 or much.all():
        return None
    significance = np.nan_to_num(points["significance"].to_numpy(float))
    seen = significance > 1e-9
    rho_seen = float(spearmanr(significance[seen], lost[seen])[0]) if seen.sum() > 2 else float("nan")
    rho = float(spearmanr(significance, lost)[0])
    return Found(rho, float(auc(significance, much)), int(much.sum()), int(seen.sum()), rho_seen)


def region_names() -> list[str]:
    return [next(name for name, points in face.REGIONS.items() if i in points) for i in range(face.N_POINTS)]


def side_names() -> list[str]:
    """The person's own side of each point, "middle" for those on the mid-line."""
    from neuroface.synthesis.face_model import NEUTRAL

    return [{-1: "right", 0: "middle", 1: "left"}[int(np.sign(x))] for x in NEUTRAL[:, 0]]


def _difference(
    signed: np.ndarray, positive: np.ndarray, rng: np.random.Generator, permutations: int
) -> tuple[np.ndarray, np.ndarray]:
    """(68,) difference of means, and its two-sided p; NaN with one class."""
    if positive.all() or not positive.any():
        nothing = np.full(signed.shape[1], np.nan)
        return nothing, nothing
    labels = np.stack([positive, *(rng.permutation(positive) for _ in range(permutations))])
    weights = labels / labels.sum(axis=1, keepdims=True) - ~labels / (~labels).sum(axis=1, keepdims=True)
    values = weights @ signed  # NaN for a point that somebody's picture does not show
    as_large = np.abs(values[1:]) >= np.abs(values[0]) - 1e-12
    p = (1 + as_large.sum(axis=0)) / (1 + permutations)
    return values[0], np.where(np.isfinite(values[0]), p, np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    """Over the first axis, of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.divide(np.where(known, values, 0).sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0)
