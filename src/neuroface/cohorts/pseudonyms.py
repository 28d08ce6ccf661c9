"""People under other names: drawn at random, written down in one key file, and read again from it."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.reading import BrokenRecordingsError, read_rows
from neuroface.errors import ConfigError, DataError
from neuroface.types import Cohort, Recording, Samples

COLUMNS = ("subject", "pseudonym")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another
SHORT = 3  # letters; a shorter name, as 1, is found in words that do not mean it
LENGTH = 6  # 32 ** 6 names: two of 5,000 people are given the same with a chance of 1 %, and then one is drawn again


class KeyFile:
    """A CSV file of subjects and their pseudonyms, for its owner alone to read; who is new is added to it.

    Errors: ConfigError for a file that cannot be kept, DataError for one that is no key file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, subjects: Collection[str]) -> dict[str, str]:
        """subject -> pseudonym. Several processes may ask at once."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            told = f"cohort.pseudonyms={self.path}: {error.strerror}. Name a file that you may write."
            raise ConfigError(told) from error
        with os.fdopen(descriptor, "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._known()
            new = sorted(set(subjects) - set(known))
            for subject in new:
                known[subject] = _drawn(taken={*known.values(), *known, *subjects})
            if new:
                self._write(known)
        return known

    def _known(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        _, rows = read_rows(self.path, required=COLUMNS)
        known = {row["subject"]: row["pseudonym"] for row in rows}
        if len(known) != len(rows) or len(set(known.values())) != len(rows) or "" in {*known, *known.values()}:
            raise DataError(f"{self.path} names a subject or a pseudonym twice, or leaves one out.")
        if both := sorted(set(known) & set(known.values())):
            raise DataError(f"{self.path}: {both[0]} is a subject and a pseudonym. Give the subject another pseudonym.")
        return known

    def _write(self, known: Mapping[str, str]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        pairs = sorted((name, subject) for subject, name in known.items())  # not in the order of the real names
        writer.writerows((subject, name) for name, subject in pairs)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


class Pseudonymised:
    """A cohort whose people have the names of a key file; all else is the cohort's own."""

    def __init__(self, cohort: Any, key: Path) -> None:
        self.cohort, self.key = cohort, KeyFile(key)
        self._names: dict[str, str] = {}
        self.__doc__ = cohort.__doc__
        if hasattr(cohort, "table"):
            self.table = self._table

    def __getattr__(self, name: str) -> Any:
        if name in ("cohort", "inventory", "table"):  # an inventory names who is there
            raise AttributeError(name)
        return getattr(self.cohort, name)

    @property
    def attributes_(self) -> dict[str, Any]:
        """Facts about each person."""
        facts = self.cohort.attributes_
        return {name: facts[subject] for subject, name in self.key.of(facts).items() if subject in facts}

    @property
    def left_out_(self) -> list[dict[str, str]]:
        """Whom the cohort left out, and why."""
        names = self.key.of(())
        return [{key: _renamed(text, names) for key, text in entry.items()} for entry in self.cohort.left_out_]

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """The cohort's recordings; broken ones are named by their pseudonyms, too."""
        inner: Cohort = self.cohort
        try:
            for recording in inner.recordings(groups=groups, tasks=tasks):
                if recording.subject not in self._names:
                    self._names = self.key.of([recording.subject])
                real, name = recording.subject, self._names[recording.subject]
                notes = {key: _own(n, real, name) if isinstance(n, str) else n for key, n in recording.notes.items()}
                yield replace(recording, subject=name, session=_own(recording.session, real, name), notes=notes)
        except BrokenRecordingsError as error:
            names = self.key.of([where.split("/")[0] for where, _ in error.problems])
            told = [(_renamed(where, names), _renamed(what, names)) for where, what in error.problems]
            raise BrokenRecordingsError(_renamed(str(error), names), told) from None

    def known_as(self, people: Collection[str]) -> frozenset[str]:
        """The same people under their names here: whom a landmark model or an earlier run was fitted on.

        Who was read knows their pseudonym; a name that nobody here has is left as it is.
        """
        return frozenset(self._names.get(person, person) for person in people)

    def _table(self, *, exclude: Collection[str] = (), **wanted: Any) -> Samples:
        real = {name: subject for subject, name in self.key.of(()).items()}
        samples: Samples = self.cohort.table(exclude=[_renamed(name, real) for name in exclude], **wanted)
        names = self.key.of(dict.fromkeys(samples.subject.tolist()))
        meta = dict(samples.meta)
        rows = list(zip(meta["sample"].tolist(), samples.subject.tolist(), strict=True))
        meta["sample"] = np.array([_own(sample, subject, names[subject]) for sample, subject in rows])
        return replace(samples, subject=np.array([names[subject] for _, subject in rows]), meta=meta)


def _own(text: str, subject: str, name: str) -> str:
    """What is said of one person without their name, also where it is a part of a word, unless it is very short."""
    text = _renamed(text, {subject: name})
    return re.sub(re.escape(subject), name, text, flags=re.IGNORECASE) if len(subject) >= SHORT else text


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """A message without the names of subjects, where they stand as words of their own or in names of files."""
    for subject in sorted(names, key=len, reverse=True):
        text = as_word(subject).sub(names[subject], text)
    return text


def as_word(name: str) -> re.Pattern[str]:
    """Finds a name where no letter or digit goes on with it, as in sub-NAME_OPEN.npz."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")


def _drawn(taken: Collection[str]) -> str:
    while True:
        name = "P" + "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if name not in taken:
            return name
