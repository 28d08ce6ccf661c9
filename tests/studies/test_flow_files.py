"""Pictures of flow on disk: what moved, how far, between which frames; and the reader of HTNet's layout agrees."""

from __future__ import annotations

import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface import face, repetitions
from neuroface.cohorts.megc import MegcCohort
from neuroface.detection import Steps
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks.given import as_they_are
from neuroface.landmarks.lift import none
from neuroface.recording import flow
from neuroface.studies.flow_files import FlowFiles
from views.test_flow import ShiftedVideo, mouth_opening
from views.videos import seen_of

STEPS = Steps(landmarks=as_they_are, lift=none, repetitions=repetitions.given, features={}, quality=None)
SHIFT_PX, APEX = 4.0, 12
TABLE = "combined_3_class2_for_optical_flow.csv"


def a_recording(subject: str, group: str = "HC", *, labels=None):
    """The whole picture moves to the right by SHIFT_PX until the mouth is widest, and back; the points do not."""
    shift = SHIFT_PX * np.exp(-0.5 * ((np.arange(20) - APEX) / 2.0) ** 2)
    one = seen_of(mouth_opening(20, at=APEX), [(2, 20)], video=ShiftedVideo(shift), labels=labels).recording
    return replace(one, subject=subject, group=group)


def rows_of(folder):
    with (folder / TABLE).open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def test_a_known_movement_is_written_and_read_back(tmp_path):
    out = tmp_path / "flow"
    people = [a_recording("P1"), a_recording("P2"), a_recording("P3", "ALS")]
    items, classes, left_out = FlowFiles().write(people, STEPS, out)
    assert (classes, left_out) == (["ALS", "HC"], [])
    assert [(i.subject, i.onset, i.apex) for i in items] == [("P1", 2, APEX), ("P2", 2, APEX), ("P3", 2, APEX)]
    with np.load(out / "components" / "P1_OPEN-00.npz") as parts:
        # the crop is `flow_size` wide, so a px of the video is that much of a px of the picture
        px = np.linalg.norm(items[0].points[0] - items[0].points[1]) / eye_distance_px()
        middle = (slice(8, 20), slice(8, 20))
        assert np.median(parts["u"][middle]) == pytest.approx(SHIFT_PX * px, rel=0.05)
        assert np.abs(np.median(parts["v"][middle])) < 0.05 * SHIFT_PX * px
        np.testing.assert_allclose(parts["magnitude"], np.hypot(parts["u"], parts["v"]), rtol=1e-5)
        assert np.median(parts["strain"][middle]) < 0.02 * SHIFT_PX * px  # what moves as a whole is not strained
        pictured = flow.to_uint8(np.stack([parts[name] for name in ("u", "v", "strain")], axis=-1).astype(float))
    read = list(MegcCohort(root=out, regions="regions.csv").recordings())
    assert [(r.subject, r.repetitions[0].label) for r in read] == [
        ("video-P1", "HC"),
        ("video-P2", "HC"),
        ("video-P3", "ALS"),
    ]
    assert np.abs(read[0].video.channels().astype(int) - pictured).max() <= 1
    np.testing.assert_allclose(read[0].video.points, items[0].points, atol=1e-3)
    tested = {file.name for file in out.glob("datasets/three_norm_u_v_os/P1/u_test/1/*.png")}
    trained = {file.name for file in out.glob("datasets/three_norm_u_v_os/P1/u_train/*/*.png")}
    assert tested == {"P1_OPEN-00 .png"}
    assert trained == {"P2_OPEN-00 .png", "P3_OPEN-00 .png"}


def eye_distance_px() -> float:
    points = mouth_opening(1, at=99)[0]
    return float(np.linalg.norm(points[face.EYE_RIGHT].mean(axis=0) - points[face.EYE_LEFT].mean(axis=0)))


@pytest.mark.parametrize("named", ["onset,apex\nP1,1,9", "onset_s,apex_s\nP1,0.02,0.18"], ids=["frames", "seconds"])
def test_onset_and_apex_as_somebody_marked_them(tmp_path, named):
    marks = tmp_path / "marks.csv"
    marks.write_text(f"subject,{named}\n")
    FlowFiles(marks=marks).write([a_recording("P1")], STEPS, tmp_path / "flow")
    (row,) = rows_of(tmp_path / "flow")
    assert (row["onset"], row["apex"], row["onset_s"], row["apex_s"]) == ("1", "9", "0.020000", "0.180000")


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("subject,onset\nP1,3", "needs columns onset and apex"),
        ("subject,onset,apex\nP1,3,20", "has 20 frames; marks.csv, line 2, marks onset 3 and apex 20"),
        ("subject,onset,apex\nP1,3,nine", "line 2: apex is 'nine', no number"),
        ("subject,onset,apex\nP1,3,9\nP2,3,9", "has rows of no recording: P2"),
        ("subject,task,onset,apex\nP1,SMILE,3,9", "has rows of no recording: P1"),
    ],
)
def test_marks_that_cannot_be_used(tmp_path, marked, message):
    marks = tmp_path / "marks.csv"
    marks.write_text(marked + "\n")
    with pytest.raises(DataError, match=message):
        FlowFiles(marks=marks).write([a_recording("P1")], STEPS, tmp_path / "flow")


def test_a_recording_that_nobody_marked(tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("subject,onset,apex\nP1,3,9\n")
    people = [a_recording("P1"), a_recording("P2")]
    with pytest.raises(DataError, match=r"P2/OPEN: has no row in .*marks.csv"):
        FlowFiles(marks=marks).write(people, STEPS, tmp_path / "flow")
    _, _, left_out = FlowFiles(marks=marks).write(people, STEPS, tmp_path / "flow", skip_broken=True)
    assert [what for what, _ in left_out] == ["P2/OPEN"]


def test_classes_that_the_layout_cannot_hold(tmp_path):
    people = [a_recording(f"P{k}", group) for k, group in enumerate(["A", "B", "C", "D"])]
    with pytest.raises(DataError, match=r"There are 4 classes, A, B, C, D; the layout has 0, 1 and 2"):
        FlowFiles().write(people, STEPS, tmp_path / "all")
    items, classes, left_out = FlowFiles(classes=["D", "A"]).write(people, STEPS, tmp_path / "two")
    assert ([row["label"] for row in rows_of(tmp_path / "two")], len(items), classes) == (["1", "0"], 2, ["D", "A"])
    assert left_out == [("P1_OPEN-00", "is of class B"), ("P2_OPEN-00", "is of class C")]
    with pytest.raises(DataError, match=r"Nothing is of class 'E'; there are A, B, C, D"):
        FlowFiles(classes=["E"]).write(people, STEPS, tmp_path / "none")


def test_labels_of_repetitions(tmp_path):
    with pytest.raises(DataError, match="has a repetition without a label"):
        FlowFiles(target="label").write([a_recording("P1")], STEPS, tmp_path / "a")
    items, classes, _ = FlowFiles(target="label").write([a_recording("P1", labels=["smile"])], STEPS, tmp_path / "b")
    assert (classes, items[0].dataset) == (["smile"], "HC")
    with pytest.raises(ConfigError, match=r"^flow_images.target=lable: there is no such choice. Did you mean"):
        FlowFiles(target="lable")
    with pytest.raises(DataError, match="is not empty"):
        FlowFiles().write([a_recording("P1")], STEPS, tmp_path / "b")


def test_an_apex_that_somebody_has_marked_is_not_looked_for(tmp_path):
    found, marked = a_recording("P1"), a_recording("P2")
    marked = replace(marked, repetitions=tuple(replace(r, apex=9) for r in marked.repetitions))
    FlowFiles().write([found, marked], STEPS, tmp_path)
    assert [(row["onset"], row["apex"]) for row in rows_of(tmp_path)] == [("2", str(APEX)), ("2", "9")]


@pytest.mark.parametrize("names", [("07", "1e2", "12"), ("NA", "P2", "P3")])
def test_the_public_readers_find_what_they_look_for(tmp_path, names):
    """Written after main_HTNet.py and STSTNet's main.py: how they name files, what they cut out, what they must be."""
    pd = pytest.importorskip("pandas")
    people = [a_recording(name, group) for name, group in zip(names, ("A", "B", "C"), strict=True)]
    FlowFiles().write(people, STEPS, tmp_path)
    table = pd.read_csv(tmp_path / TABLE)
    wanted = [f"{sub}_{name} .png" for sub, name in zip(table["sub"], table["filename_o"], strict=True)]
    whole = tmp_path / "datasets" / "STSNet_whole_norm_u_v_os"
    assert sorted(wanted) == sorted(file.name for file in whole.iterdir())
    assert all(
        cv2.imread(str(tmp_path / "datasets/combined_datasets_whole" / n)) is not None for n in table["imagename"]
    )
    by_subject = tmp_path / "datasets" / "three_norm_u_v_os"
    assert len(list(by_subject.iterdir())) == 3
    for person in by_subject.iterdir():
        read = {kind: sorted((person / kind).glob("*/*.png")) for kind in ("u_train", "u_test")}
        assert [len(files) for files in read.values()] == [2, 1]
        for files in read.values():
            assert {int(file.parent.name) for file in files} <= {0, 1, 2}
            pictures = np.array([cv2.imread(str(file)) for file in files])
            assert pictures.shape[1:] == (28, 28, 3)  # 7 px about each of five points that lie within 7..21
            assert (pictures.min(axis=(0, 1, 2)) == 0).all()
            assert (pictures.max(axis=(0, 1, 2)) == 255).all()
            assert {file.name for file in files} <= set(wanted)
