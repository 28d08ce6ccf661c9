"""Features that somebody already has, one row per sample: the last half of the tool without recordings."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroface.cohorts.reading import given
from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.types import Samples

if TYPE_CHECKING:
    import pandas as pd

TASK = "table"  # the task of every row when no column says it
PER = ("subject", "sample")


class TableCohort:
    """A table of features, one row per sample.

    path: a .csv, .tsv or .parquet file, or a glob of files with the same columns. subject, label, task, sample, group:
    names of columns; without `sample` rows are numbered within subject and task, without `group` the label is the
    group. features: names or globs of numeric columns; columns that have another part to play never match a glob.
    label_per: "subject" where a person has one label (a diagnosis), "sample" where a person's rows may differ.
    """

    def __init__(
        self,
        *,
        path: str | Path | None,
        features: str | Sequence[str] | None,
        subject: str = "subject",
        label: str = "group",
        task: str | None = None,
        sample: str | None = None,
        group: str | None = None,
        label_per: str = "subject",
    ) -> None:
        if label_per not in PER:
            raise ConfigError(f"cohort.label_per={label_per}: there is no such choice." + did_you_mean(label_per, PER))
        self.path: str | Path = given(path, "cohort.path", "a .csv, .tsv or .parquet file, or a glob of them")
        features = given(features, "cohort.features", "the feature columns, by name or glob, e.g. f_*")
        self.features = [features] if isinstance(features, str) else list(features)
        if not self.features:
            raise ConfigError("cohort.features is empty. Set it to the feature columns, by name or glob, e.g. f_*.")
        self.subject, self.label, self.task, self.sample, self.group = subject, label, task, sample, group
        self.label_per = label_per

    def table(
        self,
        *,
        classes: Collection[str] | None = None,
        tasks: Collection[str] | None = None,
        exclude: Collection[str] = (),
    ) -> Samples:
        """The rows whose label is among `classes` and whose task is among `tasks` (None: all), as Samples.

        exclude: subjects or samples to leave out. Errors: ConfigError for a column that does not exist; one DataError
        for all rows that cannot be used, for a label that one subject alone has, and for text in a feature column.
        """
        frame = self._read()
        names = self._feature_names(frame)
        self._check_rows(frame)
        X = _numbers(frame, names, str(self.path))
        who = {role: frame[column].astype(str).str.strip().to_numpy() for role, column in self._roles().items()}
        who.setdefault("task", np.full(len(frame), TASK))
        keep = self._kept(who, classes, tasks)
        who = {role: values[keep] for role, values in who.items()}
        number = _number_within(who["subject"], who["task"])
        if "sample" not in who:
            who["sample"] = np.array(
                [f"{s}/{t}/{n:02d}" for s, t, n in zip(who["subject"], who["task"], number, strict=True)]
            )
        self._check_samples(who["sample"])
        out = _excluded(who, exclude)
        self.left_out_ = [
            {"what": str(name), "why": "cohort.exclude"} for name in dict.fromkeys(who["subject"][out].tolist())
        ]
        if not keep.all():
            why = "another label or task than is asked for"
            self.left_out_.append({"what": f"{(~keep).sum()} of {len(keep)} rows", "why": why})
        who = {role: values[~out] for role, values in who.items()}
        self._check_labels(who["subject"], who["label"])
        meta = {"sample": who["sample"], "group": who.get("group", who["label"]), "task": who["task"]}
        return Samples(
            X=X[keep][~out],
            y=who["label"],
            subject=who["subject"],
            meta={**meta, "repetition": number[~out]},
            feature_names=tuple(names),
        )

    def _roles(self) -> dict[str, str]:
        """Which column plays which part."""
        roles = ("subject", "label", "task", "sample", "group")
        return {role: getattr(self, role) for role in roles if getattr(self, role) is not None}

    def _read(self) -> pd.DataFrame:
        """All files below one another; columns with a part to play as text, so that 007 stays 007."""
        import pandas as pd

        files = _matching(self.path)
        frames: list[pd.DataFrame] = []
        problems = Problems()
        for file in files:
            frame = _read_file(file, text=list(self._roles().values()))
            for role, column in self._roles().items():
                if column not in frame:
                    near = did_you_mean(column, map(str, frame.columns))
                    raise ConfigError(f"cohort.{role}={column}: {file} has no such column.{near}")
            if frames and set(frame.columns) != set(frames[0].columns):
                odd = ", ".join(sorted(set(frame.columns) ^ set(frames[0].columns))[:5])
                problems.add(str(file), f"has other columns than {files[0]} ({odd})")
            frames.append(frame)
        problems.raise_if_any("Give all files the same columns.", of=len(files), noun="files")
        table = pd.concat(frames, ignore_index=True)
        if table.empty:
            raise DataError(f"{self.path} has no rows. Each sample needs one.")
        return table

    def _feature_names(self, frame: pd.DataFrame) -> list[str]:
        taken = set(self._roles().values())
        columns = [str(column) for column in frame.columns]
        names: dict[str, None] = {}
        for pattern in self.features:
            if pattern in taken:
                raise ConfigError(f"cohort.features names {pattern}, which says who or what a row is. Leave it out.")
            found = [c for c in columns if c == pattern or (c not in taken and fnmatch.fnmatchcase(c, pattern))]
            if not found:
                raise ConfigError(
                    f"cohort.features={pattern} matches no column of {self.path}."
                    + did_you_mean(pattern, set(columns) - taken)
                )
            names.update(dict.fromkeys(found))
        return list(names)

    def _check_rows(self, frame: pd.DataFrame) -> None:
        problems = Problems()
        for role, column in self._roles().items():
            empty = frame[column].isna() | frame[column].astype(str).str.strip().eq("")
            for row in np.flatnonzero(empty.to_numpy()):
                problems.add(f"row {row + 1}", f"no {role} in column {column}")
        problems.raise_if_any(f"Fill the cells of {self.path} or remove the rows.", of=len(frame), noun="rows")

    def _kept(
        self, who: dict[str, np.ndarray], classes: Collection[str] | None, tasks: Collection[str] | None
    ) -> np.ndarray:
        """(n,) whether a row's label and task are asked for; a label or task that no row has is an error."""
        keep = np.ones(len(who["label"]), dtype=bool)
        for role, asked in (("label", classes), ("task", tasks)):
            if asked is None:
                continue
            unknown = [name for name in asked if name not in set(who[role])]
            if unknown:
                key = f"protocol.{'classes' if role == 'label' else 'task'}"
                raise DataError(
                    f"No row of {self.path} has {role} {', '.join(unknown)}, which {key} asks for."
                    + did_you_mean(unknown[0], who[role])
                )
            keep &= np.isin(who[role], list(asked))
        if not keep.any():
            raise DataError(f"No row of {self.path} has both a label and a task that are asked for.")
        return keep

    def _check_samples(self, sample: np.ndarray) -> None:
        names, count = np.unique(sample, return_counts=True)
        if (count > 1).any():
            twice = ", ".join(names[count > 1][:5])
            raise DataError(f"{self.path}: {(count > 1).sum()} samples stand there more than once: {twice}.")

    def _check_labels(self, subject: np.ndarray, label: np.ndarray) -> None:
        people: dict[str, set[str]] = defaultdict(set)
        labels: dict[str, set[str]] = defaultdict(set)
        for who, what in zip(subject.tolist(), label.tolist(), strict=True):
            people[what].add(who)
            labels[who].add(what)
        if len(people) < 2:
            found = "".join(people) or "(no row is left)"
            raise DataError(f"All rows of {self.path} have label {found}; two classes are needed.")
        problems = Problems()
        for who, several in labels.items() if self.label_per == "subject" else ():
            if len(several) > 1:
                problems.add(who, f"has labels {' and '.join(sorted(several))}")
        next_step = "Give a person one label, or set cohort.label_per=sample if labels belong to rows."
        problems.raise_if_any(next_step, of=len(labels), noun="subjects")
        for what, having in people.items():
            if len(having) == 1:
                problems.add(f"label {what}", f"only subject {min(having)} has it, and none with that one left out")
        problems.raise_if_any("Add people, or leave the label out with protocol.classes.", noun="labels")


def _excluded(who: dict[str, np.ndarray], exclude: Collection[str]) -> np.ndarray:
    """(n,) whether a row's subject or sample is to be left out; a name that matches nothing is an error."""
    out = np.isin(who["subject"], list(exclude)) | np.isin(who["sample"], list(exclude))
    known = {*who["subject"].tolist(), *who["sample"].tolist()}
    for name in exclude:
        if name not in known:
            raise ConfigError(f"cohort.exclude names {name!r}, which is not in the table." + did_you_mean(name, known))
    return out


def _matching(path: str | Path) -> list[Path]:
    """The file that `path` names, or the files that it matches as a glob, in order of name."""
    given = Path(path).expanduser()
    if given.exists() or not set("*?[") & set(str(given)):
        return [given]
    relative = given.relative_to(given.anchor) if given.anchor else given
    files = sorted(Path(given.anchor or ".").glob(str(relative)))
    if not files:
        raise DataError(f"No file matches {path}. Set cohort.path to a file or a glob of files.")
    return files


def _read_file(file: Path, *, text: list[str]) -> pd.DataFrame:
    """One file as a table with trimmed column names; `text` are the columns to keep as written."""
    import pandas as pd

    if not file.is_file():
        raise DataError(f"There is no file {file}. Set cohort.path to a .csv, .tsv or .parquet file.")
    try:
        if file.suffix == ".parquet":
            frame = pd.read_parquet(file)
        elif file.suffix in (".csv", ".tsv"):
            separator = "\t" if file.suffix == ".tsv" else ","
            as_written = {name: str.strip for column in text for name in (column, f" {column}")}
            frame = pd.read_csv(file, sep=separator, encoding="utf-8-sig", skipinitialspace=True, converters=as_written)
        else:
            raise DataError(f"{file} is neither .csv, .tsv nor .parquet.")
    except ImportError as error:
        raise DataError(f"Reading {file} needs pyarrow: pip install 'neuroface[parquet]'.") from error
    except (ValueError, OSError) as error:
        raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}.") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    return frame


def _numbers(frame: pd.DataFrame, names: list[str], path: str) -> np.ndarray:
    """(n, d): the feature columns as numbers, NaN where empty. Names every column that holds text or nothing."""
    import pandas as pd

    columns, problems = [], Problems()
    for name in names:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        text = np.isnan(values) & frame[name].notna().to_numpy()
        if text.any():
            row = int(np.flatnonzero(text)[0])
            problems.add(f"column {name}", f"is not numeric: {frame[name].iloc[row]!r} in row {row + 1}")
        elif np.isnan(values).all():
            problems.add(f"column {name}", "has no number in any row")
        elif np.isinf(values).any():
            problems.add(f"column {name}", f"is infinite in {int(np.isinf(values).sum())} rows")
        columns.append(values)
    next_step = f"Mend {path}, or name other columns with cohort.features."
    problems.raise_if_any(next_step, of=len(names), noun="feature columns")
    return np.stack(columns, axis=1)


def _number_within(subject: np.ndarray, task: np.ndarray) -> np.ndarray:
    """(n,) 0, 1, 2, ... within each subject and task, in the order of the rows."""
    count: dict[tuple[str, str], int] = defaultdict(int)
    numbers = []
    for key in zip(subject.tolist(), task.tolist(), strict=True):
        numbers.append(count[key])
        count[key] += 1
    return np.array(numbers, dtype=int)
