"""Are landmarks better than before, and are they worse for one group of people? Frames as published, and people.

Frames of one person resemble each other. A test that counts them as independent, as the paper does, finds differences
between nothing and nothing; here it stands beside tests whose unit is the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from neuroface.errors import DataError, did_you_mean

Names = Sequence[str] | np.ndarray

CONFIDENCE = 0.95
N_BOOTSTRAP = 4000
BOOTSTRAP_FROM = 6  # people: of n, all resampled means lie inside their range, which holds the mean in 1 - 2^(1-n)
EXACT_UP_TO = 14  # people: 2^14 sign patterns are enumerated, more are drawn
N_FLIPS = 9999
BOOTSTRAP, STUDENT, UNKNOWN = "bootstrap over people", "Student's t over people", "none: fewer than two people"


class AsPublished(NamedTuple):
    """Student's t and standardised mean difference over frames taken as independent; NaN where undefined."""

    t: float
    p: float
    smd: float
    n_a: int
    n_b: int


class ByPerson(NamedTuple):
    """Mean over people of each one's mean difference a - b, its interval and two paired tests over people."""

    difference: float
    low: float
    high: float
    t: float
    p: float
    p_sign_flip: float
    interval: str
    n_people: int
    n_frames: int


def by_group(errors: np.ndarray, group: Names, subject: Names) -> list[dict[str, Any]]:
    """One row per group in order of appearance: group, mean, sd (over frames, as published), mean_of_people, frames,
    no_face, people.

    errors: (N,) one per frame, any unit, NaN where no face was found: such frames count in frames and no_face, and are
    in no mean. group, subject: (N,) names.
    """
    groups, subjects = _labels(errors, group, subject)
    rows = []
    for name in _names(groups):
        values, people = errors[groups == name], subjects[groups == name]
        scored = values[np.isfinite(values)]
        rows.append(
            {
                "group": name,
                "mean": float(scored.mean()) if len(scored) else float("nan"),
                "sd": float(scored.std(ddof=1)) if len(scored) > 1 else float("nan"),
                "mean_of_people": float(_person_means(values, people).mean()) if len(scored) else float("nan"),
                "frames": len(values),
                "no_face": len(values) - len(scored),
                "people": len(set(people)),
            }
        )
    return rows


def as_published(a: np.ndarray, b: np.ndarray) -> AsPublished:
    """t test of a against b with every frame as an independent sample, and the mean difference in pooled sds.

    a, b: (n_a,), (n_b,) errors of frames, any unit; NaN is left out, so n_a and n_b are the frames that count. t and
    smd are positive where a is larger. Whether the t of Guarin et al. is paired is not known: this is Student's
    two-sample t with pooled variance, because it has the pooled sd of the standardised mean difference
    (t = smd / sqrt(1/n_a + 1/n_b)) and serves before against after and group against group alike.
    """
    from scipy.stats import t as student

    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    n_a, n_b = len(a), len(b)
    pooled = _pooled_sd(a, b)
    if not pooled > 0:
        return AsPublished(np.nan, np.nan, np.nan, n_a, n_b)
    smd = float(a.mean() - b.mean()) / pooled
    t = smd / np.sqrt(1 / n_a + 1 / n_b)
    return AsPublished(float(t), float(2 * student.sf(abs(t), n_a + n_b - 2)), smd, n_a, n_b)


def by_person(a: np.ndarray, b: np.ndarray, subject: Names, *, seed: int = 0) -> ByPerson:
    """Paired, person-clustered comparison of two errors of the same frames; positive where a is larger.

    a, b: (N,) errors of the same frames, any unit; frames with NaN in either are left out (n_frames counts the rest).
    subject: (N,) names. Each person weighs 1, whatever the number of frames. p: paired t over people. p_sign_flip:
    permutation test that turns the sign of each person's mean difference (exact up to 14 people, then 9999 draws
    counted as Phipson & Smyth 2010); with n people it cannot be below 2 / 2^n. interval says how low and high were
    found: a bootstrap over people, or Student's t below 6 people. Of fewer than two only the difference is known.
    """
    from scipy.stats import t as student

    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if not a.shape == b.shape == np.shape(subject):
        raise DataError(f"{len(a)}, {len(b)} errors and {len(subject)} subjects: each frame needs one of each.")
    change = a - b
    people = _person_means(change, np.asarray(subject))
    n, n_frames = len(people), int(np.isfinite(change).sum())
    difference = float(people.mean()) if n else float("nan")
    if n < 2:
        return ByPerson(difference, np.nan, np.nan, np.nan, np.nan, np.nan, UNKNOWN, n, n_frames)
    rng = np.random.default_rng(seed)
    low, high, how = _interval(difference, (people,), _resampled_means(people, rng))
    spread = people.std(ddof=1)
    t = difference / (spread / np.sqrt(n)) if spread > 0 else float("nan")
    p = 2 * student.sf(abs(t), n - 1)
    return ByPerson(difference, low, high, float(t), float(p), _sign_flip_p(people, rng), how, n, n_frames)


def gap(
    errors: np.ndarray, group: Names, subject: Names, *, reference: str = "HC", seed: int = 0
) -> list[dict[str, Any]]:
    """How much larger each group's error is than the reference group's: group, gap, low, high, interval,
    people, people_reference.

    errors: (N,) one per frame, any unit, NaN left out. The gap is the difference of the means of person means; its
    interval resamples people within each group (Welch's t below 6 people in one; interval says which). DataError where
    the reference group is not there. NaN ends where a group has fewer than two people.
    """
    groups, subjects = _labels(errors, group, subject)
    if reference not in groups:
        raise DataError(f"No frame belongs to the reference group {reference!r}." + did_you_mean(reference, groups))
    rng = np.random.default_rng(seed)
    people = {name: _person_means(errors[groups == name], subjects[groups == name]) for name in _names(groups)}
    if bare := [name for name, means in people.items() if not len(means)]:
        raise DataError(
            f"No frame of {', '.join(bare)} has a face in it. Look at the detector, or leave the group out."
        )
    drawn = {name: _resampled_means(means, rng) for name, means in people.items()}
    rows = []
    for name in people:
        if name == reference:
            continue
        pair = people[name], people[reference]
        value = float(pair[0].mean() - pair[1].mean())
        low, high, how = _interval(value, pair, drawn[name] - drawn[reference])
        counts = {"people": len(pair[0]), "people_reference": len(pair[1])}
        rows.append({"group": name, "gap": value, "low": low, "high": high, "interval": how, **counts})
    return rows


def gap_change(
    before: np.ndarray,
    after: np.ndarray,
    group: Names,
    subject: Names,
    *,
    reference: str = "HC",
    seed: int = 0,
) -> dict[str, list[dict[str, Any]]]:
    """The gap before, after, and its change (after - before; positive: the group fell behind): rows of `gap` each.

    before, after: (N,) errors of the same frames; only frames with both count. All three resample the same people.
    """
    both = np.isfinite(before) & np.isfinite(after)
    parts = {"before": before, "after": after, "change": np.asarray(after) - np.asarray(before)}
    return {
        name: gap(np.where(both, values, np.nan), group, subject, reference=reference, seed=seed)
        for name, values in parts.items()
    }


def _labels(errors: np.ndarray, group: Names, subject: Names) -> tuple[np.ndarray, np.ndarray]:
    """(N,) group and (N,) subject of each frame; DataError where lengths differ or a person is in two groups."""
    groups, subjects = np.asarray(group), np.asarray(subject)
    if not len(errors) == len(groups) == len(subjects):
        raise DataError(
            f"{len(errors)} errors, {len(groups)} groups and {len(subjects)} subjects: each frame needs one of each."
        )
    home: dict[str, str] = {}
    for person, of in dict.fromkeys(zip(subjects.tolist(), groups.tolist(), strict=True)):
        if home.setdefault(person, of) != of:
            raise DataError(f"{person} is in the groups {home[person]} and {of}. Give each person one group.")
    return groups, subjects


def _names(labels: np.ndarray) -> list[str]:
    """The different labels in order of appearance."""
    return list(dict.fromkeys(labels.tolist()))


def _person_means(values: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """(P,) mean of each person's finite values, in order of names; people without one are left out."""
    known = np.isfinite(values)
    _, person = np.unique(subjects[known], return_inverse=True)
    return np.bincount(person, weights=values[known]) / np.maximum(np.bincount(person), 1)


def _pooled_sd(a: np.ndarray, b: np.ndarray) -> float:
    freedom = len(a) + len(b) - 2
    if min(len(a), len(b)) < 2:
        return float("nan")
    return float(np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / freedom))


def _sign_flip_p(people: np.ndarray, rng: np.random.Generator) -> float:
    """Two-sided p of the sum of (P,) values when each sign is a coin toss."""
    n, observed = len(people), abs(people.sum()) * (1 - 1e-12)  # equal sums may differ in the last digit
    if n <= EXACT_UP_TO:
        signs = np.array(list(product((-1, 1), repeat=n)))
        return float((abs(signs @ people) >= observed).mean())
    signs = rng.choice((-1, 1), size=(N_FLIPS, n))
    return float((1 + np.count_nonzero(abs(signs @ people) >= observed)) / (1 + N_FLIPS))


def _resampled_means(people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N_BOOTSTRAP,) means of people drawn with replacement."""
    return people[rng.integers(len(people), size=(N_BOOTSTRAP, len(people)))].mean(axis=1)


def _interval(value: float, samples: Sequence[np.ndarray], drawn: np.ndarray) -> tuple[float, float, str]:
    """Interval of a mean, or of a difference of two, over people; and how it was found.

    value: the mean or difference; samples: one or two (P,) of people; drawn: (N_BOOTSTRAP,) its bootstrap values. The
    plain percentile interval is too short for few people: its tail is replaced by that of a normal at sqrt(n / (n - 1))
    times Student's quantile (Hesterberg, The American Statistician 69 (2015) 371), n the size of the smaller sample.
    Below BOOTSTRAP_FROM people no resampling reaches far enough, and Student's (of two samples Welch's) t is used.
    """
    from scipy.stats import norm
    from scipy.stats import t as student

    n = min(map(len, samples))
    if n < 2:
        return float("nan"), float("nan"), UNKNOWN
    level = (1 + CONFIDENCE) / 2
    if n < BOOTSTRAP_FROM:
        parts = np.array([x.var(ddof=1) / len(x) for x in samples])
        variance, freedom = parts.sum(), np.array([len(x) - 1 for x in samples])
        welch = variance**2 / (parts**2 / freedom).sum() if variance > 0 else 1.0
        reach = float(np.sqrt(variance) * student.ppf(level, welch))
        return value - reach, value + reach, STUDENT
    tail = norm.sf(np.sqrt(n / (n - 1)) * student.ppf(level, n - 1))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high), BOOTSTRAP
