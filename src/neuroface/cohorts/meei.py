"""The MEEI standard set of flaccid and synkinetic facial palsy (Greene et al., Laryngoscope 2020): its photographs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from neuroface.cohorts.reading import Source, folder, given, stream
from neuroface.cohorts.stills import session_of, still
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.outside import check_workbook
from neuroface.recording.image_frames import ImageFrames
from neuroface.recording.images import image_files
from neuroface.types import Recording

NORMAL = "Normal"
CATEGORIES = ("Flaccid", "Synkinetic")
# Sub-categories by eFACE, with the grade that a public author takes them for; no clinician gave these grades.
SHORTCUT = {"Normal": "1", "NearNormal": "2", "Mild": "3", "Moderate": "4", "Severe": "5", "Complete": "6"}
GRADES = ("author_shortcut",)
PERSON = re.compile(rf"({'|'.join(SHORTCUT)})({'|'.join(CATEGORIES)})?(\d+)", re.IGNORECASE)
# What is asked for in photographs _1 to _8, as a public user of the set numbers them.
EXPRESSIONS = ("rest", "brow_raise", "eyes_soft", "eyes_tight", "smile_closed", "smile_open", "pucker", "lower_teeth")
SHEET_COLUMNS = ("Category", "Sub-category", "#")
ATTRIBUTES = {"Side": "side", "Gender": "sex", "Age": "age"}


class MeeiCohort:
    """Photographs of eight expressions: 60 people, flaccid, synkinetic or normal; the group is which.

    Labels are the set's own sub-categories by eFACE: Normal, NearNormal, Mild, Moderate, Severe, Complete. Videos of
    the set are read by cohort=videos.
    root: the folder with Flaccid, Synkinetic and Normal. sheet: the workbook of participants, below root; null: the
    only .xlsx there, if there is one. grades: "author_shortcut" makes labels of sub-categories, Normal 1 to Complete 6:
    a public author's shortcut, which no clinician gave.
    """

    def __init__(self, *, root: str | Path | None, sheet: str | Path | None = None, grades: str | None = None) -> None:
        if grades is not None and grades not in GRADES:
            raise ConfigError(f"cohort.grades={grades}: there is no such choice." + did_you_mean(grades, GRADES))
        self.root: str | Path = given(root, "cohort.root", "the folder MEEI_Standard_Set")
        self.sheet, self.grades = sheet, grades

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """One recording per photograph. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        people = [place for place in sorted(root.glob("*/*")) + sorted(root.glob("*/*/*")) if _is_person(place)]
        if not people:
            raise DataError(f"There is no folder such as Flaccid/MildFlaccid/MildFlaccid1 in {root}. Set cohort.root.")
        facts = _facts(root, self.sheet)
        sources = [source for place in people for source in self._sources(place, facts)]
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)

    def _sources(self, place: Path, facts: Mapping[str, Mapping[str, Any]]) -> list[Source]:
        match = PERSON.fullmatch(place.name)
        assert match
        degree = next(name for name in SHORTCUT if name.lower() == match[1].lower())
        group = next((name for name in CATEGORIES if name.lower() == (match[2] or "").lower()), NORMAL)
        label = SHORTCUT[degree] if self.grades else degree
        known = facts.get(place.name.lower())
        notes: dict[str, Any] = {} if known is not None or not facts else {"photographs of people not in the sheet": 1}
        if self.grades:
            notes["grades"] = "a public author's shortcut from eFACE sub-categories; no clinician gave them"
        sources = []
        for file in image_files(place):
            who = {"subject": place.name, "group": group, "task": _expression(file), "session": session_of(file.stem)}
            read = partial(_read, file, label=label, attributes=dict(known or {}), notes=notes, **who)
            sources.append(Source(**who, read=read))
        return sources


def _is_person(place: Path) -> bool:
    return place.is_dir() and PERSON.fullmatch(place.name) is not None


def _expression(file: Path) -> str:
    """The task of a photograph, from the number at the end of its name; "unnumbered" for any other."""
    number = re.search(r"_(\d+)$", file.stem)
    at = int(number[1]) - 1 if number else -1
    return EXPRESSIONS[at] if 0 <= at < len(EXPRESSIONS) else "unnumbered"


def _read(file: Path, **what: Any) -> Recording:
    return still(ImageFrames([file]), **what)


def _facts(root: Path, sheet: str | Path | None) -> dict[str, dict[str, Any]]:
    """{person's folder in lower case: {"side": ..., "sex": ..., "age": ...}} of the workbook; {} without one."""
    found = [root / sheet] if sheet is not None else sorted(root.glob("*.xlsx"))
    if not found:
        return {}
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise DataError(f"{root} has {len(found)} workbooks ({names}). Set cohort.sheet to that of the participants.")
    table = _read_sheet(found[0])
    missing = [name for name in SHEET_COLUMNS if name not in table.columns]
    if missing:
        raise DataError(f"{found[0]} has no column {missing[0]!r}." + did_you_mean(missing[0], table.columns))
    facts: dict[str, dict[str, Any]] = {}
    for row in table.to_dict("records"):
        number = str(row["#"]).removesuffix(".0")
        person = f"{row['Sub-category']}{row['Category']}{number}".replace(" ", "").replace("-", "").lower()
        cells = {ours: row[theirs] for theirs, ours in ATTRIBUTES.items() if theirs in table.columns}
        facts[person] = {name: cell for name, cell in cells.items() if cell == cell and cell != ""}  # NaN is no fact
    return facts


def _read_sheet(file: Path) -> Any:
    import pandas as pd

    if not file.is_file():
        raise DataError(f"There is no file {file}. Set cohort.sheet to the workbook of participants, or to null.")
    try:
        check_workbook(file)
        table = pd.read_excel(file, engine="openpyxl")
    except ImportError as error:
        raise ConfigError(f"Reading {file} needs openpyxl: pip install openpyxl.") from error
    except Exception as error:  # openpyxl raises whatever its zip and XML parsers raise
        raise DataError(f"{file} cannot be read as a workbook: {error}") from error
    table.columns = [str(name).strip() for name in table.columns]
    return table.dropna(how="all")
