"""What passes for a feature, a class or a sample in a table and is none: row numbers, dates, copies, measures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from neuroface.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# names of columns that say when or in which order, in whole numbers
_ORDER = re.compile(
    r"unnamed: ?\d+|index|idx|(row|record|line|visit|session|trial|order|sequence)?[ _]?(number|num|no|nr|id|index|#)?"
    r"|row|visit|session|trial|order|.*\bdate.*|.*(^|[_ ])date([_ ]|$).*|.*datum.*|.*time ?stamp.*",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?")
CODES = (-9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0)  # of missing values, as statistics packages write them
FEW = 5  # rows below which any numbers may rise by one
SURELY = 10  # rows from which whole numbers that only rise are no measurement: by chance once in 10! orders
GRADES = 10  # more different numbers than this are a measure, no classes


def why_no_feature(column: pd.Series, name: str, within: np.ndarray) -> str:
    """Why a column that a glob matched says when or in which order a row was made, or "" for a feature.

    within: (n,) number of each row within its person.
    """
    import pandas as pd

    known = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(column):
        return "holds dates"
    if not pd.api.types.is_numeric_dtype(column):
        words = known.astype(str).str.strip()
        return "holds dates" if len(words) and words.map(lambda cell: _DATE.fullmatch(cell) is not None).all() else ""
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if len(values) < FEW or np.isnan(values).any() or (values != np.round(values)).any():
        return ""
    steps = np.diff(values)
    if len(set(steps)) == 1 and abs(steps[0]) == 1:
        return "counts the rows"
    if len(values) >= SURELY and ((steps > 0).all() or (steps < 0).all()):
        return "only rises or falls with the rows, as numbers of rows or dates do"
    if within.max() > 1 and len(set(values - within)) == 1:
        return "counts a person's rows"
    if _looks_like_days(values):
        return "holds dates"
    return "says by its name when or in which order a row was made" if name and _ORDER.fullmatch(name) else ""


def code_for_missing(values: np.ndarray) -> float | None:
    """The number that stands for a missing value in a column, (n,): a usual one, far from all others; None without one.

    Far: by more than all others are apart.
    """
    for code in CODES:
        others = values[np.isfinite(values) & (values != code)]
        if len(others) == np.isfinite(values).sum() or len(others) < FEW:
            continue
        away = max(others.min() - code, code - others.max())
        if away > np.ptp(others) > 0:
            return code
    return None


def _looks_like_days(values: np.ndarray) -> bool:
    """Whether all are days written as 20240131."""
    if not ((values >= 19_000_101) & (values <= 21_001_231)).all():
        return False
    month, day = values // 100 % 100, values % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def check_copies(subject: np.ndarray, X: np.ndarray, path: str) -> int:
    """Refuse a table that holds every row more than once; else the number of rows that repeat another of their person.

    Whole numbers, such as ratings, may well be the same twice, and are not judged.
    """
    if not len(X) or (np.nan_to_num(X) == np.round(np.nan_to_num(X))).all():
        return 0
    people = np.unique(subject, return_inverse=True)[1]
    _, count = np.unique(np.column_stack([people, np.nan_to_num(X, nan=np.inf)]), axis=0, return_counts=True)
    if count.min() > 1:
        raise DataError(
            f"{path} holds each row {count.min()} times: {len(X) - len(count)} of {len(X)} rows are copies. "
            "Remove them; a copy is no second sample."
        )
    return int((count - 1).sum())


def told_of_numbers(labels: np.ndarray, column: str, path: str) -> str:
    """What to say of labels that are numbers, or "". Errors: DataError for a measure, which has no classes."""
    try:
        values = sorted({float(label) for label in labels})
    except ValueError:
        return ""
    if len(values) < 3:
        return ""
    if len(values) > GRADES or any(value != round(value) for value in values):
        raise DataError(
            f"Column {column} of {path} holds {len(values)} different numbers: a measure, and no classes. Make groups "
            "of it, or name those that are meant with protocol.classes."
        )
    return f"{len(values)} numbers in column {column} are taken as so many classes, whose order does not count"
