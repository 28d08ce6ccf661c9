"""A clinic written as Toronto NeuroFace and read back, with a small drawn video in place of a rendered one."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from neuroface.cohorts.toronto import TorontoCohort
from neuroface.cohorts.toronto_inventory import inventory
from neuroface.cohorts.toronto_scores import score
from neuroface.cohorts.toronto_write import write
from neuroface.errors import ConfigError, DataError
from neuroface.recording.identity import identity
from neuroface.types import Camera, Frame, Landmarks, Recording, Repetition, Rig, Truth

openpyxl = pytest.importorskip("openpyxl")

N_FRAMES, FPS, WIDTH, HEIGHT = 24, 50.0, 96, 72
COLOR = Camera(fx=90, fy=90, cx=48, cy=36, width=WIDTH, height=HEIGHT, depth_unit_mm=0.125, model="SR300")
DEPTH = Camera(fx=80, fy=80, cx=40, cy=30, width=80, height=60, depth_unit_mm=0.125, model="SR300")
RIG = Rig(COLOR, DEPTH, translation_mm=np.array([-26.0, 0.3, 1.5]), serial="7")


class DrawnVideo:
    """A mouth that opens before a noisy wall, and a depth plane that comes nearer."""

    size = (WIDTH, HEIGHT)

    def __init__(self, rig=RIG, missing_depth=()):
        self.rig = rig
        self.missing_depth = missing_depth

    def frames(self, start=0, stop=None, step=1):
        for i in range(start, min(stop or N_FRAMES, N_FRAMES), step):
            color = np.random.default_rng(i).normal(130, 3, (HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8)
            cv2.ellipse(color, (48, 40), (16, 2 + i % 12), 0, 0, 360, (150, 40, 30), -1)
            has_depth = self.rig is not None and i not in self.missing_depth
            depth = np.full((60, 80), 3600 - i, dtype=np.uint16) if has_depth else None
            yield Frame(i, i / FPS, color, depth)


def points():
    """(T, 68, 2) px: a grid that moves by a hundredth of a pixel each frame; frame 4 is lost."""
    grid = np.stack([np.linspace(20, 70, 68), np.linspace(10, 60, 68)], axis=1)
    moving = grid + np.arange(N_FRAMES)[:, None, None] / 100
    moving[4] = np.nan
    return moving


def recording(subject="A001", group="ALS", task="OPEN", severity=0.8, video=None, **more):
    landmarks = Landmarks(points(), np.arange(N_FRAMES) / FPS, "pixel")
    side = "left" if group == "PS" else None
    repetitions = (Repetition(0, 10, 0), Repetition(12, 24, 1))
    truth = Truth(landmarks, repetitions, severity, side, {})
    return Recording(
        subject=subject,
        group=group,
        task=task,
        landmarks=landmarks,
        repetitions=repetitions,
        attributes={"age": 60, "sex": "F"},
        truth=truth,
        video=video or DrawnVideo(),
        **more,
    )


def clinic():
    yield recording()
    yield recording(task="REST")
    yield recording("N001", "HC", "BBP", severity=0.0)
    yield recording("S001", "PS", "PATAKA")
    yield recording("S002", "PS", "BIGSMILE")


def read(root, **options):
    return {r.name: r for r in TorontoCohort(root=root, **options).recordings()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write(clinic(), tmp_path_factory.mktemp("clinic") / "release", saved_frames=3)


def test_names_and_folders_are_those_of_the_release(written):
    files = {p.relative_to(written.out).as_posix() for p in written.out.rglob("*") if p.is_file()}
    root = "NeuroFace Open Access Data"
    assert {
        f"{root}/ALS/Videos/A001_02_NSM_OPEN_color.avi",
        f"{root}/ALS/Landmarks_gt/A001_02_NSM_OPEN_color.txt",
        f"{root}/ALS/Bbox_gt/A001_02_NSM_OPEN_color_gt.txt",
        f"{root}/ALS/Frames/A001_02_NSM_OPEN_color.avi_1.jpg",
        f"{root}/ALS/SLP_Assessment_ALS.xlsx",
        f"{root}/ALS/Videos/A001_02_NSM_OPEN_depth/000000.png",
        f"{root}/ALS/Videos/A001_02_NSM_OPEN_depth/camera.json",
        f"{root}/Healthy controls/Videos/N001_02_BBP_NORMAL_color.avi",
        f"{root}/Healthy controls/VideoInfoFile_HC.xlsx",
        f"{root}/Stroke/Videos/OP01_02_DDK_PATAKA_color.avi",
        f"{root}/Stroke/Videos/S002_02_NSM_BIGSMILE_color.avi",
        f"{root}/Stroke/VID_DATASET_Clinical information_Stroke.csv",
        f"{root}/Stroke/SLP_Assessment_PS.xlsx",
        f"{root}/SYNTHETIC.txt",
        "parsing.csv",
    } <= files
    assert "not a medical device" in (written.out / root / "SYNTHETIC.txt").read_text()
    assert written.left_out == [("A001/REST", "the release has no task REST")]
    assert (written.recordings, written.people) == (4, {"A001": "ALS", "N001": "HC", "OP01": "PS", "S002": "PS"})


def test_headers_are_those_of_the_release(written):
    root = written.out / "NeuroFace Open Access Data"
    sheet = openpyxl.load_workbook(root / "ALS" / "SLP_Assessment_ALS.xlsx").active
    header, row = (list(r) for r in sheet.iter_rows(values_only=True))
    items = ["Symmetry", "ROM", "Speed", "Variability", "Fatigue", "Tot"]
    first, second = ([f"{item} ({rater})" for item in items] for rater in ("SLP1", "SLP2"))
    assert header == ["File Name", "Subject ID", *first, None, *second]
    assert row[:2] == ["A001_02_NSM_OPEN_color.avi", "A001"]
    assert sum(row[2:7]) == row[7]
    with (root / "Stroke" / "VID_DATASET_Clinical information_Stroke.csv").open() as lines:
        header, first, _ = csv.reader(lines)
    assert header == ["SubjectID", "AgeSession", "Gender", "DaysfromStroke", "Type", "Location", "Facial asymmetry"]
    assert first == ["OP01", "60", "F", "", "", "", "left"]


def test_landmarks_come_back_on_the_frames_they_were_on(written):
    one = read(written.out)["A001/OPEN"]
    annotated = [i for i in range(0, N_FRAMES, 2) if i != 4]  # every second frame, without the lost one
    assert np.flatnonzero(np.isfinite(one.landmarks.points).all(axis=(1, 2))).tolist() == annotated
    assert one.landmarks.points[annotated] == pytest.approx(points()[annotated], abs=0.0006)
    assert one.landmarks.timestamps_s == pytest.approx(np.arange(N_FRAMES) / FPS)
    assert one.notes["recordings_numbered_from_1_by_saved_frame"] == 1
    assert one.notes["frames_annotated"] == len(annotated) == 11
    assert written.frames_annotated == 4 * 11
    assert [(r.start, r.stop, r.index) for r in one.repetitions] == [(0, 10, 0), (12, 24, 1)]


def test_pictures_depth_and_calibration_come_back(written):
    one = read(written.out)["OP01/PATAKA"]
    frames = list(one.video.frames(2, 9, 3))
    assert [frame.index for frame in frames] == [2, 5, 8]
    drawn = list(DrawnVideo().frames(2, 9, 3))
    for frame, truth in zip(frames, drawn, strict=True):
        assert np.array_equal(frame.depth, truth.depth)
        assert np.abs(frame.color.astype(int) - truth.color).mean() < 5  # MJPG
        assert frame.timestamp_s == pytest.approx(truth.timestamp_s)
    assert one.camera == COLOR
    assert one.video.rig.depth == DEPTH
    assert one.video.rig.translation_mm == pytest.approx(RIG.translation_mm)
    known = identity(one.video)
    (written.out / one.video.files[1] / "000003.png").touch()  # what was made of other depth is not found again
    assert identity(one.video) != known


def test_attributes_come_back_and_scores_follow_severity(written):
    found = read(written.out)
    assert {k: found["OP01/PATAKA"].attributes[k] for k in ("age", "sex", "facial_asymmetry")} == {
        "age": 60,
        "sex": "F",
        "facial_asymmetry": "left",
    }
    assert found["A001/OPEN"].attributes["slp_total"] > found["N001/BBP"].attributes["slp_total"] + 3


def test_scores_are_items_of_one_to_five_and_their_sum_and_repeat():
    truths = {s: recording(severity=s).truth for s in (0.0, 1.0)}
    for group in ("HC", "ALS", "PS"):
        for truth in truths.values():
            scores = score("A001_02_NSM_OPEN_color", group, truth)
            assert scores == score("A001_02_NSM_OPEN_color", group, truth)
            assert all(1 <= item <= 5 for item in scores[:5] + scores[6:11])
            assert (sum(scores[:5]), sum(scores[6:11])) == (scores[5], scores[11])
    totals = {
        (group, s): np.mean([score(f"{i}", group, truth)[5] for i in range(50)])
        for group in ("HC", "ALS")
        for s, truth in truths.items()
    }
    assert totals["ALS", 1.0] > totals["ALS", 0.0] + 8
    assert totals["HC", 1.0] == totals["HC", 0.0]


def test_depth_frames_that_were_dropped_stay_missing(tmp_path):
    video = DrawnVideo(missing_depth={3, 4})
    write([recording(video=video)], tmp_path / "release")
    one = read(tmp_path / "release")["A001/OPEN"]
    assert [i for i, frame in enumerate(one.video.frames()) if frame.depth is None] == [3, 4]
    assert one.notes["frames_without_depth"] == 2


def test_colour_alone_is_written_and_read_without_depth(tmp_path):
    write([recording(video=DrawnVideo(rig=None))], tmp_path / "release")
    assert not list(tmp_path.rglob("*_depth"))
    one = read(tmp_path / "release", depth=None)["A001/OPEN"]
    assert one.video.rig is None
    assert one.camera is None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda place: (place / "camera.json").unlink(), "without intrinsics and depth_scale"),
        (lambda place: (place / "000003.png").unlink(), "has 24 times, the folder 23 depth images"),
        (lambda place: (place / "timestamps.csv").write_text("frame,timestamp_s\n0,0\n"), "has 1 times, the folder 24"),
        (lambda place: [p.unlink() for p in place.glob("*.png")], "holds no depth image"),
    ],
)
def test_spoilt_depth_says_what_is_wrong(tmp_path, spoil, message):
    write([recording()], tmp_path / "release")
    (place,) = tmp_path.rglob("*_depth")
    spoil(place)
    with pytest.raises(DataError) as error:
        read(tmp_path / "release")
    assert message in str(error.value)


def test_depth_without_times_needs_as_many_images_as_frames(tmp_path):
    write([recording()], tmp_path / "release")
    (place,) = tmp_path.rglob("*_depth")
    (place / "timestamps.csv").unlink()
    frames = list(read(tmp_path / "release")["A001/OPEN"].video.frames())
    assert [frame.depth[0, 0] for frame in frames] == [3600 - i for i in range(N_FRAMES)]
    (place / "000023.png").unlink()
    with pytest.raises(DataError, match=r"has 23 depth images, the video 24 frames; without timestamps\.csv"):
        read(tmp_path / "release")


def test_depth_of_another_form_is_refused(tmp_path):
    write([recording(video=DrawnVideo(rig=None))], tmp_path / "release")
    (video,) = tmp_path.rglob("*_color.avi")
    (video.parent / "A001_02_NSM_OPEN_depth.mat").write_bytes(b"?")
    with pytest.raises(DataError, match=r"A001_02_NSM_OPEN_depth\.mat is not depth that can be read; a folder of"):
        read(tmp_path / "release")


def test_how_densely_frames_are_annotated_and_saved_can_be_chosen(tmp_path):
    written = write([recording()], tmp_path / "release", annotate_every=8, saved_frames=1)
    assert written.frames_annotated == 3
    assert [p.name for p in tmp_path.rglob("*.jpg")] == ["A001_02_NSM_OPEN_color.avi_1.jpg"]


def test_nothing_is_written_when_one_recording_cannot_be(tmp_path):
    bad = [recording(), recording("a-1"), recording("A002", "MS"), recording(session="two"), recording()]
    no_video = Recording(subject="A003", group="ALS", task="OPEN", landmarks=bad[0].landmarks)
    with pytest.raises(DataError) as error:
        write([*bad, no_video], tmp_path / "release")
    for part in (
        "a-1/OPEN: subject 'a-1' must be capital letters and digits, as A002.",
        "A002/OPEN: the release has no group MS; it has ALS, HC, PS.",
        "A001/two/OPEN: session 'two' must be two digits.",
        "A001/OPEN: stands in the cohort more than once.",
        "A003/OPEN: has no video with landmarks in pixels; make it with cohort.modality=rgbd.",
        "Nothing was written.",
    ):
        assert part in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"is not empty\. Choose an empty folder with out=\.$"):
        write([recording()], tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(ConfigError, match="at least 1 and 0 are needed"):
        write([recording()], tmp_path / "new", annotate_every=0)


def test_what_was_written_here_is_known_to_be_synthetic(written, tmp_path):
    for root in (written.out, written.out / "NeuroFace Open Access Data"):
        assert TorontoCohort(root=root).synthetic
        assert TorontoCohort(root=root).inventory().startswith("Synthetic people in the form of Toronto NeuroFace in ")
    assert not TorontoCohort(root=tmp_path).synthetic


def test_inventory_of_a_clinic_counts_what_was_written(written):
    found = inventory(written.out, depth="{recording}_depth*")
    rows = {row.label.strip(): [row.found.get(group, 0) for group in ("ALS", "HC", "PS")] for row in found.rows}
    assert rows["people"] == [1, 1, 2]
    assert rows["videos"] == rows["recordings with boxes"] == rows["recordings with depth"] == [1, 1, 2]
    assert rows["recordings with scores"] == rows["recordings with a rate"] == [1, 1, 2]
    assert rows["annotated frames"] == [11, 11, 22]
    assert rows["saved frames"] == [3, 3, 6]
    assert rows["BIGSMILE"] == [0, 0, 1]
