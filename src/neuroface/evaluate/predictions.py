"""predictions.csv and its parts: one row per judged sample, floats written so that they read back exactly."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.evaluate.fold import FoldResult
    from neuroface.types import Samples

FIRST = ("sample", "subject", "group", "task", "repetition")


def columns(meta: Iterable[str], classes: Sequence[str]) -> list[str]:
    """The header of predictions.csv: who and what, the fold, the class, the probabilities, the threshold, the dummy."""
    other = [name for name in meta if name not in FIRST]
    computed = ["fold", "y", *(f"p_{c}" for c in classes), *(["threshold"] if len(classes) == 2 else [])]
    computed += [f"dummy_p_{c}" for c in classes]
    taken = sorted(set(other) & set(computed))
    if taken:
        raise DataError(f"Samples bring columns that predictions use themselves: {', '.join(taken)}. Rename them.")
    return [*FIRST, *other, *computed]


def fold_rows(samples: Samples, result: FoldResult, classes: Sequence[str]) -> list[dict[str, Any]]:
    """One mapping per test row of a fold; a cohort without groups or tasks gets its class and ""."""
    rows = []
    for i, position in enumerate(result.test):
        meta = {name: column[position] for name, column in samples.meta.items()}
        row = {"group": samples.y[position], "task": "", "repetition": "", **meta}
        row |= {"subject": samples.subject[position], "y": samples.y[position], "fold": result.name}
        row |= {f"p_{c}": result.probabilities[i, k] for k, c in enumerate(classes)}
        row |= {f"dummy_p_{c}": result.dummy[i, k] for k, c in enumerate(classes)}
        if result.threshold is not None:
            row["threshold"] = result.threshold
        rows.append(row)
    return rows


def to_csv(rows: Iterable[Mapping[str, Any]], header: Sequence[str]) -> str:
    """CSV text with \\n line ends; floats as Python's shortest text that reads back to the same number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_text(row[name]) for name in header] for row in rows)
    return text.getvalue()


def _text(value: Any) -> str:
    if hasattr(value, "item"):
        value = value.item()
    return repr(value) if isinstance(value, float) else str(value)


def merge_folds(paths: Sequence[Path], sample_order: Sequence[str]) -> str:
    """The text of all fold files as one CSV, in the order of the samples, then of `paths`; fields are not re-written."""
    position = {str(sample): i for i, sample in enumerate(sample_order)}
    header: list[str] = []
    rows: list[list[str]] = []
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            header, *body = csv.reader(file)
        rows += body
    rows.sort(key=lambda row: position[row[header.index("sample")]])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def read_predictions(path: Path | str) -> pd.DataFrame:
    """A predictions or null file as a table: ids stay text ("001", "NA"), probabilities read back exactly."""
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist. Finish the run first: neuroface train run={path.parent}.")
    names = pd.read_csv(path, nrows=0).columns
    numeric = {name for name in names if name.startswith(("p_", "dummy_p_")) or name == "threshold"}
    types = {name: float if name in numeric else str for name in names}
    return pd.read_csv(path, dtype=types, keep_default_na=False, float_precision="round_trip")
