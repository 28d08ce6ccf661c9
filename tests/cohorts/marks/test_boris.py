"""BORIS exports, with the columns of version 8: states, points, the time offset, and queued media files."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuroface.cohorts.marks import boris
from neuroface.errors import DataError

TABULAR = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,Time offset (s),"
    "Media duration (s),FPS,Subject,Behavior,Behavioral category,Modifier #1,Behavior type,Time,Media file name,"
    "Image index,Image file path,Comment"
)
AGGREGATED = (
    "Observation id,Observation date,Description,Observation type,Source,Time offset (s),Coding duration,"
    "Media duration (s),FPS (frame/s),Subject,Observation duration by subject by observation,Behavior,"
    "Behavioral category,Behavior type,Start (s),Stop (s),Duration (s),Media file name,Image index start,"
    "Image index stop,Image file path start,Image file path stop,Comment start,Comment stop"
)
ONE = {
    "Observation id": "obs",
    "Source": "player #1:/clips/P1.mp4",
    "Time offset (s)": "0",
    "Media duration (s)": "5.000",
}


def export(file: Path, header: str, rows: list[dict[str, object]]) -> Path:
    names = header.split(",")
    lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def tabular(file: Path, rows, **about) -> Path:
    names = ("Behavior", "Behavior type", "Time", "Subject", "Modifier #1")
    cells = [{**ONE, **about, **dict(zip(names, row, strict=True))} for row in rows]
    return export(file, TABULAR, cells)


def aggregated(file: Path, rows, **about) -> Path:
    cells = [
        {**ONE, **about, "Behavior": behaviour, "Behavior type": kind, "Start (s)": start, "Stop (s)": stop}
        for behaviour, kind, start, stop in rows
    ]
    return export(file, AGGREGATED, cells)


def times(sheet, tier: str):
    return [(mark.start_s, mark.end_s) for mark in sheet.tiers[tier]]


ROWS = [
    ("open", "START", "0.500", "P", ""),
    ("blink", "POINT", "1.000", "P", ""),
    ("open", "START", "1.200", "Q", ""),
    ("open", "STOP", "1.900", "P", ""),
    ("open", "STOP", "2.600", "Q", ""),
]


def test_a_state_of_a_tabular_export_runs_from_start_to_stop_of_the_same_subject(tmp_path):
    (sheet,) = boris.read(tabular(tmp_path / "a.csv", ROWS))
    assert times(sheet, "open") == [(0.5, 1.9), (1.2, 2.6)]
    assert times(sheet, "blink") == [(1.0, 1.0)]
    assert sheet.lasts_s == 5
    assert [sheet.shift_of(frozenset({name})) for name in ("obs", "p1", "a", "p2")] == [0, 0, 0, None]


def test_both_exports_say_the_same(tmp_path):
    rows = [
        ("open", "STATE", "0.500", "1.900"),
        ("blink", "POINT", "1.000", "1.000"),
        ("open", "STATE", "1.200", "2.600"),
    ]
    (one,) = boris.read(aggregated(tmp_path / "a.csv", rows))
    (two,) = boris.read(tabular(tmp_path / "b.csv", ROWS))
    assert {name: times(one, name) for name in one.tiers} == {name: times(two, name) for name in two.tiers}


def test_the_time_offset_was_added_by_boris_and_is_taken_back(tmp_path):
    (sheet,) = boris.read(tabular(tmp_path / "a.csv", ROWS, **{"Time offset (s)": "0.3"}))
    assert sheet.shift_of(frozenset({"p1"})) == -0.3


def test_queued_media_files_are_each_a_recording_on_its_own_clock(tmp_path):
    about = {"Source": "player #1:P1.mp4;P2.mp4|player #2:side.mp4", "Media duration (s)": "5.000;4.000|9.000"}
    rows = [("open", "STATE", "0.5", "1.9"), ("open", "STATE", "6.0", "7.0")]
    first, second = boris.read(aggregated(tmp_path / "a.csv", rows, **about))
    assert (times(first, "open"), first.shift_of(frozenset({"p1"})), first.lasts_s) == ([(0.5, 1.9)], 0.0, 5.0)
    assert (times(second, "open"), second.shift_of(frozenset({"p2"})), second.lasts_s) == ([(6.0, 7.0)], -5.0, 4.0)


def test_several_observations_in_one_file(tmp_path):
    rows: list[dict[str, object]] = []
    for name, at in (("P1", 1), ("P2", 2), ("P1", 3)):
        media = {"Observation id": name, "Source": f"player #1:{name}.mp4", "Behavior": "open"}
        rows.append({**ONE, **media, "Behavior type": "STATE", "Start (s)": at, "Stop (s)": at + 1})
    one, two = boris.read(export(tmp_path / "all.csv", AGGREGATED, rows))
    assert (times(one, "open"), times(two, "open")) == ([(1, 2), (3, 4)], [(2, 3)])
    assert one.shift_of(frozenset({"p2"})) is None


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ROWS[:1], r"open begins at 0\.5 s \(line 2 of a\.csv\) and never stops; mend it"),
        (ROWS[3:], r"line 2 of a\.csv is STOP of open, out of order; mend it in BORIS"),
        ([ROWS[0], ROWS[0]], r"line 3 of a\.csv is START of open, out of order"),
        ([("open", "START", "soon", "P", "")], r"line 2 of .*a\.csv cannot be read: 'soon' is no time in seconds"),
    ],
)
def test_states_that_do_not_close(tmp_path, rows, says):
    with pytest.raises(DataError, match=says):
        boris.read(tabular(tmp_path / "a.csv", rows))
