"""Ridge and shrunken linear discriminants on a table: closed forms, for one fit or thousands at once.

What both need of a training fold are weighted sums of its values and of their products. The products are formed once
per fold; each set of labels and weights is then one product of its weights with them and one small linear system (in
the spirit of Treder, Fast Least Squares, MLSP 2019; Engstrom & Jensen, cvmatrix, J. Chemometrics 2025; Airola et al.,
2009, for pairs left out). Nothing is subtracted that a held-out row was part of, so none can move a digit of a fit.

Missing values are imputed by the weighted mean of the training rows, and every column is scaled by their weighted
standard deviation; after both, a missing value is 0. With classes balanced, ridge is the least-squares support vector
machine with a linear kernel (Suykens & Vandewalle, 1999), and both become Fisher's discriminant as they shrink less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.classifiers import array_file
from neuroface.errors import ConfigError, DataError

FITTED = ("mean", "scale", "coef", "intercept")
MOST_PRODUCTS = 4_000_000  # values of a fold's products; larger tables are fitted one by one


@dataclass(frozen=True, eq=False)
class Rows:
    """Training rows of a fold, about their own mean, or sums over the rows of a unit. x, seen: (n, p), 0 where missing.

    times: (n,) rows that each is the sum of. shift: (p,).

    products: (n, p (p + 1) / 2) of x with x, each pair once; (n, p * p) of x with seen and of seen with seen where a
    value is missing, else None.
    varies: (p,) whether a column has two values.
    """

    x: np.ndarray
    seen: np.ndarray
    times: np.ndarray
    shift: np.ndarray
    varies: np.ndarray
    products: tuple[np.ndarray, np.ndarray | None, np.ndarray | None]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of B fits. share: (B, k) of the weights. mean, scale: (B, p). means: (B, k, p) of each class's standardised rows.

    covariance: (B, p, p) of standardised rows about 0, which is their mean.
    """

    share: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    means: np.ndarray
    covariance: np.ndarray


def rows_of(X: np.ndarray) -> Rows:
    """Training rows (n, p), NaN where missing."""
    seen = ~np.isnan(X)
    counts = seen.sum(axis=0)
    shift = np.where(seen, X, 0).sum(axis=0) / np.maximum(counts, 1)
    x = np.where(seen, X - shift, 0)
    low, high = np.where(seen, X, np.inf).min(axis=0), np.where(seen, X, -np.inf).max(axis=0)
    mask = seen.astype(float)
    mixed = None if seen.all() else (_products(x, mask), _products(mask, mask))
    first, second = np.triu_indices(X.shape[1])
    products = (x[:, first] * x[:, second], *(mixed or (None, None)))
    return Rows(x, mask, np.ones(len(x)), shift, high > low, products)


def of_units(X: np.ndarray, unit: np.ndarray | None) -> tuple[Rows, np.ndarray]:
    """Rows (n, p) summed over those of each unit (n,), and the first row of each; None: each row is its own."""
    rows = rows_of(X)
    if unit is None:
        return rows, np.arange(len(X))
    _, first, back = np.unique(unit, return_index=True, return_inverse=True)
    member = (back == np.arange(len(first))[:, None]).astype(float)  # (units, n)
    pairs, mixed, never = rows.products
    products = (member @ pairs, None if mixed is None else member @ mixed, None if never is None else member @ never)
    return replace(rows, x=member @ rows.x, seen=member @ rows.seen, times=member.sum(axis=1), products=products), first


def moments(rows: Rows, weights: np.ndarray, y: np.ndarray, n_classes: int) -> Moments:
    """weights: (B, n) of the rows; y: (B, n) their classes."""
    by_class = weights[:, None, :] * (y[:, None, :] == np.arange(n_classes)[:, None])  # (B, k, n)
    of_class = by_class @ rows.times
    sums = by_class @ rows.x  # (B, k, p)
    seen = of_class[:, :, None] if rows.products[1] is None else by_class @ rows.seen
    total = of_class.sum(axis=1)[:, None]
    observed = np.where(seen.sum(axis=1) > 0, seen.sum(axis=1), 1)
    mean = sums.sum(axis=1) / observed
    square = _centred(rows, weights, mean, total)
    spread = np.sqrt(np.diagonal(square, axis1=1, axis2=2).clip(0) / observed)
    scale = np.where(rows.varies & (spread > 0), spread, 1.0)
    covariance = square / (scale[:, :, None] * (scale * total)[:, None, :])
    covariance[:, ~(rows.varies[:, None] & rows.varies)] = 0
    centred = (sums - mean[:, None] * seen) / scale[:, None]
    means = np.where(rows.varies, centred, 0) / np.where(of_class > 0, of_class, 1)[:, :, None]
    return Moments(of_class / total, rows.shift + mean, scale, means, covariance)


def _centred(rows: Rows, weights: np.ndarray, mean: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(B, p, p) weighted sums of products of deviations from `mean`, of rows that have both values."""
    p = mean.shape[1]
    both, once, never = rows.products
    # A product of one row of weights at a time: how many fits are asked for must not change how sums are formed.
    square = np.empty((len(weights), p, p))
    first, second = np.triu_indices(p)
    square[:, first, second] = square[:, second, first] = (weights[:, None, :] @ both)[:, 0]
    if once is None or never is None:
        return square - total[:, :, None] * mean[:, :, None] * mean[:, None, :]
    mixed = (weights[:, None, :] @ once).reshape(-1, p, p)
    pairs = (weights[:, None, :] @ never).reshape(-1, p, p)
    cross = mixed * mean[:, None, :]
    return square - cross - cross.transpose(0, 2, 1) + pairs * mean[:, :, None] * mean[:, None, :]


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)


class LinearOfMoments(ClassifierMixin, BaseEstimator):
    """What Ridge and Discriminant share. A subclass gives coefficients and intercepts from moments.

    Fitted: classes_, mean_, scale_ (p,), coef_ (p, k), intercept_ (k,).
    """

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> LinearOfMoments:
        """X: (n, p), NaN where missing. y: (n,) classes. sample_weight: (n,), at least 0.

        Errors: ConfigError for settings that cannot be; DataError where fewer than two classes have a weight.
        """
        self._check()
        X = _table(X)
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        self.classes_, code = np.unique(np.asarray(y)[weights > 0], return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"{type(self).__name__} was given rows of {len(self.classes_)} class; it needs two.")
        kept = weights > 0
        found = moments(rows_of(X[kept]), weights[None, kept], code[None], len(self.classes_))
        coef, intercept = self._solve(found)
        self.mean_, self.scale_, self.coef_, self.intercept_ = found.mean[0], found.scale[0], coef[0], intercept[0]
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """(n, n_classes) in the order of classes_; rows add up to 1."""
        every = np.ones((1, len(self.classes_)), dtype=bool)
        mean, scale, coef, intercept = self.mean_[None], self.scale_[None], self.coef_[None], self.intercept_[None]
        return self._probabilities(_table(X), mean, scale, coef, intercept, every)[0]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(n,) the most probable class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def can_predict_many(self, X: np.ndarray) -> bool:
        """Whether the products of the table's rows fit into little memory."""
        return np.ndim(X) == 2 and len(X) * np.shape(X)[1] ** 2 <= MOST_PRODUCTS

    def predict_many(
        self, X: np.ndarray, fits: Sequence[Any], n_classes: int, *, n_jobs: int = 1
    ) -> Iterator[np.ndarray]:
        """(n_test, n_classes) probabilities of each fit, as evaluate.many describes; n_jobs changes nothing."""
        self._check()
        X = _table(X)
        of_fold: dict[tuple[int, int, int], list[int]] = {}
        for i, fit in enumerate(fits):  # permutations of one question share the arrays of its folds
            key = (id(fit.train), id(fit.test), id(fit.unit))
            if key in of_fold:
                of_fold[key].append(i)
            else:
                of_fold[key] = [i]
        found: list[np.ndarray] = [np.empty(0)] * len(fits)
        for members in of_fold.values():
            train, test = fits[members[0]].train, fits[members[0]].test
            unit = fits[members[0]].unit
            rows, first = of_units(X[train], None if unit is None else unit[train])
            # Row by row in memory, however many there are: else sums would be formed in another order.
            weights = np.array([fits[i].weights for i in members]).take(first, axis=1)
            y = np.array([fits[i].y for i in members]).take(train[first], axis=1)
            of_fits = moments(rows, weights, y, n_classes)
            solved = self._solve(of_fits)
            p = self._probabilities(X[test], of_fits.mean, of_fits.scale, *solved, of_fits.share > 0)
            for i, of_fit in zip(members, p, strict=True):
                found[i] = of_fit
        yield from found

    def saved(self) -> tuple[str, bytes]:
        """Ending and bytes of a file that `load` reads: arrays (NPZ), and JSON that says what they are."""
        about = {"format": FORMATS[type(self)], "settings": self.get_params(), "classes": self.classes_.tolist()}
        return "npz", array_file.to_bytes(about, {name: getattr(self, f"{name}_") for name in FITTED})

    def _probabilities(
        self,
        X: np.ndarray,
        mean: np.ndarray,
        scale: np.ndarray,
        coef: np.ndarray,
        intercept: np.ndarray,
        known: np.ndarray,
    ) -> np.ndarray:
        """(B, n, k) from B linear functions of the rows (n, p); a class that a fit does not know (B, k) gets 0."""
        z = (X - mean[:, None]) / scale[:, None]
        z = np.where(np.isnan(X), 0.0, z) if np.isnan(X).any() else z
        scores = self._steepness(known) * (z @ coef + intercept[:, None])
        scores = np.where(known[:, None], scores, -np.inf)
        raised = np.exp(scores - scores.max(axis=2, keepdims=True))
        return np.asarray(raised / raised.sum(axis=2, keepdims=True))

    def _steepness(self, known: np.ndarray) -> np.ndarray:
        """(B, 1, 1) by which scores are multiplied before they become probabilities."""
        return np.ones((len(known), 1, 1))

    def _check(self) -> None:
        raise NotImplementedError

    def _solve(self, found: Moments) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (B, p, k) and intercepts (B, k) for standardised rows."""
        raise NotImplementedError


class Ridge(LinearOfMoments):
    """Ridge regression on the classes' indicators, as probabilities.

    alpha: the penalty beside standardised columns, per unit of weight, so that it means the same however many
    repetitions there are. A least-squares fit f of the indicators estimates probabilities, but leaves 0..1; the softmax
    of k f has the slope of f where all k classes are equally probable, and keeps the order everywhere.
    """

    def __init__(self, *, alpha: float = 0.1) -> None:
        self.alpha = alpha

    def _check(self) -> None:
        if not self.alpha > 0:
            raise ConfigError(f"classifier.alpha is {self.alpha}; the penalty of a ridge must be above 0.")

    def _solve(self, found: Moments) -> tuple[np.ndarray, np.ndarray]:
        penalised = found.covariance + self.alpha * np.eye(found.covariance.shape[1])
        towards = (found.share[:, :, None] * found.means).transpose(0, 2, 1)
        return np.linalg.solve(penalised, towards), found.share

    def _steepness(self, known: np.ndarray) -> np.ndarray:
        return known.sum(axis=1)[:, None, None].astype(float)


class Discriminant(LinearOfMoments):
    """Linear discriminant analysis with a covariance that is shrunk towards a sphere.

    shrinkage: 0..1, the share of the sphere of the same mean variance. Classes are as probable as their weights say.
    """

    def __init__(self, *, shrinkage: float = 0.1) -> None:
        self.shrinkage = shrinkage

    def _check(self) -> None:
        if not 0 < self.shrinkage <= 1:
            raise ConfigError(f"classifier.shrinkage is {self.shrinkage}; it must be above 0 and at most 1.")

    def _solve(self, found: Moments) -> tuple[np.ndarray, np.ndarray]:
        p = found.covariance.shape[1]
        weighted = found.share[:, :, None] * found.means
        within = found.covariance - found.means.transpose(0, 2, 1) @ weighted
        variance = np.diagonal(within, axis1=1, axis2=2).sum(axis=1)[:, None, None] / p
        # Without any spread inside classes every direction is as good.
        sphere = np.where(variance > 0, variance, 1.0) * np.eye(p)
        coef = np.linalg.solve((1 - self.shrinkage) * within + self.shrinkage * sphere, found.means.transpose(0, 2, 1))
        distance = (found.means.transpose(0, 2, 1) * coef).sum(axis=1)
        prior = np.log(np.where(found.share > 0, found.share, 1.0))
        return coef, prior - distance / 2


FORMATS: dict[type, str] = {Ridge: "neuroface ridge 1", Discriminant: "neuroface discriminant 1"}


def load(path: Path | str) -> LinearOfMoments:
    """A model that was saved as NPZ; nothing of the file is executed. Errors: DataError when it is none or damaged."""
    about, arrays = array_file.from_file(path)
    array_file.check_format(path, about["format"], FORMATS.values())
    try:
        model = {name: kind for kind, name in FORMATS.items()}[about["format"]](**about["settings"])
        mean, scale, coef, intercept = (np.asarray(arrays[name], dtype=float) for name in FITTED)
        k = len(about["classes"])
        if not (mean.shape == scale.shape == coef.shape[:1] and (*coef.shape[1:], *intercept.shape) == (k, k)):
            raise ValueError("shapes")
    except (ValueError, KeyError, TypeError) as error:
        raise array_file.damaged(path, error) from error
    model.classes_ = np.array(about["classes"])
    model.mean_, model.scale_, model.coef_, model.intercept_ = mean, scale, coef, intercept
    return model


def _table(X: Any) -> np.ndarray:
    table = np.asarray(X, dtype=float)
    if table.ndim != 2:
        raise DataError(f"Least squares reads tables (n, p); X has the shape {table.shape}. Set classifier.view=table.")
    if np.isinf(table).any():
        raise DataError("The table holds values that are infinite. Correct them, or leave them empty.")
    return table
