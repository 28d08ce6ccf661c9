"""What is judged where samples are tested in several folds: a mean, or the share of opponents beaten in a tournament.

Under leave-pair-out every two people meet once, judged by a model that saw neither. Each person's score is the share of
the others that they were ranked above, ties counting half: the ROC curve of these scores is that of the tournament
(Montoya Perez et al., Statistical Methods in Medical Research 2019; 28:2975). Scores of different folds are never
compared, so that a fold's own class shares, which bias pooled leave-one-out scores, cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate.splits import file_name
from neuroface.evaluate.statistics import auc

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 12  # equal means summed in another order are the ties that they are


class Tournament:
    """Who met whom, of judged rows: fold, subject, task (n,) each. People meet in each task that both did."""

    def __init__(self, fold: np.ndarray, subject: np.ndarray, task: np.ndarray) -> None:
        keys = [np.unique(column, return_inverse=True)[1].ravel() for column in (fold, task, subject)]
        entries, first, self.entry = np.unique(np.stack(keys), axis=1, return_index=True, return_inverse=True)
        self.entry = self.entry.ravel()
        meeting = np.unique(entries[:2], axis=1, return_inverse=True)[1].ravel()  # entries are sorted by fold and task
        here = np.flatnonzero(meeting[:-1] == meeting[1:])
        self.partner = np.full(len(first), -1)
        self.partner[here], self.partner[here + 1] = here + 1, here
        _, self.who = np.unique(entries[1:], axis=1, return_inverse=True)
        self.who = self.who.ravel()

    def shares(self, score: np.ndarray) -> np.ndarray:
        """(n,) of each row, the share of opponents that its person's mean score of the task lies above; NaN for none.

        score: (n,) of the judged rows, higher is more positive.
        """
        mean = (np.bincount(self.entry, weights=score) / np.bincount(self.entry)).round(DECIMALS)
        met = self.partner >= 0
        won = (np.sign(mean[met] - mean[self.partner[met]]) + 1) / 2
        games = np.bincount(self.who[met], minlength=self.who.max() + 1)
        wins = np.bincount(self.who[met], weights=won, minlength=self.who.max() + 1)
        share = np.divide(wins, games, out=np.full(len(wins), np.nan), where=games > 0)
        return share[self.who[self.entry]]

    def means(self, value: np.ndarray) -> np.ndarray:
        """(n,) of each row, the mean of a value (n,) over the folds of its person and task."""
        who = self.who[self.entry]
        return (np.bincount(who, weights=value) / np.bincount(who))[who]


def is_tournament(fold: np.ndarray, subject: np.ndarray) -> bool:
    """Whether every two of the people were judged together, in one fold of their own; fold, subject: (n,)."""
    people, code = np.unique(subject, return_inverse=True)
    folds, at = np.unique(fold, return_inverse=True)
    n = len(people)
    if n < 3 or len(folds) != n * (n - 1) // 2:
        return False
    low, high = np.full(len(folds), n), np.full(len(folds), -1)
    np.minimum.at(low, at, code)
    np.maximum.at(high, at, code)
    two = ((code == low[at]) | (code == high[at])).all() and (low < high).all()
    return bool(two and len(set(zip(low.tolist(), high.tolist(), strict=True))) == len(folds))


def judged(predictions: pd.DataFrame, classes: Any) -> pd.DataFrame:
    """One row per sample, in order of first appearance; a table in which no sample comes twice is returned as it is.

    predictions: as in predictions.csv. Where samples were tested in several folds, their numbers are means over these
    and `fold` is the person, as a file name. In a tournament the last class's probability is the share of opponents
    beaten, the same for all samples of a person's task; the threshold lies as far below it as the person's mean
    probability lay above the thresholds of the folds. Rows of a task that nobody else did are left out then: they met
    nobody.
    """
    if "sample" not in predictions or predictions["sample"].is_unique:
        return predictions
    numbers = [
        n for n in map(str, predictions) if n.startswith(("p_", "dummy_p_", "part:")) or n in ("threshold", "side_left")
    ]
    predictions = predictions.copy()
    fold, subject = predictions["fold"].to_numpy(str), predictions["subject"].to_numpy(str)
    if len(classes) == 2 and is_tournament(fold, subject):
        met, positive = Tournament(fold, subject, predictions["task"].to_numpy(str)), f"p_{classes[1]}"
        p = predictions[positive].to_numpy(float)
        share = met.shares(p)
        if "threshold" in predictions:
            predictions["threshold"] = share - met.means(p - predictions["threshold"].to_numpy(float))
        predictions[positive], predictions[f"p_{classes[0]}"] = share, 1 - share
        predictions = predictions[~np.isnan(share)]
    rest = {str(name): "first" for name in predictions if name not in (*numbers, "sample")}
    table = predictions.groupby("sample", sort=False).agg({**rest, **dict.fromkeys(numbers, "mean")}).reset_index()
    table["fold"] = table["subject"].map(file_name)
    return table[[str(name) for name in predictions]]


def auc_within_folds(predictions: pd.DataFrame, positive: str) -> tuple[float, int] | None:
    """AUC over the pairs of people that one and the same model judged, and how many; None where there are none.

    Of k folds, pairs are those within a fold; under leave-pair-out all of them, and this is its unbiased AUC (Airola et
    al., Computational Statistics & Data Analysis 2011; 55:1828).
    """
    per_task = predictions.groupby(["fold", "subject", "y", "task"], sort=False)[f"p_{positive}"].mean()
    people = per_task.groupby(level=["fold", "subject", "y"], sort=False).mean().round(DECIMALS).reset_index()
    right, pairs = 0.0, 0
    for _, rows in people.groupby("fold", sort=False):
        is_positive = (rows["y"] == positive).to_numpy()
        here = int(is_positive.sum()) * int((~is_positive).sum())
        if here:
            right += here * float(auc(rows[f"p_{positive}"].to_numpy(float), is_positive))
            pairs += here
    return (right / pairs, pairs) if pairs else None
