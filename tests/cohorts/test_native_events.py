"""Events of tools: times in every spelling, and what lies outside, comes twice or overlaps is told."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts.events import seconds
from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.native import write_json, write_recording
from neuroface.errors import DataError
from neuroface.types import Landmarks, Recording

TIMES = np.arange(250) / 50  # 5 s
THREE = [(0.5, 1.4), (2.0, 1.4), (3.5, 1.4)]
FRAMES = [(25, 95), (100, 170), (175, 245)]


def folder(root: Path, events: str | None, *, name: str = "sub-P1/sub-P1_task-OPEN_events.tsv") -> Path:
    """A folder of one recording of 5 s, with a file of events."""
    points = np.tile(still_face() + np.array([0, 0, 600]), (len(TIMES), 1, 1))
    (root / "sub-P1").mkdir(parents=True)
    (root / "participants.tsv").write_text("participant_id\tgroup\nsub-P1\tHC\n")
    write_recording(Recording("P1", "HC", "OPEN", Landmarks(points, TIMES, "camera")), root / "sub-P1")
    write_json(root / "dataset_description.json", {})
    if events is not None:
        (root / name).write_text(events)
    return root


def read(root: Path) -> Recording:
    (one,) = FolderCohort(root=root).recordings()
    return one


def table(rows, *, columns="onset\tduration") -> str:
    return "\n".join([columns, *("\t".join(map(str, row)) for row in rows)]) + "\n"


def frames(one: Recording) -> list[tuple[int, int]]:
    assert one.repetitions is not None
    return [(r.start, r.stop) for r in one.repetitions]


def clock(s: float) -> str:
    return f"00:00:{s:06.3f}"


@pytest.mark.parametrize(
    "events",
    [
        table(THREE),
        table([(a, a + d) for a, d in THREE], columns="onset\toffset"),
        table([(a, a + d, d) for a, d in THREE], columns="start\tend\tduration"),
        table([(1000 * a, 1000 * d) for a, d in THREE], columns="onset_ms\tduration_ms"),
        table([(clock(a), clock(d)) for a, d in THREE]),
        table([(f"00:{a}", f"00:{a + d:.2f}") for a, d in THREE], columns="onset\toffset"),
        table([(str(a).replace(".", ","), str(d).replace(".", ",")) for a, d in THREE]),
    ],
    ids=["seconds", "offset", "both", "ms", "hh:mm:ss", "mm:ss", "decimal comma"],
)
def test_every_spelling_of_a_time(tmp_path, events):
    one = read(folder(tmp_path, events))
    assert frames(one) == FRAMES
    assert one.notes == {}


def test_a_comma_separated_file_is_read_too(tmp_path):
    name = "sub-P1/sub-P1_task-OPEN_events.csv"
    events = table([(*event, "up") for event in THREE], columns="onset\tduration\tlabel").replace("\t", ",")
    one = read(folder(tmp_path, events, name=name))
    assert frames(one) == FRAMES
    assert {r.label for r in one.repetitions or ()} == {"up"}
    (tmp_path / name).with_suffix(".tsv").write_text(table(THREE))
    with pytest.raises(DataError, match=r"has sub-P1_task-OPEN_events\.tsv and sub-P1_task-OPEN_events\.csv; keep one"):
        read(tmp_path)


@pytest.mark.parametrize(
    "name", ["sub-P1/sub-P1_events.csv", "sub-P1/events.csv", "sub-P1/sub-P1_task-KISS_events.tsv"]
)
def test_events_of_no_recording_are_not_passed_over(tmp_path, name):
    with pytest.raises(
        DataError, match=rf"P1: has {re.escape(Path(name).name)}, events of no recording; its name must"
    ):
        read(folder(tmp_path, table(THREE), name=name))


def test_events_beside_the_list_of_people_are_not_passed_over(tmp_path):
    with pytest.raises(DataError, match=r"events\.csv: lies beside participants\.tsv and belongs to no recording; a"):
        list(FolderCohort(root=folder(tmp_path, table(THREE), name="events.csv")).recordings())


def test_milliseconds_that_are_called_seconds(tmp_path):
    events = table([(1000 * a, 1000 * d) for a, d in THREE])
    message = (
        r"3 of 3 events lie outside the recording, which runs from 0\.00 to 5\.00 s; the first is line 2 of "
        r"sub-P1_task-OPEN_events\.tsv, 500 to 1900 s\. Are these milliseconds\? Then name the columns onset_ms and"
    )
    with pytest.raises(DataError, match=message):
        read(folder(tmp_path, events))


def test_another_clock_is_told_by_what_it_cuts_off(tmp_path):
    one = read(folder(tmp_path, table([(a + 1, d) for a, d in THREE])))
    assert frames(one) == [(75, 145), (150, 220), (225, 250)]
    assert one.notes == {"events_that_end_after_the_recording": 1, "seconds_of_events_after_the_recording": 0.9}
    two = read(folder(tmp_path / "early", table([(a - 1, d) for a, d in THREE])))
    assert frames(two)[0] == (0, 45)
    assert two.notes == {"events_that_begin_before_the_recording": 1}
    with pytest.raises(DataError, match=r"2 of 3 events lie outside .* 5 to 6\.4 s\. Put both on one clock, and see"):
        read(folder(tmp_path / "late", table([(a + 3, d) for a, d in THREE])))


def test_an_end_that_was_rounded_is_not_told(tmp_path):
    one = read(folder(tmp_path, table([(3.5, 1.52)])))
    assert (frames(one), one.notes) == ([(175, 250)], {})


def test_one_that_is_listed_twice_counts_once(tmp_path):
    one = read(folder(tmp_path, table([*THREE, THREE[1]])))
    assert frames(one) == FRAMES
    assert one.notes == {"events_listed_twice": 1}
    rows = [(*THREE[0], "open"), (*THREE[0], "smile")]
    message = "line 2 of .* and line 3 of .* are the same frames, labelled open and smile; one movement cannot be both"
    with pytest.raises(DataError, match=message):
        read(folder(tmp_path / "two", table(rows, columns="onset\tduration\tlabel")))


def test_overlapping_ones_are_kept_and_counted(tmp_path):
    one = read(folder(tmp_path, table([(0.5, 1.4), (1.6, 1.4), (3.0, 1.0)])))
    assert frames(one) == [(25, 95), (80, 150), (150, 200)]
    assert one.notes == {"events_that_overlap": 1}


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (table([(0.5, 0)]), r"line 2 of .* cannot be read: it ends at 0\.5 s, not after its beginning at 0\.5 s"),
        (table([(0.5, "n/a")]), "line 2 of .* cannot be read: 'n/a' is no time in seconds, mm:ss or hh:mm:ss"),
        (table([("00:00:01:12", 1)]), "line 2 of .*: '00:00:01:12' is no time in seconds, mm:ss or hh:mm:ss"),
        (table([(2.0, 1.0, 4.0)], columns="onset\tduration\toffset"), "onset and duration end at 3 s, offset says 4 s"),
        (table([(2.0, 0.001)]), r"line 2 of .* runs from 2 to 2\.001 s \(0\.001 s\) and covers no frame; give it"),
        (table([(2.0,)], columns="onset"), r"needs columns onset and duration \(or offset\), or start_frame and stop_"),
    ],
)
def test_what_is_no_stretch_of_time(tmp_path, events, message):
    with pytest.raises(DataError, match=message):
        read(folder(tmp_path, events))


def test_seconds_of_clocks():
    assert [seconds(t) for t in ("1:02.5", "01:00:02,25", "00:00:01:234", " 7 ")] == [62.5, 3602.25, 1.234, 7]
    for text in ("nan", "inf", "", "1,234.5", "12:00:00:00"):
        with pytest.raises(ValueError, match="is no time"):
            seconds(text)
