"""Repetitions from annotation files: matched to recordings by name, every annotation accounted for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts.annotated import Annotations, format_of
from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.folder_writer import write
from neuroface.cohorts.marks import bids, boris, datavyu, elan, textgrid
from neuroface.errors import ConfigError, DataError
from neuroface.types import Landmarks, Recording, Repetition

FRAMES = 250  # 5 s
STUDY = "participant_id\tgroup\nP1\tHC\n"


def recording(subject: str = "P1", *, task: str = "OPEN", start_s: float = 0.0) -> Recording:
    points = np.tile(still_face() + np.array([0, 0, 600]), (FRAMES, 1, 1))
    return Recording(subject, "HC", task, Landmarks(points, start_s + np.arange(FRAMES) / 50, "camera"))


def events(folder: Path, name: str, rows, *, columns: str = "onset\tduration\ttrial_type") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("\n".join([columns, *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return file


def frames(one: Recording) -> list[tuple[int, int, str | None]]:
    return [(r.start, r.stop, r.label) for r in one.repetitions or ()]


OPEN = [(0.5, 1.0, "open"), (2.0, 1.0, "open")]
TWO_OPEN = [(25, 75, "open"), (100, 150, "open")]


def test_a_cohort_takes_its_repetitions_from_a_folder_of_annotations(tmp_path):
    write([recording("P1"), recording("P2")], tmp_path / "study")
    for subject in ("P1", "P2"):
        events(tmp_path / "marks", f"sub-{subject}_task-OPEN_events.tsv", OPEN)
    events(tmp_path / "marks", "sub-P9_task-OPEN_events.tsv", OPEN)
    events(tmp_path / "marks" / ".trash", "sub-P1_task-OPEN_events.tsv", [(0.5, 1.0, "open")])
    (tmp_path / "marks" / "README.txt").write_text("how we annotated")
    made = list(FolderCohort(root=tmp_path / "study", annotations=tmp_path / "marks").recordings())
    assert [frames(one) for one in made] == [TWO_OPEN, TWO_OPEN]
    assert made[0].notes == {
        "annotations": "table of events, tier open",
        "annotations_of_no_recording": "sub-P9_task-OPEN_events.tsv",
    }
    (tmp_path / "marks" / "sub-P2_task-OPEN_events.tsv").unlink()
    message = (
        r"P2/OPEN: has no annotations in .*marks: no file or media is called sub-P2_task-OPEN; there is sub-P1_task"
    )
    with pytest.raises(DataError, match=message):
        list(FolderCohort(root=tmp_path / "study", annotations=tmp_path / "marks").recordings())


def test_the_tier_is_named_or_the_one_there_is(tmp_path):
    rows = [*OPEN, (3.5, 0.5, "smile"), (4.2, 0, "blink")]
    file = events(tmp_path, "a_events.tsv", rows)
    with pytest.raises(
        DataError, match=r"a_events\.tsv has tiers open \(2\), smile \(1\), blink \(1\); set cohort\.tier"
    ):
        Annotations(file).on(recording(), ["a"])
    one = Annotations(file, tier="open").on(recording(), ["a.mp4", "A"])
    assert frames(one) == TWO_OPEN
    assert one.notes["annotations_on_other_tiers"] == 2
    with pytest.raises(
        DataError, match=r"has no tier opne; it has open \(2\), smile \(1\), blink \(1\)\. Did you mean 'op"
    ):
        Annotations(file, tier="opne").on(recording(), ["a"])
    both = Annotations(file, tier=["smile", "open"]).on(recording(), ["a"])
    assert frames(both) == [*TWO_OPEN, (175, 200, "smile")]
    every = Annotations(file, tier="*").on(recording(), ["a"])
    assert (frames(every), every.notes["annotations_without_length"]) == ([*TWO_OPEN, (175, 200, "smile")], 1)
    with pytest.raises(DataError, match="marks no stretch on tier blink; a repetition has a beginning and an end"):
        Annotations(file, tier="blink").on(recording(), ["a"])


def test_times_count_from_the_first_frame_and_can_be_shifted(tmp_path):
    file = events(tmp_path, "a.tsv", OPEN)
    assert frames(Annotations(file).on(recording(start_s=7.3), ["a"])) == TWO_OPEN
    shifted = Annotations(file, offset_s=-0.2).on(recording(), ["a"])
    assert [(a, b) for a, b, _ in frames(shifted)] == [(15, 65), (90, 140)]


def test_what_comes_twice_overlaps_or_lies_outside_is_told(tmp_path):
    rows = [*OPEN, OPEN[1], (2.9, 1.0, "open"), (4.5, 1.0, "open")]
    one = Annotations(events(tmp_path, "a.tsv", rows)).on(recording(), ["a"])
    assert frames(one) == [*TWO_OPEN, (145, 195, "open"), (225, 250, "open")]
    told = {"events_listed_twice": 1, "events_that_overlap": 1, "events_that_end_after_the_recording": 1}
    assert told.items() <= one.notes.items()
    with pytest.raises(DataError, match=r"1 of 1 events lie outside the recording, .* line 2 of b\.tsv, 62 to 63 s"):
        Annotations(events(tmp_path, "b.tsv", [(62, 1, "open")])).on(recording(), ["b"])


def test_two_files_for_one_recording(tmp_path):
    for name in ("a.tsv", "a_events.csv"):
        events(tmp_path / "marks", name, OPEN, columns="onset\tduration\ttrial_type")
    with pytest.raises(DataError, match=r"has annotations 2 times, in a\.tsv, a_events\.csv; keep one"):
        Annotations(tmp_path / "marks").on(recording(), ["a"])


def test_nothing_to_read(tmp_path):
    with pytest.raises(DataError, match=r"There is no .*none\. Set cohort\.annotations to a folder or file of annotat"):
        Annotations(tmp_path / "none").on(recording(), ["a"])
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(
        DataError, match=r"holds no file of annotations that can be read \(ELAN, Praat TextGrid, BORIS, D"
    ):
        Annotations(tmp_path).on(recording(), ["a"])


def test_a_tier_without_annotations_is_a_slip(tmp_path):
    with pytest.raises(
        ConfigError, match=r"cohort\.tier, cohort\.apex_tier and cohort\.annotations_offset_s are of annotations; set"
    ):
        FolderCohort(root=tmp_path, tier="open")


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.eaf", b"<?xml version='1.0'?>", elan),
        ("a.xml", b"<?xml version='1.0'?>\n<ANNOTATION_DOCUMENT>", elan),
        ("a.TextGrid", b'File type = "ooTextFile"', textgrid),
        ("a.txt", 'File type = "ooTextFile"\nObject class = "TextGrid"'.encode("utf-16"), textgrid),
        ("a.tsv", b"Observation id\tBehavior\tBehavior type\tTime\n", boris),
        ("a.csv", b"Observation id,Behavior,Behavior type,Start (s),Stop (s)\n", boris),
        ("a.opf", b"PK\x03\x04", datavyu),
        ("a.csv", b"#4\nopen (MATRIX,true,)-code01|NOMINAL\n", datavyu),
        ("a.csv", b"open.ordinal,open.onset,open.offset,open.code01\n", datavyu),
        ("a_events.tsv", b"onset\tduration\n", bids),
        ("a.txt", b"onset", None),
        (".a.eaf", b"", None),
    ],
)
def test_the_format_is_found_by_asking(tmp_path, name, content, form):
    (tmp_path / name).write_bytes(content)
    assert format_of(tmp_path / name) is form


def apexes(one: Recording) -> list[int | None]:
    return [r.apex for r in one.repetitions or ()]


@pytest.mark.parametrize("column", ["apex", "apex_ms"])
def test_a_column_of_the_table_marks_the_apex(tmp_path, column):
    per_s = 1000 if column == "apex_ms" else 1
    rows = [(0.5, 1.0, "open", 0.9 * per_s), (2.0, 1.0, "open", "n/a")]
    events(tmp_path, "P1.tsv", rows, columns=f"onset\tduration\ttrial_type\t{column}")
    one = Annotations(tmp_path, offset_s=0.1).on(recording(start_s=7.0), ["P1"])
    assert frames(one) == [(30, 80, "open"), (105, 155, "open")]
    assert apexes(one) == [50, None]


def test_marks_of_a_tier_of_their_own_are_apexes(tmp_path):
    rows = [*OPEN, (0.8, "n/a", "peak"), (2.52, 0.2, "peak"), (4.5, 0.1, "peak"), (4.6, 0.2, "blink")]
    events(tmp_path, "P1.tsv", rows)
    one = Annotations(tmp_path, tier="open", apex="peak").on(recording(), ["P1"])
    assert frames(one) == TWO_OPEN
    assert apexes(one) == [40, 126]
    assert one.notes["apexes_outside_repetitions"] == 1
    assert one.notes["annotations_on_other_tiers"] == 1
    (tmp_path / "P1.tsv").unlink()
    events(tmp_path, "P1.tsv", [*OPEN, (0.8, "n/a", "peak")])
    assert apexes(Annotations(tmp_path, apex="peak").on(recording(), ["P1"])) == [
        40,
        None,
    ]  # the one other tier there is


@pytest.mark.parametrize(
    ("rows", "apex", "message"),
    [
        ([(0.5, 1.0, "open", 1.8)], None, r"line 2 of P1.tsv has its apex at 1.8 s, outside its 0.5 to 1.48 s"),
        ([(0.5, 1.0, "open", "late")], None, r"line 2 of .*P1.tsv cannot be read: 'late' is no time"),
        ([(0.5, 1.0, "open", "n/a")], "peek", r"P1.tsv has no tier peek of apexes"),
        (
            [(0.5, 1.0, "open", ""), (0.6, 0.1, "peak", ""), (0.9, 0.1, "peak", "")],
            "peak",
            r"line 2 of P1.tsv has 2 apexes, line 3 of P1.tsv and line 4 of P1.tsv",
        ),
    ],
)
def test_apexes_that_cannot_be(tmp_path, rows, apex, message):
    events(tmp_path, "P1.tsv", rows, columns="onset\tduration\ttrial_type\tapex")
    with pytest.raises(DataError, match=message):
        Annotations(tmp_path, tier="open", apex=apex).on(recording(), ["P1"])


def test_apexes_are_written_and_read_back(tmp_path):
    events(tmp_path / "marks", "P1.tsv", [(0.5, 1.0, "open", 0.9)], columns="onset\tduration\tlabel\tapex")
    one = Annotations(tmp_path / "marks").on(recording(start_s=7.0), ["P1"])
    write([one], tmp_path / "study")
    (again,) = FolderCohort(root=tmp_path / "study").recordings()
    assert again.repetitions == one.repetitions
    assert apexes(again) == [45]


def test_a_study_annotated_in_elan_and_in_praat_has_the_repetitions_of_its_events(tmp_path):
    """By these tools' own writers; what stands on another tier is no repetition."""
    pympi, praatio = pytest.importorskip("pympi"), pytest.importorskip("praatio.textgrid")
    bounds = (Repetition(25, 75, 0), Repetition(100, 151, 1))
    write([replace(recording(who, start_s=3.0), repetitions=bounds) for who in ("P1", "P2")], tmp_path / "study")
    spans_s = [(r.start / 50, r.stop / 50) for r in bounds]
    (tmp_path / "marks").mkdir()
    document = pympi.Elan.Eaf()
    for tier in ("repetition", "comment"):
        document.add_tier(tier)
    document.add_annotation("comment", 0, 100, "coughs")
    for start_s, end_s in spans_s:
        document.add_annotation("repetition", round(1e3 * start_s), round(1e3 * end_s))
    document.to_file(str(tmp_path / "marks" / "sub-P1_task-OPEN.eaf"))
    grid = praatio.Textgrid()
    grid.addTier(praatio.IntervalTier("repetition", [(*span, "open") for span in spans_s], 0, 5))
    file = tmp_path / "marks" / "sub-P2_task-OPEN.TextGrid"
    grid.save(str(file), format="short_textgrid", includeBlankSpaces=True)
    made = FolderCohort(root=tmp_path / "study", annotations=tmp_path / "marks", tier="repetition").recordings()
    assert [[(r.start, r.stop) for r in one.repetitions] for one in made] == [[(25, 75), (100, 151)]] * 2
