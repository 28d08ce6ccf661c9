"""How well a number of people who were left out was predicted; the unit is the person.

R2 compares with the mean of the training people, not with the mean of those who are judged: the latter knows the answer
of the person left out. A model that knows nothing then has an R2 of 0, and correlations below 0: leaving a high value
out lowers the mean that it predicts. Compare a score with its null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate.bootstrap import bca_interval, resampled
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.statistics import CONFIDENCE, two_sided_z

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("rmse", "mae", "r2", "spearman", "concordance")
SMALLER_IS_BETTER = ("rmse", "mae")
NUMBERS = ("y", "predicted", "dummy")
INTERVAL = "bootstrap of people, BCa; conditional on the fitted folds"
FEWEST_IN_GROUP = 5  # people, for a correlation within a group


def people_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per person, in order: subject, group, y, predicted, dummy; means over repetitions, then over tasks.

    predictions: with these columns and task; a row judged in several folds counts by its mean.
    """
    keys = ["subject", "group"]
    per_task = predictions.groupby([*keys, "task"], sort=False)[list(NUMBERS)].mean()
    return per_task.groupby(level=keys, sort=False).mean().reset_index()


def measures(y: np.ndarray, predicted: np.ndarray, dummy: np.ndarray) -> dict[str, np.ndarray]:
    """MEASURES of (..., n) values, predictions and training means; NaN for a correlation with a constant."""
    error = predicted - y
    mse, baseline = (error**2).mean(axis=-1), ((dummy - y) ** 2).mean(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "rmse": np.sqrt(mse),
            "mae": np.abs(error).mean(axis=-1),
            "r2": 1 - mse / baseline,
            "spearman": _spearman(y, predicted),
            "concordance": _concordance(y, predicted),
        }


def _spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    x, y = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (rankdata(v, axis=-1) for v in (a, b)))
    return (x * y).sum(axis=-1) / np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))


def _concordance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Lin's concordance correlation (Biometrics 1989; 45:255): how near pairs lie to the line of identity."""
    x, y = (v - v.mean(axis=-1, keepdims=True) for v in (a, b))
    shift = (a.mean(axis=-1) - b.mean(axis=-1)) ** 2
    return 2 * (x * y).mean(axis=-1) / ((x**2).mean(axis=-1) + (y**2).mean(axis=-1) + shift)


def limits_of_agreement(y: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Bias and 95 % limits of predicted - y, each with an interval (Bland & Altman, SMMR 1999; 8:135)."""
    from scipy.stats import t

    difference, n = predicted - y, len(y)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    z, quantile = two_sided_z(CONFIDENCE), float(t.ppf((1 + CONFIDENCE) / 2, n - 1))
    of_bias, of_limit = quantile * sd / n**0.5, quantile * sd * (1 / n + z**2 / (2 * (n - 1))) ** 0.5
    ends = {"low": bias - z * sd, "high": bias + z * sd}
    return {
        "bias": bias,
        "bias_ci": [bias - of_bias, bias + of_bias],
        **ends,
        **{f"{name}_ci": [end - of_limit, end + of_limit] for name, end in ends.items()},
    }


def summarise(
    predictions: pd.DataFrame, null: pd.DataFrame | None, *, column: str, seed: int = 0, n_bootstrap: int = 2000
) -> dict[str, Any]:
    """All scores of a run that predicts a number, as plain values.

    predictions: as in predictions.csv. null: rows of permutation, subject, y, predicted, dummy, or None.
    """
    people = people_of(predictions)
    columns = tuple(people[name].to_numpy(float) for name in NUMBERS)
    found = measures(*columns)
    n = len(people)
    rng = np.random.default_rng(derive_seed(seed, "bootstrap"))
    rows = resampled(np.zeros(n), n_bootstrap, rng)
    drawn = measures(*(values[rows] for values in columns))
    others = np.array([np.delete(np.arange(n), i) for i in range(n)])
    left_out = measures(*(values[others] for values in columns))
    subject: dict[str, Any] = {"n": n, "n_permutations": 0, "ci_method": INTERVAL}
    of_null = None if null is None else _null_measures(null)
    for name in MEASURES:
        value = float(found[name])
        subject |= {name: value, f"{name}_ci": list(bca_interval(value, drawn[name], left_out[name]))}
        if of_null is not None:
            subject |= _against(name, value, of_null[name])
            subject["n_permutations"] = len(of_null[name])
    subject["dummy_rmse"] = float(np.sqrt(((columns[2] - columns[0]) ** 2).mean()))
    subject["sd"] = float(columns[0].std(ddof=1))
    return {
        "target": "number",
        "column": column,
        "subject": subject,
        "agreement": limits_of_agreement(columns[0], columns[1]),
        "within_groups": _within_groups(people),
    }


def _within_groups(people: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Of each group by itself: a number that differs between groups is predicted by telling the groups apart."""
    found = {}
    for group, rows in people.groupby("group", sort=False):
        if len(rows) >= FEWEST_IN_GROUP:
            scores = measures(*(rows[name].to_numpy(float) for name in NUMBERS))
            found[str(group)] = {"n": len(rows), **{name: float(scores[name]) for name in ("rmse", "mae", "spearman")}}
    return found


def _null_measures(null: pd.DataFrame) -> dict[str, np.ndarray]:
    table = null.sort_values(["permutation", "subject"], kind="stable")
    shape = (table["permutation"].nunique(), -1)
    return measures(*(table[name].to_numpy(float).reshape(shape) for name in NUMBERS))


def _against(name: str, value: float, null: np.ndarray) -> dict[str, float | None]:
    """Mean, sd and p of a null; NaN (a constant prediction) counts as no worse."""
    sign = -1 if name in SMALLER_IS_BETTER else 1
    reached = ~(sign * null < sign * value - 1e-12)
    return {
        f"{name}_null_mean": float(np.nanmean(null)) if np.isfinite(null).any() else None,
        f"{name}_null_sd": float(np.nanstd(null, ddof=1)) if np.isfinite(null).sum() > 1 else None,
        f"{name}_p": float((1 + reached.sum()) / (1 + len(null))),
    }
