"""Toronto NeuroFace: a tiny release laid out by hand here, with all that is known to be odd about the real one."""

from __future__ import annotations

import csv
import re

import cv2
import numpy as np
import pytest

from neuroface.cohorts.toronto import TorontoCohort
from neuroface.cohorts.toronto_layout import TASKS, parse, scan
from neuroface.errors import ConfigError, DataError

openpyxl = pytest.importorskip("openpyxl")

N_FRAMES, FPS, SIZE = 12, 50.0, (64, 48)
POINTS = np.stack([np.linspace(10, 50, 68), np.linspace(5, 40, 68)], axis=1)
LANDMARK_HEADER = ["Frame", *(f"{axis}{i}" for i in range(1, 69) for axis in "xy")]


def picture(frame):
    """A mouth that opens over a noisy wall: neighbouring frames differ as real ones do."""
    image = np.random.default_rng(frame).normal(120, 3, (SIZE[1], SIZE[0], 3)).clip(0, 255).astype(np.uint8)
    cv2.ellipse(image, (32, 24), (12, 2 + frame), 0, 0, 360, (40, 20, 90), -1)
    return image


def add_video(place, name, *, n_frames=N_FRAMES, fps=FPS):
    (place / "Videos").mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(place / "Videos" / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), fps, SIZE)
    for frame in range(n_frames):
        writer.write(picture(frame))
    writer.release()


def add_landmarks(place, name, frames=(1, 5, 9), *, n_points=68):
    (place / "Landmarks_gt").mkdir(parents=True, exist_ok=True)
    rows = [[frame, *(POINTS[:n_points] + frame).ravel()] for frame in frames]
    lines = [", ".join(map(str, row)) for row in [LANDMARK_HEADER[: 1 + 2 * n_points], *rows]]
    (place / "Landmarks_gt" / f"{name}.txt").write_text("\n".join(lines), encoding="utf-8-sig")


def save_frame(place, name, number, *, shows):
    (place / "Frames").mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(place / "Frames" / f"{name}.avi_{number}.jpg"), picture(shows))


def add_recording(place, name, **landmarks):
    add_video(place, name)
    add_landmarks(place, name, **landmarks)


def sheet(file, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file)


def slp(file, *rows):
    items = ["Symmetry", "ROM", "Speed", "Variability", "Fatigue", "Tot"]
    first, second = [f"{i} (SLP1)" for i in items], [f"{i} (SLP2)" for i in items]
    sheet(file, ["File Name", "Subject ID", *first, None, *second], *rows)


@pytest.fixture
def release(tmp_path):
    """Three people, one per group, under the release's own folder names; no depth."""
    root = tmp_path / "NeuroFace Open Access Data"
    add_recording(root / "ALS", "A002_02_NSM_OPEN_color")
    add_recording(root / "Healthy controls", "N001_02_BBP_NORMAL_color")
    add_recording(root / "Stroke", "OP01_02_DDK_PATAKA_color")
    return tmp_path


def read(root, **options):
    return {r.name: r for r in TorontoCohort(root=root, **{"depth": None, **options}).recordings()}


def complaint(root, **options):
    with pytest.raises(DataError) as error:
        read(root, **options)
    return str(error.value)


def test_groups_come_from_folders_and_tasks_from_names(release):
    found = {name: (r.subject, r.group, r.task) for name, r in read(release).items()}
    assert found == {
        "A002/OPEN": ("A002", "ALS", "OPEN"),
        "N001/BBP": ("N001", "HC", "BBP"),
        "OP01/PATAKA": ("OP01", "PS", "PATAKA"),
    }
    assert list(read(release / "NeuroFace Open Access Data")) == list(found)


@pytest.mark.parametrize(
    ("folder", "group"),
    [("als", "ALS"), ("HC", "HC"), ("HealthyControls", "HC"), ("PS", "PS"), ("Post-stroke", "PS"), ("Stroke", "PS")],
)
def test_group_folders_have_other_names_too(tmp_path, folder, group):
    (tmp_path / folder).mkdir()
    assert list(scan(tmp_path).folders) == [group]


def test_every_task_of_the_release_is_known_and_none_is_rest():
    named = {name: parse(f"S001_02_{name}_color") for name in TASKS}
    assert named["DDK_PA"] == ("S001", "", "PA")
    assert named["NSM_BIGSMILE"] == ("S001", "", "BIGSMILE")
    assert {task for _, _, task in named.values()} == {
        "BBP", "PA", "PATAKA", "BIGSMILE", "BLOW", "BROW", "KISS", "OPEN", "SPREAD"
    }  # fmt: skip
    assert parse("S001_03_NSM_KISS_color") == ("S001", "03", "KISS")


def test_boxes_are_found_under_both_of_their_names(tmp_path):
    boxes = tmp_path / "ALS" / "Bbox_gt"
    boxes.mkdir(parents=True)
    for name in ("A002_02_NSM_OPEN_color_gt.txt", "A006_02_NSM_OPEN_color.txt"):
        (boxes / name).write_text("Frame,x1,y1,x2,y2\n1,2,3,4,5\n")
    found = {files.subject: [file.name for file in files.boxes] for files in scan(tmp_path).recordings.values()}
    assert found == {"A002": ["A002_02_NSM_OPEN_color_gt.txt"], "A006": ["A006_02_NSM_OPEN_color.txt"]}


def test_frames_from_one_are_settled_by_a_saved_frame(release):
    als = release / "NeuroFace Open Access Data" / "ALS"
    save_frame(als, "A002_02_NSM_OPEN_color", 5, shows=4)
    one = read(release)["A002/OPEN"]
    assert one.notes["recordings_numbered_from_1_by_saved_frame"] == 1
    assert one.landmarks.timestamps_s == pytest.approx(np.array([0, 4, 8]) / FPS)
    assert one.landmarks.points[1] == pytest.approx(POINTS + 5)
    assert one.landmarks.space == "pixel"


def test_frames_from_zero_are_settled_for_one_file_alone(release):
    als = release / "NeuroFace Open Access Data" / "ALS"
    save_frame(als, "A002_02_NSM_OPEN_color", 5, shows=5)
    found = read(release)
    assert found["A002/OPEN"].notes["recordings_numbered_from_0_by_saved_frame"] == 1
    assert found["A002/OPEN"].landmarks.timestamps_s == pytest.approx(np.array([1, 5, 9]) / FPS)
    assert found["N001/BBP"].notes["recordings_numbered_from_1_assumed_with_nothing_to_compare"] == 1
    assert found["N001/BBP"].landmarks.timestamps_s == pytest.approx(np.array([0, 4, 8]) / FPS)


def test_frame_zero_in_the_list_settles_it_too(tmp_path):
    add_recording(tmp_path / "ALS", "A002_02_NSM_OPEN_color", frames=(0, 3))
    one = read(tmp_path)["A002/OPEN"]
    assert one.notes["recordings_numbered_from_0_by_frame_0"] == 1
    assert one.landmarks.timestamps_s == pytest.approx([0, 3 / FPS])


def test_a_face_that_does_not_move_cannot_settle_it(tmp_path):
    place, name = tmp_path / "ALS", "A002_02_NSM_OPEN_color"
    (place / "Videos").mkdir(parents=True)
    writer = cv2.VideoWriter(str(place / "Videos" / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), FPS, SIZE)
    for _ in range(N_FRAMES):
        writer.write(picture(3))
    writer.release()
    add_landmarks(place, name)
    save_frame(place, name, 5, shows=3)
    assert read(tmp_path)["A002/OPEN"].notes["recordings_numbered_from_1_assumed_as_saved_frames_fit_both"] == 1


def test_saved_frame_of_something_else_is_refused_unless_the_count_is_given(release):
    als = release / "NeuroFace Open Access Data" / "ALS"
    (als / "Frames").mkdir()
    cv2.imwrite(str(als / "Frames" / "A002_02_NSM_OPEN_color.avi_5.jpg"), np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    wrong = "A002_02_NSM_OPEN_color.avi_5.jpg resembles neither frame 4 nor frame 5 of the video"
    assert f"A002/OPEN: {wrong}; set cohort.first_frame to 0 or 1 to go on regardless" in complaint(release)
    assert read(release, first_frame=1)["A002/OPEN"].notes["recordings_numbered_from_1_by_configuration"] == 1


def test_saved_frame_of_another_size_is_refused(release):
    als = release / "NeuroFace Open Access Data" / "ALS"
    (als / "Frames").mkdir()
    cv2.imwrite(str(als / "Frames" / "A002_02_NSM_OPEN_color.avi_5.jpg"), picture(4)[:, :40])
    assert "A002_02_NSM_OPEN_color.avi_5.jpg is 40x48 px, the video 64x48" in complaint(release)


def test_first_pixel_moves_every_point(release):
    at_zero, at_one = (read(release, first_pixel=p)["A002/OPEN"].landmarks.points for p in (0, 1))
    assert at_zero - at_one == pytest.approx(np.ones((3, 68, 2)))


def test_points_that_are_no_face_are_refused_and_zeros_are_missing(release, monkeypatch):
    place = release / "NeuroFace Open Access Data" / "ALS"
    name = "A002_02_NSM_OPEN_color"
    marked = np.where(np.arange(68)[:, None] == 3, 0, POINTS + 5)
    monkeypatch.setitem(globals(), "POINTS", marked)
    add_landmarks(place, name, frames=(0,))
    one = read(release)["A002/OPEN"]
    assert np.flatnonzero(np.isnan(one.landmarks.points[0]).any(axis=1)).tolist() == [3]
    assert one.notes["points_stored_as_0"] == 1
    monkeypatch.setitem(globals(), "POINTS", marked / 1000)
    add_landmarks(place, name, frames=(0,))
    assert "A002/OPEN: " in (told := complaint(release))
    assert "fractions of the image, not px" in told


def test_video_without_annotation_has_no_landmarks_but_its_frames(tmp_path):
    add_video(tmp_path / "ALS", "A002_02_NSM_OPEN_color")
    one = read(tmp_path)["A002/OPEN"]
    assert one.landmarks.points.shape == (0, 68, 2)
    assert len(list(one.video.frames())) == N_FRAMES


def test_landmarks_without_video_need_a_frame_rate(tmp_path):
    add_landmarks(tmp_path / "ALS", "A002_02_NSM_OPEN_color")
    assert "has landmarks but no video, so its frames have no times; add it, or set cohort.fps" in complaint(tmp_path)
    one = read(tmp_path, fps=25)["A002/OPEN"]
    assert one.video is None
    assert one.landmarks.timestamps_s == pytest.approx(np.array([0, 4, 8]) / 25)


def test_saved_frames_alone_are_no_recording(release):
    save_frame(release / "NeuroFace Open Access Data" / "ALS", "A002_02_NSM_KISS_color", 5, shows=4)
    assert "A002/KISS: has saved frames or boxes, but neither a video nor landmarks; add them" in complaint(release)


def test_video_information_wins_over_the_header_and_configuration_over_both(release):
    root = release / "NeuroFace Open Access Data"
    name = "A002_02_NSM_OPEN_color.avi"
    sheet(root / "ALS" / "VideoInfoFile_ALS.xlsx", ["File Name", "FPS", "Frames"], [name, 59.5, N_FRAMES])
    times = {
        key: read(release, **options)["A002/OPEN"].landmarks.timestamps_s[-1]
        for key, options in {"info": {}, "config": {"fps": 25}, "header": {"video_info": False}}.items()
    }
    assert times == pytest.approx({"info": 8 / 59.5, "config": 8 / 25, "header": 8 / FPS})


def test_video_information_of_unknown_columns_says_what_to_do(release):
    sheet(release / "VideoInfoFile_HC.xlsx", ["A", "B"], ["x", 1])
    said = complaint(release)
    assert "VideoInfoFile_HC.xlsx has no single column of file names and of frame rates; it has A, B." in said
    assert "Set cohort.fps and cohort.video_info=false" in said


def test_facts_and_scores_become_attributes_of_the_person(release):
    root = release / "NeuroFace Open Access Data"
    header = "SubjectID,AgeSession,Gender,DaysfromStroke,Type,Location,Facial asymmetry"
    facts = f"{header}\nOP01,61,female,100,ischemic,left MCA,\n"
    (root / "Stroke" / "VID_DATASET_Clinical information_Stroke.csv").write_text(facts)
    add_recording(root / "Stroke", "OP01_02_NSM_OPEN_color")
    slp(
        root / "Stroke" / "SLP_Assessment_PS.xlsx",
        ["OP01_02_DDK_PATAKA_color.avi", "OP01", 1, 2, 3, 4, 5, 15, None, 1, 2, 3, 4, 4, 14],
        ["OP01_02_NSM_OPEN_color", "OP01", 3, 2, 3, 4, 5, 17, None, 3, 2, 3, 4, None, None],
    )
    found = read(release)
    for name in ("OP01/PATAKA", "OP01/OPEN"):  # a person's facts are the same in each recording
        assert found[name].attributes == {
            "age": 61,
            "sex": "F",
            "days_from_stroke": 100,
            "stroke_type": "ischemic",
            "stroke_location": "left MCA",
            "slp_symmetry": (1 + 1 + 3 + 3) / 4,
            "slp_rom": 2,
            "slp_speed": 3,
            "slp_variability": 4,
            "slp_fatigue": pytest.approx((5 + 4 + 5) / 3),
            "slp_total": pytest.approx((15 + 14 + 17) / 3),
        }
    assert found["A002/OPEN"].attributes == {}
    scores = TorontoCohort(root=release).slp_scores()
    assert list(scores) == ["OP01/PATAKA", "OP01/OPEN"]
    assert scores["OP01/PATAKA"]["Tot (SLP2)"] == 14


def test_workbook_without_a_column_is_refused_with_the_nearest(release):
    sheet(release / "SLP_Assessment_PS.xlsx", ["File Name", "Simmetry (SLP1)"], ["a", 1])
    assert re.search(r"has no column 'Symmetry \(SLP1\)'\. Did you mean 'Simmetry \(SLP1\)'\?", complaint(release))


@pytest.mark.parametrize(("one_based", "written"), [(False, [(0, 4), (6, 12)]), (True, [(1, 4), (7, 12)])])
def test_parsing_gives_repetitions_in_frames_of_the_video(release, one_based, written):
    rows = [("A002_02_NSM_OPEN_color", number, *bounds) for number, bounds in enumerate(written, start=1)]
    with (release / "parsing.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([("video_id", "rep", "start_frame", "end_frame"), *reversed(rows)])
    found = read(release, parsing_one_based=one_based)
    one = found["A002/OPEN"]
    assert [(r.start, r.stop, r.index) for r in one.repetitions] == [(0, 4, 0), (6, 12, 1)]
    assert one.landmarks.points.shape == (N_FRAMES, 68, 2)
    assert np.flatnonzero(np.isfinite(one.landmarks.points).all(axis=(1, 2))).tolist() == [0, 4, 8]
    assert found["N001/BBP"].repetitions is None
    assert len(found["N001/BBP"].landmarks) == 3


def test_parsing_beyond_the_video_or_of_unknown_videos_is_refused(release):
    header = "video_id,rep,start_frame,end_frame\n"
    (release / "parsing.csv").write_text(header + "A002_02_NSM_OPEN_color,1,3,99\n")
    assert "A002/OPEN: repetition 0 ends at frame 99, the recording has 12" in complaint(release)
    (release / "parsing.csv").write_text(header + "A002_02_NSM_OPNE_color,1,3,9\n")
    assert "names A002_02_NSM_OPNE_color, of which there is nothing" in complaint(release)


def test_depth_that_is_not_there_is_an_error_with_two_ways_on(release):
    said = complaint(release, depth="{recording}_depth*")
    assert said.startswith(
        "3 of 3 recordings: A002/OPEN, N001/BBP, OP01/PATAKA: has no depth that cohort.depth={recording}_depth* "
        "matches; set it to how depth is named, or cohort.depth=null to go on in 2-D."
    )
    with pytest.raises(ConfigError, match=r"cohort\.depth=\{name\} cannot be filled in .* \{recording\}, \{subject\}"):
        read(release, depth="{name}")


def test_several_places_for_depth_are_refused(release):
    als = release / "NeuroFace Open Access Data" / "ALS"
    for place in ("a", "b"):
        (als / place / "A002_02_NSM_OPEN_depth").mkdir(parents=True)
    said = complaint(release, depth="{recording}_depth*")
    name = "A002_02_NSM_OPEN_depth"
    assert f"A002/OPEN: has 2 places for depth ({name}, {name}); make cohort.depth=" in said


def test_five_of_eight_people_broken_are_told_together_and_the_others_read(tmp_path):
    als = tmp_path / "ALS"
    for number in (1, 2, 3):
        add_recording(als, f"A00{number}_02_NSM_OPEN_color")
    add_recording(als, "A004_02_NSM_OPEN_color", n_points=67)
    add_recording(als, "A005_02_NSM_OPEN_color", frames=(2, 13, 14))
    add_recording(als, "A006_02_NSM_OPEN_color", frames=(2, 2))
    add_recording(als, "A007_02_NSM_OPNE_color")
    add_recording(als, "A008_02_NSM_OPEN_color")
    (als / "Videos" / "A008_02_NSM_OPEN_color.avi").write_bytes(b"")
    got, cohort = [], TorontoCohort(root=tmp_path, depth=None)
    with pytest.raises(DataError) as error:
        got.extend(cohort.recordings())
    assert [r.subject for r in got] == ["A001", "A002", "A003"]
    problems = dict(error.value.problems)
    assert len(problems) == 5
    assert "has 135 columns" in problems["A004/OPEN"]
    assert problems["A005/OPEN"] == "has landmarks of frame 13, 14, but its video has frames 1 to 12"
    assert problems["A006/OPEN"].endswith("A006_02_NSM_OPEN_color.txt lists frame 2 more than once")
    assert problems["A007_02_NSM_OPNE_color"].startswith("unknown task 'NSM_OPNE' in its name. Did you mean 'NSM_OPEN'")
    assert "A008_02_NSM_OPEN_color.avi" in problems["A008/OPEN"]
    for name in ("A004", "A005", "A006", "A007", "A008"):
        assert name in str(error.value)


def test_a_person_in_two_groups_is_refused_in_both(release):
    add_recording(release / "NeuroFace Open Access Data" / "Stroke", "A002_02_NSM_KISS_color")
    said = complaint(release)
    assert "A002/OPEN, A002/KISS: its person lies in the folders of ALS and PS; a person belongs to one group" in said


def test_the_same_video_in_two_folders_is_refused(release):
    als = release / "NeuroFace Open Access Data" / "ALS"
    add_video(als / "copy", "A002_02_NSM_OPEN_color")
    assert "A002/OPEN: has 2 videos of one name" in complaint(release)


def test_zips_that_nobody_unpacked_are_named(tmp_path):
    (tmp_path / "Videos.zip").write_bytes(b"")
    said = complaint(tmp_path)
    assert "has no folder of a group (ALS, HC, Healthy controls," in said
    assert "It holds Videos.zip: unpack them first." in said


def test_zips_that_were_unpacked_into_their_own_folders_are_found(tmp_path):
    add_video(tmp_path / "HC" / "Videos_HC", "N001_02_NSM_OPEN_color")
    add_landmarks(tmp_path / "HC" / "Landmarks_gt_and_VideoInfoFile_HC", "N001_02_NSM_OPEN_color")
    assert len(read(tmp_path)["N001/OPEN"].landmarks) == 3


def test_only_what_is_asked_for_is_read(release):
    (release / "NeuroFace Open Access Data" / "ALS" / "Videos" / "A002_02_NSM_OPEN_color.avi").write_bytes(b"")
    cohort = TorontoCohort(root=release, depth=None)
    assert [r.name for r in cohort.recordings(groups=["HC", "PS"])] == ["N001/BBP", "OP01/PATAKA"]
    with pytest.raises(DataError, match="holds no task REST"):
        list(cohort.recordings(tasks=["REST"]))


@pytest.mark.parametrize(("options", "message"), [({"fps": 0}, "fps=0"), ({"first_frame": 2}, "first_frame=2")])
def test_impossible_settings_are_refused(options, message):
    with pytest.raises(ConfigError, match=re.escape(f"cohort.{message}; it must be")):
        TorontoCohort(root=".", **options)
