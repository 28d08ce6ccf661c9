"""predictions.csv and its parts: one row per judged sample, floats written so that they read back exactly."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.errors import DataError
from neuroface.evaluate.cells import guarded, plain
from neuroface.evaluate.tournament import judged

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.evaluate.design import Kind
    from neuroface.evaluate.fold import FoldResult
    from neuroface.types import Samples

FIRST = ("sample", "subject", "group", "task", "repetition")


PART = "part:"  # part:eyes:HC is the probability of HC by the eyes alone
SIDE = "side_left"  # probability that the left side is the affected one


def columns(meta: Iterable[str], classes: Sequence[str], *, side: bool = False, parts: Sequence[str] = ()) -> list[str]:
    """The header of predictions.csv: who and what, the fold, the class, the probabilities, the threshold, the dummy.

    side: and the probability that the left side is affected. parts: and the probabilities by each part alone.
    """
    other = [name for name in meta if name not in FIRST]
    computed = ["fold", "y", *(f"p_{c}" for c in classes), *(["threshold"] if len(classes) == 2 else [])]
    computed += [*(f"dummy_p_{c}" for c in classes), *([SIDE] if side else [])]
    computed += [part_column(part, c) for part in parts for c in classes]
    taken = sorted(set(other) & set(computed))
    if taken:
        raise DataError(f"Samples bring columns that predictions use themselves: {', '.join(taken)}. Rename them.")
    return [*FIRST, *other, *computed]


def part_column(part: str, label: str) -> str:
    """Where a part's probability of a class stands."""
    return f"{PART}{part}:{label}"


def parts_of(header: Iterable[str]) -> tuple[str, ...]:
    """The parts of a run, from the header that `columns` made."""
    return tuple(dict.fromkeys(name.split(":")[1] for name in map(str, header) if name.startswith(PART)))


def classes_of(header: Iterable[str]) -> list[str]:
    """The classes of a run in their order, from the header that `columns` made: its probabilities follow "y"."""
    after_y = list(header)[len(FIRST) :]
    after_y = after_y[after_y.index("y") + 1 :] if "y" in after_y else []
    return [name.removeprefix("p_") for name in itertools.takewhile(lambda name: name.startswith("p_"), after_y)]


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
        if result.side is not None:
            row[SIDE] = result.side[i]
        for part, p in (result.parts or {}).items():
            row |= {part_column(part, c): p[i, k] for k, c in enumerate(classes)}
        rows.append(row)
    return rows


def inner_rows(
    samples: Samples, inner: tuple[np.ndarray, np.ndarray], classes: Sequence[str]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Header and rows of the people that a fold held out from its own training: positions, probabilities (n, k)."""
    names, tasks = [f"p_{c}" for c in classes], tasks_of(samples)
    rows = [
        {"sample": samples.meta["sample"][i], "subject": samples.subject[i], "task": tasks[i], "y": samples.y[i]}
        | dict(zip(names, p, strict=True))
        for i, p in zip(*inner, strict=True)
    ]
    return ["sample", "subject", "task", "y", *names], rows


def tasks_of(samples: Samples) -> np.ndarray:
    """(n,) the task of each sample; "" in a cohort without tasks."""
    return np.asarray(samples.meta.get("task", np.full(len(samples), ""))).astype(str)


def null_rows(
    samples: Samples,
    y: np.ndarray,
    probabilities: np.ndarray,
    *,
    permutation: int,
    classes: Sequence[str],
    design: Kind,
) -> tuple[list[str], list[dict[str, Any]]]:
    """Header and rows of one permutation: one row per subject and task, or per sample where anybody shows two classes.

    y: (n,) permuted classes. probabilities: (n, n_classes) held-out, in the order of the samples.
    """
    tasks, each_sample = tasks_of(samples), design != "between"
    p_columns = [f"p_{c}" for c in classes]
    units: dict[tuple[str, ...], list[int]] = {}
    for i, (sample, subject, task) in enumerate(zip(samples.meta["sample"], samples.subject, tasks, strict=True)):
        key = (str(sample), str(subject), str(task)) if each_sample else (str(subject), str(task))
        units.setdefault(key, []).append(i)
    names = ["sample", "subject", "task"] if each_sample else ["subject", "task"]
    rows = [
        {"permutation": permutation, **dict(zip(names, key, strict=True)), "y": y[at[0]]}
        | dict(zip(p_columns, probabilities[at].mean(axis=0), strict=True))
        for key, at in units.items()
    ]
    return ["permutation", *names, "y", *p_columns], rows


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
    return repr(value) if isinstance(value, float) else str(guarded(value))


def mean_probabilities(predictions: pd.DataFrame, samples: Iterable[str], classes: Sequence[str]) -> np.ndarray:
    """(n, n_classes) held-out probabilities in the order of `samples`, as they are `judged`."""
    columns = [f"p_{c}" for c in classes]
    one_each = judged(predictions, classes).set_index("sample")[columns]
    return one_each.reindex([str(s) for s in samples]).fillna(0.5).to_numpy()  # who met nobody is not judged at all


def merge_folds(paths: Sequence[Path], sample_order: Iterable[str]) -> str:
    """The text of all fold files as one CSV, in the order of the samples, then of `paths`; fields stay as they are."""
    position = {str(sample): i for i, sample in enumerate(sample_order)}
    header: list[str] = []
    rows: list[list[str]] = []
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            header, *body = csv.reader(file)
        rows += body
    rows.sort(key=lambda row: position[plain(row[header.index("sample")])])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def read_predictions(path: Path | str) -> pd.DataFrame:
    """A predictions or null file as a table: ids stay text ("001", "NA"), probabilities read back exactly."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist. Finish the run first: neuroface train run={path.parent}.")
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no text, no table, no number
        raise DataError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. Delete it and give the run's own train command "
            "again; what is finished is kept."
        ) from error


def read_null(run: Path | str, *, first: int | None = None) -> pd.DataFrame | None:
    """All permutations of a run folder, or the first so many, as one table; None when it has none."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((Path(run) / "null").glob("*.csv"))[:first]]
    if not texts:
        return None
    header = texts[0].split("\n", 1)[0] + "\n"
    return _parse(header + "".join(text.split("\n", 1)[1] for text in texts))


def _parse(text: str) -> pd.DataFrame:
    import pandas as pd

    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    for name in map(str, table.columns):
        if name.startswith(("p_", "dummy_p_")) or name in ("threshold", SIDE):
            table[name] = [float(value) for value in table[name]]
        elif name.startswith(PART):  # empty where the part is missing
            table[name] = [float(value or "nan") for value in table[name]]
        else:
            table[name] = table[name].map(plain)
    return table
