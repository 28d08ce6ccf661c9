"""The tables that come with Toronto NeuroFace: clinicians' scores, clinical facts, video information, parsing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.cohorts.reading import read_rows
from neuroface.cohorts.toronto_layout import COLOR, VIDEO_SUFFIX
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.outside import check_workbook

if TYPE_CHECKING:
    import pandas as pd

RATERS = ("SLP1", "SLP2")
ITEMS = ("Symmetry", "ROM", "Speed", "Variability", "Fatigue")
TOTAL = "Tot"
SCORES = (*ITEMS, TOTAL)
SLP_FILES = "SLP_Assessment_*.xlsx"
CLINICAL_FILES = "*Clinical information*.csv"
VIDEO_INFO_FILES = "VideoInfoFile_*.xlsx"

# What the clinical file of the stroke group calls them -> our names, shared with other cohorts where these have them.
CLINICAL_COLUMNS = {
    "AgeSession": "age",
    "Gender": "sex",
    "DaysfromStroke": "days_from_stroke",
    "Type": "stroke_type",
    "Location": "stroke_location",
    "Facial asymmetry": "facial_asymmetry",
}
PARSING_COLUMNS = ("video_id", "rep", "start_frame", "end_frame")
_FILE_COLUMN = re.compile(r"(file|video) ?(name|id)?", re.IGNORECASE)
_RATE_COLUMN = re.compile(r".*(fps|frame ?rate).*", re.IGNORECASE)


def slp_scores(file: Path) -> dict[str, dict[str, float]]:
    """{recording: {"Symmetry (SLP1)": 1..5, ..., "Tot (SLP2)": 5..25}} of a workbook; an empty cell is NaN.

    Errors: DataError for missing columns, a recording that stands twice, and cells that are no such scores.
    """
    sheet = _read_sheet(file)
    wanted = [f"{score} ({rater})" for rater in RATERS for score in SCORES]
    for name in ("File Name", *wanted):
        if name not in sheet.columns:
            raise DataError(f"{file} has no column {name!r}." + did_you_mean(name, sheet.columns))
    scores: dict[str, dict[str, float]] = {}
    for row in sheet.to_dict("records"):
        name = _recording_name(row["File Name"])
        if name in scores:
            raise DataError(f"{file} lists {name} more than once")
        try:
            scores[name] = {column: float(row[column]) for column in wanted}
        except (TypeError, ValueError) as error:
            raise DataError(f"{file}, {name}: a score is not a number ({error})") from error
    return scores


def disagreeing_totals(scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Recordings in which a rater's total is not the sum of the five items, as "name (rater)"."""
    return [
        f"{name} ({rater})"
        for name, row in scores.items()
        for rater in RATERS
        if abs(sum(row[f"{item} ({rater})"] for item in ITEMS) - row[f"{TOTAL} ({rater})"]) > 0
    ]


def mean_scores(scores: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """{"slp_symmetry": 1..5, ..., "slp_total": 5..25}: a person's mean over the recordings and raters that scored."""
    rows = list(scores)
    means = {}
    for score in SCORES:
        values = [row[f"{score} ({rater})"] for row in rows for rater in RATERS]
        known = [value for value in values if np.isfinite(value)]
        if known:
            means["slp_total" if score == TOTAL else f"slp_{score.lower()}"] = float(np.mean(known))
    return means


def clinical(file: Path) -> dict[str, dict[str, Any]]:
    """{subject: {"age": 61, "sex": "F", ...}} of a clinical table; cells that are empty are left out.

    Columns that the release's stroke table is not known to have keep their name.
    """
    columns, rows = read_rows(file, required=("SubjectID",))
    facts: dict[str, dict[str, Any]] = {}
    for row in rows:
        subject = row["SubjectID"].upper()
        if subject in facts:
            raise DataError(f"{file} lists {subject} more than once")
        cells = {name: row[name] for name in columns if name and name != "SubjectID" and row[name]}
        facts[subject] = {CLINICAL_COLUMNS.get(name, name): _value(cell) for name, cell in cells.items()}
        if "sex" in facts[subject]:
            facts[subject]["sex"] = str(facts[subject]["sex"])[:1].upper()
    return facts


def frame_rates(file: Path) -> dict[str, float]:
    """{recording: frames per second} of a video information file, by the columns that look like name and rate.

    How the release names these columns is not known. Errors: DataError when none looks like them.
    """
    sheet = _read_sheet(file)
    columns = [str(name) for name in sheet.columns]
    names = [name for name in columns if _FILE_COLUMN.fullmatch(name)]
    rates = [name for name in columns if _RATE_COLUMN.fullmatch(name)]
    if len(names) != 1 or len(rates) != 1:
        raise DataError(
            f"{file} has no single column of file names and of frame rates; it has {', '.join(columns)}. "
            "Set cohort.fps and cohort.video_info=false"
        )
    found = {}
    for name, rate in zip(sheet[names[0]], sheet[rates[0]], strict=True):
        try:
            found[_recording_name(name)] = float(rate)
        except (TypeError, ValueError) as error:
            raise DataError(f"{file}, {name}: frame rate {rate!r} is not a number") from error
    wrong = [name for name, rate in found.items() if not 0 < rate < np.inf]
    if wrong:
        raise DataError(f"{file} has a frame rate that is not positive, for {', '.join(wrong)}")
    return found


def parsing(file: Path, *, one_based: bool) -> dict[str, list[tuple[int, int]]]:
    """{recording: (start, stop) of each repetition}, frames from 0, stop exclusive.

    file: CSV with columns video_id, rep, start_frame, end_frame, in frames of the video. one_based: it counts frames
    from 1 and its end_frame is the last of the repetition; otherwise from 0, and the first after it.
    """
    _, rows = read_rows(file, required=PARSING_COLUMNS)
    bounds: dict[str, list[tuple[int, int, int]]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            rep, start, stop = (int(row[name]) for name in PARSING_COLUMNS[1:])
        except ValueError as error:
            raise DataError(f"line {number} of {file} cannot be read: {error}") from error
        bounds.setdefault(_recording_name(row["video_id"]), []).append((rep, start - one_based, stop))
    return {name: [(start, stop) for _, start, stop in sorted(reps)] for name, reps in bounds.items()}


def _read_sheet(file: Path) -> pd.DataFrame:
    """The only sheet of a workbook, its column names without blanks around them and its empty rows dropped."""
    import pandas as pd

    try:
        check_workbook(file)
        sheet = pd.read_excel(file, engine="openpyxl")
    except ImportError as error:
        raise ConfigError(f"Reading {file} needs openpyxl: pip install 'neuroface[toronto]'.") from error
    except Exception as error:  # openpyxl raises whatever its zip and XML parsers raise
        raise DataError(f"{file} cannot be read as a workbook: {error}") from error
    sheet.columns = [str(name).strip() for name in sheet.columns]
    return sheet.dropna(how="all")


def _recording_name(cell: Any) -> str:
    """The stem of a recording, from a cell that holds it with or without the ending of its video, or without _color."""
    stem = str(cell).strip().removesuffix(VIDEO_SUFFIX)
    return stem if stem.endswith(COLOR) else stem + COLOR


def _value(cell: str) -> Any:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
