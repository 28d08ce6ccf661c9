"""How well the affected side is told, by estimators that learn it beside the class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate import statistics
from neuroface.evaluate.predictions import SIDE

if TYPE_CHECKING:
    import pandas as pd


def side_scores(predictions: pd.DataFrame) -> dict[str, Any] | None:
    """Share of people whose affected side is told, of those where it is known; None where no side was predicted.

    A person's side is "left" when the mean probability over their samples is above .5. Those with samples of both
    sides (photographs named by side) are judged sample by sample, without an interval.
    """
    if SIDE not in predictions or "side" not in predictions:
        return None
    known = predictions[predictions["side"].isin(("left", "right"))]
    if known.empty:
        return None
    of_person = known.groupby("subject")["side"].nunique()
    one_side = bool((of_person == 1).all())
    table = known.groupby("subject" if one_side else "sample").agg({"side": "first", SIDE: "mean"})
    left, told = (table["side"] == "left").to_numpy(), table[SIDE].to_numpy(float)
    right = int(np.count_nonzero((told > 0.5) == left))
    scores: dict[str, Any] = {
        "accuracy": right / len(table),
        "auc": float(statistics.auc(told, left)),
        "n": {"left": int(left.sum()), "right": int((~left).sum())},
        "unit": "person" if one_side else "sample",
    }
    return scores | ({"accuracy_ci": list(statistics.wilson(right, len(table)))} if one_side else {})
