"""Features that somebody already has, one row per sample: the last half of the tool without recordings."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.cohorts.dialect import check_people, check_spelling
from neuroface.cohorts.reading import given
from neuroface.cohorts.table_checks import check_copies, code_for_missing, told_of_numbers, why_no_feature
from neuroface.cohorts.table_files import Written, matching, read_table
from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.types import Samples

if TYPE_CHECKING:
    import pandas as pd

TASK = "table"  # the task of every row when no column says it
PER = ("subject", "sample")
NOT_ASKED = "another label or task than is asked for"


class TableCohort:
    """A table of features, one row per sample.

    path: a .csv, .tsv, .xlsx or .parquet file, or a glob of files with the same columns. subject, label, task, sample,
    group: names of columns; without `sample` rows are numbered within subject and task, without `group` the label is
    the group. age, sex, site: names of columns with facts about the person, for the report. target: of a column with a
    number of the person, for protocol.column. features: names or globs of numeric columns; columns that have another
    part to play never match a glob, nor do those that only count rows or hold dates. label_per: "subject" where a
    person has one label (a diagnosis), "sample" where a person's rows may differ. separator, decimal, encoding: of text
    files, where they are not as they look.
    """

    may_be_empty = False  # whether a feature may be missing in every row

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
        age: str | None = None,
        sex: str | None = None,
        site: str | None = None,
        target: str | None = None,
        separator: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
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
        self.age, self.sex, self.site, self.target = age, sex, site, target
        self.written = Written(separator, decimal, encoding)

    def table(
        self,
        *,
        classes: Collection[str] | None = None,
        tasks: Collection[str] | None = None,
        exclude: Collection[str] = (),
        told_apart: bool = True,
    ) -> Samples:
        """The rows whose label is among `classes` and whose task is among `tasks` (None: all), as Samples.

        exclude: subjects or samples to leave out. told_apart: whether labels are the classes of the question; where
        they are not (a number is predicted, stages are made of a group), one label is enough, and one person may have
        it. Errors: ConfigError for a column that does not exist; one DataError for all rows that cannot be used, for a
        label that one subject alone has, and for text in a feature column.
        """
        self.notes_: dict[str, Any] = {}
        self.left_out_: list[dict[str, str]] = []
        frame = self._read()
        self._check_rows(frame)
        who = {role: frame[column].astype(str).str.strip().to_numpy() for role, column in self._roles().items()}
        check_spelling(who["label"], str(self.path))
        check_people(who["subject"], str(self.path))
        who.setdefault("task", np.full(len(frame), TASK))
        names = self._feature_names(frame, _number_within(who["subject"], np.full(len(frame), TASK)))
        X = _numbers(frame, names, str(self.path), may_be_empty=self.may_be_empty)
        keep = self._kept(who, classes, tasks)
        everyone, who = who, {role: values[keep] for role, values in who.items()}
        if classes is None and (told := told_of_numbers(who["label"], self.label, str(self.path))):
            self.notes_["labels"] = told
        if copies := check_copies(who["subject"], X[keep], str(self.path)):
            self.notes_["rows_that_repeat_another"] = copies
        number = _number_within(who["subject"], who["task"])
        if "sample" not in who:
            who["sample"] = np.array(
                [f"{s}/{t}/{n:02d}" for s, t, n in zip(who["subject"], who["task"], number, strict=True)]
            )
        self._check_samples(who["sample"])
        out = _excluded(who, exclude)
        self.left_out_ += [
            {"what": str(name), "why": "cohort.exclude"} for name in dict.fromkeys(who["subject"][out].tolist())
        ]
        self._tell_not_asked(everyone, keep)
        self.attributes_ = self._facts(frame, keep, out)
        who = {role: values[~out] for role, values in who.items()}
        self._check_labels(who["subject"], who["label"], told_apart=told_apart)
        meta = {"sample": who["sample"], "group": who.get("group", who["label"]), "task": who["task"]}
        return Samples(
            X=X[keep][~out],
            y=who["label"],
            subject=who["subject"],
            meta={**meta, "repetition": number[~out]},
            feature_names=tuple(names),
        )

    def _tell_not_asked(self, who: Mapping[str, np.ndarray], keep: np.ndarray) -> None:
        """Whose rows are not asked for, people first: they are part of who was in, and who was not."""
        if keep.all():
            return
        gone = sorted(set(who["subject"].tolist()) - set(who["subject"][keep].tolist()))
        if gone:
            labels = sorted(set(who["label"][np.isin(who["subject"], gone)].tolist()))
            people = f"{len(gone)} of {len(set(who['subject'].tolist()))} people"
            self.left_out_.append({"what": f"{people} ({', '.join(labels)})", "why": NOT_ASKED})
        rest = int((~keep & ~np.isin(who["subject"], gone)).sum())
        if rest:
            self.left_out_.append({"what": f"{rest} of {len(keep)} rows", "why": NOT_ASKED})

    def _facts(self, frame: pd.DataFrame, keep: np.ndarray, out: np.ndarray) -> dict[str, dict[str, Any]]:
        """{subject: {"age": .., "sex": .., "site": ..}} of the rows that stay, from a person's first row."""
        facts: dict[str, dict[str, Any]] = {}
        names = self._facts_columns()
        for row in frame[keep][~out].to_dict("records") if names else ():
            subject = str(row[self.subject]).strip()
            told = {role: row[column] for role, column in names.items() if row[column] == row[column]}
            facts.setdefault(subject, told)
            if self.target is not None and told.get(self.target) != facts[subject].get(self.target):
                raise DataError(
                    f"{self.path}: {subject} has several values of {self.target} "
                    f"({facts[subject].get(self.target)}, {told.get(self.target)}). It must be one number per person."
                )
        return facts

    def _facts_columns(self) -> dict[str, str]:
        """What a fact is called -> its column; the target keeps its column's name."""
        facts = {role: column for role in ("age", "sex", "site") if (column := getattr(self, role)) is not None}
        return facts | ({} if self.target is None else {self.target: self.target})

    def _roles(self) -> dict[str, str]:
        """Which column plays which part."""
        roles = ("subject", "label", "task", "sample", "group")
        return {role: getattr(self, role) for role in roles if getattr(self, role) is not None}

    def _read(self) -> pd.DataFrame:
        """All files below one another; columns with a part to play as text, so that 007 stays 007."""
        import pandas as pd

        files = matching(self.path)
        frames: list[pd.DataFrame] = []
        problems = Problems()
        for file in files:
            frame, how = read_table(file, text=list(self._roles().values()), written=self.written)
            if how:
                self.notes_["table"] = f"read with {how}"
            for role, column in (self._roles() | self._facts_columns()).items():
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

    def _feature_names(self, frame: pd.DataFrame, within: np.ndarray) -> list[str]:
        """Columns that are named, and those that a glob matches unless they only say when or in which order.

        within: (n,) number of each row within its person.
        """
        taken = {*self._roles().values(), *self._facts_columns().values()}
        columns = [str(column) for column in frame.columns]
        names: dict[str, None] = {}
        no_features = {c: why for c in columns if c not in taken and (why := why_no_feature(frame[c], c, within))}
        for pattern in self.features:
            if pattern in taken:
                raise ConfigError(f"cohort.features names {pattern}, which says who or what a row is. Leave it out.")
            found = [c for c in columns if c == pattern or (c not in taken and fnmatch.fnmatchcase(c, pattern))]
            if not found:
                raise ConfigError(
                    f"cohort.features={pattern} matches no column of {self.path}."
                    + did_you_mean(pattern, set(columns) - taken)
                )
            left = [c for c in found if c in no_features and c != pattern and c not in self.features]
            self.left_out_ += [{"what": f"column {c}", "why": f"it {no_features[c]}"} for c in left]
            names.update(dict.fromkeys(c for c in found if c not in left))
        if not names:
            raise ConfigError(
                f"cohort.features matches only columns that count rows or hold dates: {', '.join(columns)}."
            )
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

    def _check_labels(self, subject: np.ndarray, label: np.ndarray, *, told_apart: bool) -> None:
        people: dict[str, set[str]] = defaultdict(set)
        labels: dict[str, set[str]] = defaultdict(set)
        for who, what in zip(subject.tolist(), label.tolist(), strict=True):
            people[what].add(who)
            labels[who].add(what)
        if len(people) < 2 and told_apart:
            found = "".join(people) or "(no row is left)"
            raise DataError(f"All rows of {self.path} have label {found}; two classes are needed.")
        problems = Problems()
        for who, several in labels.items() if self.label_per == "subject" else ():
            if len(several) > 1:
                problems.add(who, f"has labels {' and '.join(sorted(several))}")
        next_step = "Give a person one label, or set cohort.label_per=sample if labels belong to rows."
        problems.raise_if_any(next_step, of=len(labels), noun="subjects")
        for what, having in people.items() if told_apart else ():
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


def _numbers(frame: pd.DataFrame, names: list[str], path: str, *, may_be_empty: bool) -> np.ndarray:
    """(n, d): the feature columns as numbers, NaN where empty. Names every column that holds text or nothing."""
    import pandas as pd

    columns, problems = [], Problems()
    for name in names:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        text = np.isnan(values) & frame[name].notna().to_numpy()
        if text.any():
            row = int(np.flatnonzero(text)[0])
            problems.add(f"column {name}", f"is not numeric: {frame[name].iloc[row]!r} in row {row + 1}")
        elif np.isnan(values).all() and not may_be_empty:
            problems.add(f"column {name}", "has no number in any row")
        elif np.isinf(values).any():
            problems.add(f"column {name}", f"is infinite in {int(np.isinf(values).sum())} rows")
        elif (code := code_for_missing(values)) is not None:
            what = (
                f"is {code:g} in {int((values == code).sum())} rows, which seems to stand for missing; leave them empty"
            )
            problems.add(f"column {name}", what)
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
