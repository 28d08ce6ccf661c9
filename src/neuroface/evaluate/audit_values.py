"""What values themselves tell of how a table was made before it came here: scaled, chosen or augmented over everyone.

Each function takes X (n, d) float, NaN is missing, and returns findings as texts; an empty list where there are none.
How often each is right and wrong stands in docs/audit.md (scripts/audit_rates.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import stats

SCALED_BY = 2e-3  # how exactly a mean is 0 and a deviation 1; of rounded tables, too
SCALED_SHARE = 0.5  # of the columns that vary
FEWEST_COLUMNS = 8  # of fewer it cannot be told whether they were chosen
P_CHOSEN = 0.3  # where features are as they are, at least one of 8 that know nothing has a larger p
P_MEAN = 0.25  # mean of p over the largest p: .5 for chosen noise, far less for columns that know the class
NEAR_BY = 0.02  # of the usual distance to the nearest row of another person
NEAR_ROWS = 2000  # of larger tables the first so many rows are compared
# Deviations within a class that two classes lie apart at the least, surely; groups of people differ by 1 to 3.
IMPLAUSIBLE, SURE = 6.0, 0.999
FEWEST_PEOPLE = 3  # of a class
BETWEEN_ROWS = 800
BETWEEN_SAMPLE = 120
BETWEEN_COSINE = 1 - 1e-6  # two rows seen from a third in exactly opposite directions
BETWEEN_COLUMNS = 4  # of fewer columns rows lie on a line by chance too often


def scaled(X: np.ndarray) -> list[str]:
    """Columns whose mean and deviation, or range, over all rows are exactly those that a scaler leaves behind."""
    X = X[:, _varies(X)]
    if X.shape[1] < 2 or len(X) < 5:
        return []
    center, spread = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
    quartiles = np.nanpercentile(X, [25, 50, 75], axis=0)
    sample = spread * np.sqrt(len(X) / (len(X) - 1))
    left_behind = {
        "mean 0 and deviation 1": _near(center, 0) & (_near(spread, 1) | _near(sample, 1)),
        "a range of exactly 0 to 1": (np.nanmin(X, axis=0) == 0) & (np.nanmax(X, axis=0) == 1) & (_distinct(X) > 2),
        "median 0 and quartiles 1 apart": _near(quartiles[1], 0) & _near(quartiles[2] - quartiles[0], 1),
    }
    return [
        f"{int(hits.sum())} of {X.shape[1]} columns have {how} over all rows, as after scaling everyone at once"
        for how, hits in left_behind.items()
        if hits.sum() >= max(2, SCALED_SHARE * X.shape[1])
    ]


def chosen(X: np.ndarray, y: np.ndarray, subject: np.ndarray) -> list[str]:
    """Whether all columns differ between two classes of people, and only just: what choosing the best of many leaves.

    p values (Welch) of columns chosen at p < c from noise lie evenly between 0 and c; those of columns that know the
    class lie near 0.
    """
    means, labels = _of_people(X, np.asarray(y), np.asarray(subject))
    classes = sorted(set(labels.tolist()))
    means = means[:, _varies(means)]
    if len(classes) != 2 or means.shape[1] < FEWEST_COLUMNS or min(np.sum(labels == c) for c in classes) < 3:
        return []
    values = _welch_p(means[labels == classes[0]], means[labels == classes[1]])
    largest = float(values.max())
    if not largest < P_CHOSEN or float(values.mean()) / largest < P_MEAN:
        return []
    return [
        f"all {len(values)} columns differ between {classes[0]} and {classes[1]} with p < {largest:.2g}, and evenly "
        "so, as after choosing the best of many over everyone"
    ]


def nearly_equal(X: np.ndarray, subject: np.ndarray) -> list[str]:
    """Pairs of people with rows much nearer to each other than rows of different people are."""
    from scipy.spatial.distance import cdist

    known = np.flatnonzero(np.isfinite(X).all(axis=1))[:NEAR_ROWS]
    known = known[np.argsort(subject[known], kind="stable")]
    Z, (people, first, of) = _standard(X[known]), np.unique(subject[known], return_index=True, return_inverse=True)
    if Z.shape[1] < 2 or len(people) < 4:
        return []
    nearest = np.minimum.reduceat(cdist(Z, Z), first, axis=1)  # (n, people) distance to each one's nearest row
    nearest[np.arange(len(Z)), of] = np.inf
    usual = float(np.median(np.partition(nearest, 1, axis=1)[:, 1]))  # the nearest may be the twin that is looked for
    close = (nearest > 0) & (nearest < NEAR_BY * usual)
    together = np.add.reduceat(close, first, axis=0, dtype=int)
    return [
        f"{people[i]} and {people[j]}: {together[i, j]} rows lie within {NEAR_BY:.0%} of the usual distance of people"
        for i, j in zip(*np.nonzero(together), strict=True)
        if i < j
    ]


def between(X: np.ndarray, subject: np.ndarray) -> list[str]:
    """Rows that lie exactly on the line between two others, as oversampling by interpolation (SMOTE) makes them."""
    known = np.flatnonzero(np.isfinite(X).all(axis=1))[:BETWEEN_ROWS]
    Z, people = _standard(X[known]), np.asarray(subject)[known]
    if len(Z) < 6 or Z.shape[1] < BETWEEN_COLUMNS:
        return []
    rows = np.unique(np.linspace(0, len(Z) - 1, BETWEEN_SAMPLE).astype(int))
    made = [int(i) for i in rows if _lies_between(Z, i)]
    if len(made) < 2:
        return []
    names = list(dict.fromkeys(people[made]))
    return [
        f"{len(made)} of {len(rows)} rows looked at lie exactly between two others ({', '.join(names[:4])}"
        f"{', ...' if len(names) > 4 else ''}), as interpolated ones do"
    ]


def _lies_between(Z: np.ndarray, i: int) -> bool:
    away = np.delete(Z, i, axis=0) - Z[i]
    length = np.linalg.norm(away, axis=1)
    away = away[length > 0] / length[length > 0, None]
    return bool(len(away) > 1 and (away @ away.T).min() < -BETWEEN_COSINE)


def _welch_p(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(d,) two-sided p of Welch's t for each column; 0 where neither group varies."""
    va, vb = a.var(axis=0, ddof=1) / len(a), b.var(axis=0, ddof=1) / len(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (a.mean(axis=0) - b.mean(axis=0)) / np.sqrt(va + vb)
        freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return np.nan_to_num(2 * stats.t.sf(np.abs(t), freedom))


def _of_people(X: np.ndarray, y: np.ndarray, subject: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean row and class of each person; people of several classes are left out."""
    means, labels = [], []
    for name in dict.fromkeys(subject.tolist()):
        rows = subject == name
        if len(set(y[rows].tolist())) == 1 and np.isfinite(X[rows]).any(axis=0).all():
            means.append(np.nanmean(X[rows], axis=0))
            labels.append(y[rows][0])
    return np.array(means).reshape(len(means), X.shape[1]), np.array(labels)


def _standard(X: np.ndarray) -> np.ndarray:
    X = X[:, _varies(X)]
    return (X - X.mean(axis=0)) / X.std(axis=0) if len(X) else X


def _varies(X: np.ndarray) -> np.ndarray:
    if not len(X):
        return np.zeros(X.shape[1], dtype=bool)
    some = np.isfinite(X).sum(axis=0) > 1
    spread = np.zeros(X.shape[1])
    spread[some] = np.nanmax(X[:, some], axis=0) - np.nanmin(X[:, some], axis=0)
    return np.asarray(spread > 0)


def _distinct(X: np.ndarray) -> np.ndarray:
    return np.array([len(np.unique(column)) for column in X.T])


def _near(values: np.ndarray, target: float) -> np.ndarray:
    return np.abs(values - target) < SCALED_BY


def implausible(X: np.ndarray, y: np.ndarray, subject: np.ndarray, names: Sequence[str]) -> list[str]:
    """Columns in which every two classes lie further apart than IMPLAUSIBLE deviations within them, at the level SURE.

    y, subject: (n,). Each person (in each class) is the mean of their rows. A column with one value per class is left
    to the check for those. Limits of the deviation are those of a normal sample (chi squared).
    """
    units, first, back = np.unique(
        np.char.add(np.char.add(np.asarray(subject, str), "\x1f"), np.asarray(y, str)),
        return_index=True,
        return_inverse=True,
    )
    label = np.asarray(y, str)[first]
    classes = sorted(set(label))
    if len(classes) < 2 or min((label == one).sum() for one in classes) < FEWEST_PEOPLE:
        return []
    found = []
    for name, column in zip(names, X.T, strict=True):
        known = np.isfinite(column)
        count = np.bincount(back[known], minlength=len(units))
        if (count == 0).any():
            continue
        means = np.bincount(back[known], column[known], minlength=len(units)) / count
        groups = [means[label == one] for one in classes]
        freedom = len(means) - len(classes)
        within = np.sqrt(sum(((group - group.mean()) ** 2).sum() for group in groups) / freedom)
        largest = within * np.sqrt(freedom / stats.chi2.ppf(1 - SURE, freedom))
        apart = min(abs(a.mean() - b.mean()) for a, b in combinations(groups, 2))
        if within > 0 and apart > IMPLAUSIBLE * largest:
            found.append(f"{name}: people of the classes lie {apart / within:.0f} deviations apart")
    return found
