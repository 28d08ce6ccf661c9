"""Clinicians' scores and clinical tables for a synthetic clinic that is written as Toronto NeuroFace.

The scores follow from the severity that was put in; they are invented, for rehearsal, and no finding about anybody.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from neuroface.cohorts.toronto_tables import ITEMS, RATERS, SCORES
from neuroface.types import Truth

LOWEST, HIGHEST = 1, 5  # of an item; here 1 is unimpaired and 5 most impaired (docs/toronto.md)
RATER_SD = 0.5  # how much two clinicians disagree on an item; a guess
# How much of the scale severity 1 moves an item, by what the synthetic disease does to movement (synthesis.people).
REACH = {
    "ALS": {"Symmetry": 0.3, "ROM": 1.0, "Speed": 0.9, "Variability": 0.6, "Fatigue": 0.6},
    "PS": {"Symmetry": 1.0, "ROM": 0.6, "Speed": 0.4, "Variability": 0.3, "Fatigue": 0.2},
    "HC": dict.fromkeys(ITEMS, 0.0),
}
CLINICAL_HEADER = ("SubjectID", "AgeSession", "Gender", "DaysfromStroke", "Type", "Location", "Facial asymmetry")
INFO_HEADER = ("File Name", "Frame rate", "Number of frames")


def score(name: str, group: str, truth: Truth) -> list[int]:
    """Twelve scores of a recording, in the workbook's order: per rater five items of 1..5 and their sum.

    The same name and truth give the same scores; raters differ by chance, by about half a step.
    """
    scores = []
    for rater in RATERS:
        digest = hashlib.sha256(f"{name}/{rater}".encode()).digest()
        generator = np.random.default_rng(np.frombuffer(digest, dtype="<u4").tolist())
        reach = np.array([REACH[group][item] for item in ITEMS])
        judged = LOWEST + (HIGHEST - LOWEST) * reach * truth.severity + RATER_SD * generator.standard_normal(len(ITEMS))
        items = np.clip(np.round(judged), LOWEST, HIGHEST).astype(int).tolist()
        scores += [*items, sum(items)]
    return scores


def write_slp(file: Path, rows: Sequence[tuple[str, str, Sequence[int]]]) -> None:
    """Write an SLP workbook. rows: (file name, subject, twelve scores); an empty column stands between the raters."""
    first, second = ([f"{name} ({rater})" for name in SCORES] for rater in RATERS)
    half = len(SCORES)
    body = [[name, subject, *scores[:half], None, *scores[half:]] for name, subject, scores in rows]
    write_sheet(file, ["File Name", "Subject ID", *first, None, *second], body)


def write_sheet(file: Path, header: Sequence[str | None], rows: Sequence[Sequence[object]]) -> None:
    """Write a workbook of one sheet; the same rows give the same bytes, whenever they are written."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (header, *rows):
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name in parts.namelist():  # the times at which it was written stand in one part and beside each
            content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2000-01-01T00:00:00Z", parts.read(name))
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def write_clinical(file: Path, people: Mapping[str, tuple[Mapping[str, object], Truth | None]]) -> None:
    """Write a clinical table with the header of the release's stroke file. people: subject -> (attributes, truth).

    What a synthetic person does not have (a stroke with a date, type and place) stays empty.
    """
    rows = [
        [subject, facts.get("age", ""), facts.get("sex", ""), "", "", "", (truth and truth.affected_side) or ""]
        for subject, (facts, truth) in people.items()
    ]
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows([CLINICAL_HEADER, *rows])
