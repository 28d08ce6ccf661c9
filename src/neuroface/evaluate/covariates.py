"""What facts about people (age, sex, camera, length of recording) tell by themselves, and a score with them taken out.

Three numbers beside the AUC of a run of two classes between people. `only`: how well covariates alone tell the
classes, by ridge discriminant analysis and leave-pair-out, with a permutation null. `adjusted`: the AUC of scores less
what covariates explain of them within the classes (after Janes & Pepe, Biometrika 2009; 96:371, with one slope for both
classes). `weighted`: the AUC under overlap weights, by which the means of covariates are nearly the same in both
classes (Li, Morgan & Zaslavsky, JASA 2018; 113:390).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from neuroface.errors import ConfigError, did_you_mean
from neuroface.evaluate.bootstrap import resampled
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.statistics import auc, percentile_interval, permutation_p

RIDGE = 0.1  # of each covariate's own variance, so that covariates that say the same do no harm
PAIRS = 2500  # at most so many are left out: all of 50 against 50
PERMUTATIONS = 199
DRAWS = 500
MANY, DRAWS_OF_MANY = 1000, 100  # people; their intervals are narrow anyway
PEOPLE_PER_COLUMN = 3  # fewer, and covariates that were asked for are refused: they fit anything
STEPS = 50  # of Newton's method
CATEGORIES = ("site", "camera", "sex")  # also where they are coded 1, 2, 3


class Alone(NamedTuple):
    """auc: of covariates alone; its mean, deviation and p under permuted classes."""

    auc: float
    null_mean: float
    null_sd: float
    p: float


def matrix(facts: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """(n, k) standardised columns of the covariates `names` of n people, and what each column is.

    Numbers stay numbers, texts and all of CATEGORIES become a column per value but the first. A missing number is the
    mean of those known, and being missing is a column of its own, because it may tell the class. Columns that never
    differ are left out.
    """
    columns = coding(facts, names)
    made = [(_raw(facts, column) - column.mean) / column.sd for column in columns]
    return np.stack(made, axis=1) if made else np.empty((len(facts), 0)), [column.label for column in columns]


class Column(NamedTuple):
    """What becomes of a covariate. name: of the fact. kind: "number", "is" (the text) or "gone" (it is not known).

    text: of "is". texts: all values that the people had, of a category. fill: for a missing number. mean, sd: of the
    column over the people that it was made of.
    """

    name: str
    kind: str
    text: str
    texts: tuple[str, ...]
    fill: float
    mean: float
    sd: float

    @property
    def label(self) -> str:
        return f"{self.name} {self.text}" if self.kind == "is" else self.name + " not known" * (self.kind == "gone")


def coding(facts: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Column]:
    """How `matrix` makes columns of the facts; `coded` does the same for other people."""
    columns: list[Column] = []
    for name in names:
        values = [_known(row.get(name)) for row in facts]
        there = [value for value in values if value is not None]
        if not is_category(name, values):
            fill = float(np.array([float(value) for value in there]).mean()) if there else 0.0
            columns.append(Column(name, "number", "", (), fill, 0.0, 1.0))
        else:
            texts = tuple(sorted({_text(value) for value in there}))
            columns += [Column(name, "is", text, texts, 0.0, 0.0, 1.0) for text in texts[1:]]
        if len(there) < len(values):
            columns.append(Column(name, "gone", "", (), 0.0, 0.0, 1.0))
    found = [(column, _raw(facts, column)) for column in columns]
    return [column._replace(mean=float(c.mean()), sd=float(c.std())) for column, c in found if c.std() > 1e-12]


def coded(facts: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> np.ndarray:
    """(n, k) of other people than those that the columns were made of; text that is a number is one.

    Errors: ValueError that says of whom (by place) what is not known, or is a value that nobody had.
    """
    can_lack = {column.name for column in columns if column.kind == "gone"}
    for place, row in enumerate(facts):
        for column in columns:
            value = _known(row.get(column.name))
            if value is None and column.name not in can_lack:
                raise ValueError(place, f"{column.name} is not known")
            if value is not None and column.kind == "is" and _word(value, column.texts) not in column.texts:
                raise ValueError(place, f"{column.name} is {value}, which nobody of the run is")
            if value is not None and column.kind == "number" and not _is_number(value):
                raise ValueError(place, f"{column.name} is {value}, which is no number")
    return np.stack([(_raw(facts, column) - column.mean) / column.sd for column in columns], axis=1)


def column_of(given: Sequence[Any]) -> Column:
    """A Column of the values that JSON holds of it. Errors: ValueError, TypeError."""
    name, kind, text, texts, fill, mean, sd = given
    column = Column(str(name), str(kind), str(text), tuple(map(str, texts)), float(fill), float(mean), float(sd))
    if column.kind not in ("number", "is", "gone") or not np.isfinite(column[4:]).all() or not column.sd > 0:
        raise ValueError(f"a covariate {column.name!r} that is none")
    return column


def _raw(facts: Sequence[Mapping[str, Any]], column: Column) -> np.ndarray:
    """(n,) before it is standardised."""
    values = [_known(row.get(column.name)) for row in facts]
    if column.kind == "gone":
        return np.array([float(value is None) for value in values])
    if column.kind == "is":
        return np.array([float(value is not None and _word(value, column.texts) == column.text) for value in values])
    return np.array([column.fill if value is None else float(value) for value in values])


def _word(value: Any, texts: Sequence[str]) -> str:
    """The text of a category; 1.0 that a file tells is the 1 that was."""
    text = _text(value)
    return text if text in texts or not _is_number(text) else _text(float(text))


def _is_number(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


def is_category(name: str, values: Sequence[Any]) -> bool:
    """Whether a covariate of these values (None: not known) names kinds of people rather than amounts."""
    return name in CATEGORIES or not all(isinstance(value, int | float) for value in values if value is not None)


def _text(value: Any) -> str:
    """1 of 1.0, which a table makes of whole numbers where one is missing."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _known(value: Any) -> Any:
    return None if value is None or value == "" or (isinstance(value, float) and np.isnan(value)) else value


def refuse_unknown(facts: Sequence[Mapping[str, Any]], names: Sequence[str], *, key: str) -> None:
    """ConfigError for a covariate that nobody's facts have, or that is named twice. key: what named it."""
    known = sorted({name for row in facts for name, value in row.items() if _known(value) is not None})
    for name in names:
        if name not in known:
            raise ConfigError(f"{key} names {name}, which nobody's facts have." + did_you_mean(name, known))
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        raise ConfigError(f"{key} names {', '.join(twice)} twice.")


def refuse_labels(facts: Sequence[Mapping[str, Any]], names: Sequence[str], y: np.ndarray) -> None:
    """ConfigError for a covariate that has one value per class: it is the class under another name."""
    for name in names:
        pairs = {(str(_known(row.get(name))), str(label)) for row, label in zip(facts, y, strict=True)}
        values, classes = {value for value, _ in pairs}, {label for _, label in pairs}
        if len(pairs) == len(values) == len(classes) > 1:
            raise ConfigError(
                f"covariates: {name} has one value for each class ({', '.join(sorted('='.join(p) for p in pairs))}): "
                "it is the class itself, and adjusting for it leaves nothing. Name covariates that come before it."
            )


def refuse_many(facts: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """ConfigError for covariates with more columns than PEOPLE_PER_COLUMN allows: they fit any scores at all."""
    columns = {name: matrix(facts, [name])[0].shape[1] for name in names}
    total = sum(columns.values())
    if total * PEOPLE_PER_COLUMN > len(facts):
        most = max(columns, key=lambda name: columns[name])
        values = len({_text(row[most]) for row in facts if _known(row.get(most)) is not None})
        raise ConfigError(
            f"covariates: {most} has {values} values among {len(facts)} people; as columns, {', '.join(names)} are "
            f"{total}, and {len(facts)} people allow {len(facts) // PEOPLE_PER_COLUMN} ({PEOPLE_PER_COLUMN} people for "
            "each). Name fewer covariates, or merge values."
        )


def only(X: np.ndarray, positive: np.ndarray, *, seed: int = 0, permutations: int = PERMUTATIONS) -> Alone:
    """How well covariates (n, k) tell the classes (n,) bool of people left out in pairs; NaN below 3 of a class."""
    if min(positive.sum(), (~positive).sum()) < 3 or not X.shape[1]:
        return Alone(np.nan, np.nan, np.nan, np.nan)
    rng = np.random.default_rng(derive_seed(seed, "covariates"))
    value = left_pairs(X, positive, rng)
    null = np.array([left_pairs(X, rng.permutation(positive), rng) for _ in range(permutations)])
    return Alone(value, float(null.mean()), float(null.std(ddof=1)), permutation_p(value, null))


def left_pairs(X: np.ndarray, positive: np.ndarray, rng: np.random.Generator) -> float:
    """Share of pairs of the two classes that ridge discriminant analysis of everybody else orders rightly, ties half.

    Sums of all people less those of the pair give every fit without looking at the rows again.
    """
    a, b = np.flatnonzero(positive), np.flatnonzero(~positive)
    few = len(a) * len(b) <= PAIRS
    at = np.arange(len(a) * len(b)) if few else rng.integers(len(a) * len(b), size=PAIRS)
    i, j = a[at // len(b)], b[at % len(b)]
    n1, n0 = len(a) - 1, len(b) - 1
    mean1, mean0 = (X[a].sum(axis=0) - X[i]) / n1, (X[b].sum(axis=0) - X[j]) / n0  # (pairs, k)
    squares = X.T @ X - _outer(X[i]) - _outer(X[j])
    within = (squares - n1 * _outer(mean1) - n0 * _outer(mean0)) / (n1 + n0)
    k = X.shape[1]
    within[:, np.arange(k), np.arange(k)] *= 1 + RIDGE
    within[:, np.arange(k), np.arange(k)] += 1e-9
    direction = np.linalg.solve(within, (mean1 - mean0)[..., None])[..., 0]
    difference = (direction * (X[i] - X[j])).sum(axis=1)
    return float(np.mean((np.sign(np.round(difference, 12)) + 1) / 2))


def _outer(rows: np.ndarray) -> np.ndarray:
    return rows[:, :, None] * rows[:, None, :]


def adjusted_auc(scores: np.ndarray, X: np.ndarray, positive: np.ndarray) -> float:
    """AUC of scores (n,) less what covariates explain of them within the classes."""
    centred, C = scores.astype(float).copy(), X.copy()
    for mine in (positive, ~positive):
        centred[mine] -= centred[mine].mean()
        C[mine] -= C[mine].mean(axis=0)
    slope = np.linalg.lstsq(C, centred, rcond=1e-8)[0]
    return float(auc(np.round(scores - X @ slope, 12), positive))


def overlap_weights(X: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """(n,) weights: the chance of each person to be of the other class, by ridge logistic regression on covariates."""
    chance = chance_of_class(X, positive)
    return np.where(positive, 1 - chance, chance)


def chance_of_class(X: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """(n,) propensity: the chance to be of the positive class, by ridge logistic regression on covariates (n, k)."""
    design = np.column_stack([np.ones(len(X)), X])
    penalty = np.diag([0.0] + [1.0] * X.shape[1])
    beta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-design @ beta))
        curvature = design.T @ (design * (chance * (1 - chance))[:, None]) + penalty
        step = np.linalg.solve(curvature, design.T @ (positive - chance) - penalty @ beta)
        beta += np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(1 / (1 + np.exp(-design @ beta)))


def weighted_auc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> float:
    """AUC in which a pair counts with the product of its two weights, ties half."""
    values, at = np.unique(scores, return_inverse=True)
    tied = np.bincount(at, weights=weights * ~positive, minlength=len(values))
    below = np.cumsum(tied) - tied / 2
    mine = weights * positive
    return float((mine * below[at]).sum() / (mine.sum() * tied.sum()))


def effective(weights: np.ndarray) -> float:
    """How many people of equal weight would vary as much (Kish)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def summarise(
    scores: np.ndarray, positive: np.ndarray, X: np.ndarray, *, names: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """All of it as plain values. scores: (n,), one per person; names: the covariates that X was made of.

    Intervals are of a bootstrap of people within classes that refits the adjustment; they take the scores as given.
    """
    alone = only(X, positive, seed=seed)
    weights = overlap_weights(X, positive)
    found: dict[str, Any] = {"names": list(names), "auc": float(auc(scores, positive)), "only": alone._asdict()}
    found["adjusted"] = {"auc": adjusted_auc(scores, X, positive)}
    found["weighted"] = {
        "auc": weighted_auc(scores, positive, weights),
        "effective_people": [effective(weights[~positive]), effective(weights[positive])],
    }
    rng = np.random.default_rng(derive_seed(seed, "covariates", "bootstrap"))
    rows = resampled(positive.astype(int), DRAWS if len(scores) <= MANY else DRAWS_OF_MANY, rng)
    drawn = {
        "adjusted": [adjusted_auc(scores[r], X[r], positive[r]) for r in rows],
        "weighted": [weighted_auc(scores[r], positive[r], overlap_weights(X[r], positive[r])) for r in rows],
    }
    for name, values in drawn.items():
        found[name]["auc_ci"] = list(percentile_interval(np.array(values)))
    return found
