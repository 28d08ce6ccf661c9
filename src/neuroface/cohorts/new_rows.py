"""Rows of a table that a finished run is to judge: nothing is fitted to them, so that one person is enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from neuroface.cohorts.table import TableCohort

UNLABELLED = "unlabelled"


class NewRows(TableCohort):
    """A table of new people, one row per sample, as TableCohort reads it.

    features: the columns that the run looks at, in its order. task: the column, or None where all rows are of
    `usual_task`. A label is shown where the column is there, and is not needed.
    """

    may_be_empty = True

    def __init__(self, *, features: Sequence[str], usual_task: str | None = None, **keys: Any) -> None:
        super().__init__(features=features, **keys)
        self.usual_task = usual_task

    def _read(self) -> pd.DataFrame:
        label, self.label = self.label, self.subject
        frame = super()._read()
        self.label = label
        if label not in frame:
            frame[label] = UNLABELLED
        if self.usual_task and self.task is None:
            self.task = "task"
            frame["task"] = self.usual_task
        return frame

    def _check_labels(self, subject: np.ndarray, label: np.ndarray, *, told_apart: bool) -> None:
        """Any label will do."""
