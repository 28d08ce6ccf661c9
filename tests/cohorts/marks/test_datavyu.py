"""Datavyu: the spreadsheet in an .opf file or as text, and cells exported as columns."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from neuroface.cohorts.marks import datavyu
from neuroface.errors import DataError

SHEET = """#4
open (MATRIX,true,)-code01|NOMINAL,side|NOMINAL
00:00:00:500,00:00:01:900,(wide,left)
00:00:02:100,00:00:03:400,(,)
note (MATRIX,false,a comment)-text|NOMINAL
00:01:00:000,00:01:00:000,(two, lines
of text)
"""
TRUE = {
    "open": [(0.5, 1.9, "wide,left"), (2.1, 3.4, None)],
    "note": [(60.0, 60.0, "two, lines")],
}


def marks(file: Path):
    (sheet,) = datavyu.read(file)
    return {name: [(m.start_s, m.end_s, m.label) for m in tier] for name, tier in sheet.tiers.items()}


def test_the_spreadsheet_in_both_its_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "P1.opf", "w") as archive:
        archive.writestr("db", SHEET)
        archive.writestr("project", "!project")
    (tmp_path / "P1.csv").write_text(SHEET)
    assert marks(tmp_path / "P1.opf") == marks(tmp_path / "P1.csv") == TRUE


def test_cells_as_columns_in_ms(tmp_path):
    (tmp_path / "P1.csv").write_text(
        "open.ordinal,open.onset,open.offset,open.code01,blink.ordinal,blink.onset,blink.offset,blink.code01\n"
        "1,500,1900,wide,1,700,700,x\n2,2100,3400,,,,,\n"
    )
    assert marks(tmp_path / "P1.csv") == {"open": [(0.5, 1.9, "wide"), (2.1, 3.4, None)], "blink": [(0.7, 0.7, "x")]}


def test_what_is_no_whole_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.opf", "w") as archive:
        archive.writestr("project", "")
    with pytest.raises(DataError, match=r"a\.opf holds no Datavyu spreadsheet; save it again"):
        datavyu.read(tmp_path / "a.opf")
    (tmp_path / "b.opf").write_bytes((tmp_path / "a.opf").read_bytes()[:30])
    with pytest.raises(DataError, match=r"b\.opf is cut off, or no Datavyu file; save it again"):
        datavyu.read(tmp_path / "b.opf")
    (tmp_path / "c.csv").write_text("#4\nnonsense\n")
    with pytest.raises(DataError, match=r"line 2 of .*c\.csv is neither a column nor a cell of Datavyu's"):
        datavyu.read(tmp_path / "c.csv")
    (tmp_path / "d.csv").write_text("open.ordinal,open.onset,open.offset\n1,soon,1900\n")
    with pytest.raises(DataError, match=r"line 2 of .*d\.csv cannot be read: 'soon' is no time"):
        datavyu.read(tmp_path / "d.csv")
