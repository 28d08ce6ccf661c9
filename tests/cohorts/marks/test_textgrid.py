"""Praat's TextGrid in both forms and all its encodings, by hand and as praatio and tgt write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuroface.cohorts.marks import textgrid
from neuroface.errors import DataError

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "open 2"
        xmin = 0
        xmax = 5
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.9
            text = "says ""ah"" 3"
        intervals [3]:
            xmin = 1.9
            xmax = 2.1
            text = ""
        intervals [4]:
            xmin = 2.1
            xmax = 5
            text = "größer
und weiter"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 5
        points: size = 1
        points [1]:
            number = 1.25
            mark = "start"
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
5
<exists>
2
"IntervalTier"
"open 2"
0
5
4
0
0.5
""
0.5
1.9
"says ""ah"" 3"
1.9
2.1
""
2.1
5
"größer
und weiter"
"TextTier"
"clicks"
0
5
1
1.25
"start"
"""
TRUE = {
    "open 2": [(0.5, 1.9, 'says "ah" 3'), (2.1, 5.0, "größer\nund weiter")],
    "clicks": [(1.25, 1.25, "start")],
}


def marks(file: Path) -> dict[str, list[tuple[float, float | None, str | None]]]:
    (sheet,) = textgrid.read(file)
    return {name: [(m.start_s, m.end_s, m.label) for m in tier] for name, tier in sheet.tiers.items()}


@pytest.mark.parametrize("text", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_both_forms_in_every_encoding(tmp_path, text, code):
    file = tmp_path / "a.TextGrid"
    file.write_bytes(text.encode(code))
    assert marks(file) == TRUE
    assert textgrid.read(file)[0].lasts_s == 5


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LONG[:600].encode(), r"a\.TextGrid is cut off, or no TextGrid; save it in Praat as a text file"),
        (SHORT[:60].encode(), r"a\.TextGrid is cut off, or no TextGrid"),
        (b"ooBinaryFile\x08TextGrid\0\0", r"a\.TextGrid is a binary TextGrid; save it in Praat as a text file"),
        (LONG.replace("TextGrid", "PitchTier", 1).encode(), r"is no TextGrid \('ooTextFile', 'PitchTier'\)"),
        (LONG.replace("clicks", "open 2").encode(), "has two tiers 'open 2'; give each a name of its own in Praat"),
    ],
)
def test_what_is_no_whole_textgrid(tmp_path, content, says):
    (tmp_path / "a.TextGrid").write_bytes(content)
    with pytest.raises(DataError, match=says):
        textgrid.read(tmp_path / "a.TextGrid")


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_what_praatio_writes(tmp_path, form):
    praatio = pytest.importorskip("praatio.textgrid")
    grid = praatio.Textgrid()
    grid.addTier(praatio.IntervalTier("open", [(0.5, 1.9, 'a "b" ä'), (2.1, 3.4, "c")], minT=0, maxT=5))
    grid.addTier(praatio.PointTier("p", [(1.25, "start"), (2.5, "stop")], minT=0, maxT=5))
    grid.save(str(tmp_path / "a.TextGrid"), format=form, includeBlankSpaces=True)
    assert marks(tmp_path / "a.TextGrid") == {
        "open": [(0.5, 1.9, 'a "b" ä'), (2.1, 3.4, "c")],
        "p": [(1.25, 1.25, "start"), (2.5, 2.5, "stop")],
    }


@pytest.mark.parametrize("form", ["long", "short"])
def test_what_tgt_writes(tmp_path, form):
    tgt = pytest.importorskip("tgt")
    grid = tgt.TextGrid()
    tier = tgt.IntervalTier(0, 5, "open")
    tier.add_intervals([tgt.Interval(0.5, 1.9, "a"), tgt.Interval(2.1, 3.4, "ö")])
    grid.add_tier(tier)
    tgt.write_to_file(grid, str(tmp_path / "a.TextGrid"), format=form, encoding="utf-16")
    assert marks(tmp_path / "a.TextGrid") == {"open": [(0.5, 1.9, "a"), (2.1, 3.4, "ö")]}
