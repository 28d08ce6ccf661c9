"""Video in the native layout: frames, depth, times and cameras come back as they were, with landmarks or without."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.folder_writer import write
from neuroface.cohorts.videos import VideosCohort
from neuroface.errors import DataError
from neuroface.landmarks import lift
from neuroface.recording.camera_file import write_camera
from neuroface.recording.color_folder import ColorFolder
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.video import VideoFile
from neuroface.types import Camera, Frame, Landmarks, Recording, Repetition, Rig, Truth, Video

WIDTH, HEIGHT, COUNT = 64, 48, 7
TIMES = 3.25 + np.cumsum([0.02, 0.02, 0.021, 0.02, 0.06, 0.02, 0.019])
CAMERA = Camera(fx=80.0, fy=81.0, cx=31.5, cy=24.25, width=WIDTH, height=HEIGHT, depth_unit_mm=0.125, model="SR300")
BESIDE = replace(CAMERA, fx=78.0, fy=78.5, cx=32.0, cy=23.0)
RIG = Rig(CAMERA, BESIDE, translation_mm=np.array([26.0, 0.0, 0.0]), serial="618203")


def picture(number: int) -> np.ndarray:
    """(48, 64, 3) uint8 RGB: noise that is another in every frame, so that lossy storage shows."""
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def wall_mm(number: int) -> float:
    """Distance of a wall that is parallel to both images and goes away slowly."""
    return 400.0 + 5.0 * number


class Wall:
    """Frames made when they are asked for; each says that it was."""

    size = (WIDTH, HEIGHT)

    def __init__(self, rig: Rig | None, times_s: np.ndarray = TIMES) -> None:
        self.rig, self.timestamps_s, self.made = rig, times_s, 0

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        for number in range(len(self.timestamps_s))[start:stop:step]:
            self.made += 1
            yield Frame(number, float(self.timestamps_s[number]), picture(number), self._depth(number))

    def _depth(self, number: int) -> np.ndarray | None:
        if self.rig is None or self.rig.depth is None or number == 2:  # one depth frame was lost
            return None
        return np.full((HEIGHT, WIDTH), round(wall_mm(number) / CAMERA.depth_unit_mm), np.uint16)


def pixels(times_s: np.ndarray = TIMES, *, seen: bool = True) -> Landmarks:
    points = np.random.default_rng(1).uniform([16, 8], [WIDTH - 16, HEIGHT - 12], (len(times_s), 68, 2))
    return Landmarks(points if seen else np.full_like(points, np.nan), times_s, "pixel")


def recording(video: Video | None, *, subject: str = "S1", seen: bool = True, **more) -> Recording:
    return Recording(subject, more.pop("group", "HC"), "OPEN", pixels(seen=seen), video=video, **more)


def only(root: Path) -> Recording:
    (one,) = FolderCohort(root=root).recordings()
    return one


def names(root: Path) -> list[str]:
    return sorted(p.name for p in (root / "sub-S1").iterdir())


def assert_same_frames(now: Video | None, was: Video) -> None:
    assert now is not None
    assert now.size == was.size
    for a, b in zip(now.frames(), was.frames(), strict=True):
        assert (a.index, a.timestamp_s) == (b.index, b.timestamp_s)
        np.testing.assert_array_equal(a.color, b.color)
        assert (a.depth is None) == (b.depth is None)
        if a.depth is not None and b.depth is not None:
            np.testing.assert_array_equal(a.depth, b.depth)
            assert a.depth.dtype == b.depth.dtype == np.uint16


@pytest.mark.parametrize("seen", [True, False], ids=["landmarks", "no landmarks"])
def test_colour_and_depth_come_back_bit_for_bit(tmp_path, seen):
    was = recording(Wall(RIG), seen=seen, repetitions=(Repetition(1, 4, 0), Repetition(4, 7, 1, "slow")))
    write([was], tmp_path)
    now = only(tmp_path)
    assert isinstance(now.video, RgbdFolder)
    assert_same_frames(now.video, Wall(RIG))
    assert now.video.rig is not None
    assert (now.video.rig.color, now.video.rig.depth, now.video.rig.serial) == (CAMERA, BESIDE, "618203")
    np.testing.assert_allclose(now.video.rig.translation_mm, [26, 0, 0])
    np.testing.assert_array_equal(now.landmarks.points, was.landmarks.points)
    assert now.landmarks.timestamps_s.tolist() == TIMES.tolist()
    assert now.repetitions == was.repetitions
    assert now.camera == CAMERA
    assert now.notes == {"frames_without_depth": 1}
    marks = ["sub-S1_task-OPEN_landmarks.npz"] if seen else []
    assert names(tmp_path) == [
        "sub-S1_task-OPEN_events.tsv",
        "sub-S1_task-OPEN_landmarks.json",
        *marks,
        "sub-S1_task-OPEN_rgbd",
    ]


def test_colour_alone_comes_back_bit_for_bit(tmp_path):
    write([recording(Wall(None), subject="S1"), recording(Wall(Rig(CAMERA)), subject="S2")], tmp_path)
    plain, calibrated = FolderCohort(root=tmp_path).recordings()
    assert isinstance(plain.video, ColorFolder)
    assert_same_frames(plain.video, Wall(None))
    assert_same_frames(calibrated.video, Wall(None))
    assert (plain.video.rig, plain.camera, plain.notes) == (None, None, {})
    assert calibrated.video is not None
    assert calibrated.video.rig is not None
    assert (calibrated.video.rig.color, calibrated.video.rig.depth, calibrated.camera) == (CAMERA, None, CAMERA)


def test_what_was_read_can_be_written_and_read_again(tmp_path):
    write([recording(Wall(RIG)), recording(Wall(None), subject="S2", seen=False)], tmp_path / "once")
    write(FolderCohort(root=tmp_path / "once").recordings(), tmp_path / "twice")
    for now, rig in zip(FolderCohort(root=tmp_path / "twice").recordings(), (RIG, None), strict=True):
        assert now.video is not None
        assert_same_frames(now.video, Wall(rig))


def test_lift_looks_depth_up_in_a_recording_read_back(tmp_path):
    write([recording(Wall(RIG))], tmp_path)
    now = only(tmp_path)
    assert now.landmarks.depth is None
    lifted, counts = lift.depth(now.landmarks, now)
    z = np.array([wall_mm(number) for number in range(COUNT)])[:, None]
    u, v = np.moveaxis(now.landmarks.points, -1, 0)
    # depth of the lost frame lies half way between its neighbours, as the wall does but for 1 ms of uneven time
    expected = np.stack([(u - 31.5) / 80 * z, (v - 24.25) / 81 * z, np.broadcast_to(z, u.shape)], axis=-1)
    np.testing.assert_allclose(lifted.points, expected, atol=0.15)
    np.testing.assert_allclose(lifted.points[3:], expected[3:], atol=1e-9)
    assert (lifted.space, counts["depth_frames_missing"], counts["depths_missing"]) == ("camera", 1, 0)


def test_a_camera_in_the_sidecar_wins_over_that_of_the_video(tmp_path):
    own = replace(CAMERA, fx=90.0)
    write([recording(Wall(RIG), camera=own)], tmp_path)
    assert only(tmp_path).camera == own


def test_truth_in_pixels_comes_back(tmp_path):
    truth = Truth(
        landmarks=Landmarks(np.random.default_rng(2).normal(size=(COUNT, 68, 3)), TIMES, "camera"),
        repetitions=(),
        severity=0.5,
        affected_side=None,
        values={"rom.mouth_opening_mm": np.zeros(0)},
        pixels=replace(pixels(), score=np.ones((COUNT, 68)), depth=np.full((COUNT, 68), 3200.0)),
    )
    write([recording(None, truth=truth), recording(None, subject="S2", truth=replace(truth, pixels=None))], tmp_path)
    with_pixels, without = FolderCohort(root=tmp_path).recordings()
    assert with_pixels.truth is not None
    assert with_pixels.truth.pixels is not None
    assert truth.pixels is not None
    for name in ("points", "timestamps_s", "score", "depth"):
        np.testing.assert_array_equal(getattr(with_pixels.truth.pixels, name), getattr(truth.pixels, name))
    assert with_pixels.truth.pixels.space == "pixel"
    assert list(with_pixels.truth.values) == ["rom.mouth_opening_mm"]
    assert without.truth is not None
    assert without.truth.pixels is None


def test_frames_left_out(tmp_path):
    video = Wall(RIG)
    write([recording(video)], tmp_path, video=False)
    assert names(tmp_path) == ["sub-S1_task-OPEN_landmarks.json", "sub-S1_task-OPEN_landmarks.npz"]
    assert (only(tmp_path).video, video.made) == (None, 0)


def test_one_frame_is_held_at_a_time(tmp_path):
    class Leaky(Wall):
        """Remembers its frames weakly: at most the one being written and the one being made are alive."""

        alive_at_most = 0

        def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
            given: list[weakref.ref] = []
            for frame in super().frames(start, stop, step):
                gc.collect()
                given.append(weakref.ref(frame.color))
                self.alive_at_most = max(self.alive_at_most, sum(ref() is not None for ref in given))
                yield frame

    for rig in (RIG, None):
        video = Leaky(rig)
        write([recording(video)], tmp_path / str(rig is None))
        assert video.alive_at_most <= 2


def test_writing_again_replaces_a_video_as_a_whole(tmp_path):
    write([recording(Wall(RIG))], tmp_path)
    shorter = Wall(RIG, TIMES[:4])
    write([replace(recording(shorter), landmarks=pixels(TIMES[:4]))], tmp_path)
    now = only(tmp_path)
    assert_same_frames(now.video, shorter)
    assert len(list((tmp_path / "sub-S1" / "sub-S1_task-OPEN_rgbd" / "color").iterdir())) == 4
    assert not list(tmp_path.glob(".partial-*"))


def test_frames_that_would_not_be_written_again_are_not_thrown_away(tmp_path):
    write([recording(Wall(RIG))], tmp_path)
    with pytest.raises(DataError, match=r"holds 1 files of another cohort, first sub-S1/sub-S1_task-OPEN_rgbd\."):
        write([recording(Wall(RIG))], tmp_path, video=False)
    assert only(tmp_path).video is not None


def test_a_video_that_breaks_while_it_is_written_changes_nothing(tmp_path):
    class Broken(Wall):
        def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
            yield from super().frames(0, 3)
            raise DataError("frame 3 of 7 does not decode")

    write([recording(Wall(RIG))], tmp_path)
    with pytest.raises(DataError, match=r"S1/OPEN: frame 3 of 7 does not decode\. Nothing was written\."):
        write([recording(Broken(RIG))], tmp_path)
    assert_same_frames(only(tmp_path).video, Wall(RIG))
    assert not list(tmp_path.glob(".partial-*"))


def own_folder(root: Path, *subjects: str) -> Path:
    """participants.tsv and empty folders of people, as a user makes them; returns the first person's folder."""
    lines = [f"{subject}\t{'HC' if i == 0 else 'ALS'}" for i, subject in enumerate(subjects)]
    (root / "participants.tsv").write_text("\n".join(["participant_id\tgroup", *lines]) + "\n")
    for subject in subjects:
        (root / f"sub-{subject}").mkdir()
    return root / f"sub-{subjects[0]}"


def clip(file: Path, *, fps: float = 25.0) -> Path:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), fps, (WIDTH, HEIGHT))
    for number in range(COUNT):
        writer.write(picture(number))
    writer.release()
    return file


def test_a_video_file_of_a_user_is_a_recording_without_landmarks(tmp_path):
    person = own_folder(tmp_path, "7")
    clip(person / "sub-7_ses-2_task-OPEN_video.avi")
    one = only(tmp_path)
    assert (one.name, one.repetitions, one.camera) == ("7/2/OPEN", None, None)
    assert isinstance(one.video, VideoFile)
    assert np.isnan(one.landmarks.points).all()
    assert (one.landmarks.points.shape, one.landmarks.space) == ((COUNT, 68, 2), "pixel")
    np.testing.assert_allclose(one.landmarks.timestamps_s, np.arange(COUNT) / 25)
    assert one.notes == {"clock": "times stored in the file"}


def test_a_folder_of_colour_and_depth_of_a_user(tmp_path):
    person = own_folder(tmp_path, "7")
    folder = person / "visit" / "sub-7_task-OPEN_rgbd"
    for stream in ("color", "depth"):
        (folder / stream).mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(folder / "color" / f"f{number}.png"), picture(number))
        cv2.imwrite(str(folder / "depth" / f"f{number}.png"), np.full((HEIGHT, WIDTH), 3200, np.uint16))
    write_camera(RIG, folder / "camera.json")
    (tmp_path / "landmarks.json").write_text('{"fps": 50}')
    one = only(tmp_path)
    assert one.landmarks.timestamps_s.tolist() == [0, 0.02, 0.04]
    assert one.camera == CAMERA
    assert one.video is not None
    assert [int(frame.depth[0, 0]) for frame in one.video.frames() if frame.depth is not None] == [3200] * 3


@pytest.mark.parametrize(
    ("sidecar", "stored", "marks_s", "video_s"),
    [
        # nothing is said: landmarks go with the frames
        ({}, None, np.arange(COUNT) / 25, np.arange(COUNT) / 25),
        # the stated rate overrides that of the file, for both
        ({"fps": 50}, None, np.arange(COUNT) / 50, np.arange(COUNT) / 50),
        # landmarks that bring their times leave the file its own
        ({"fps": 24}, np.arange(COUNT) / 24, np.arange(COUNT) / 24, np.arange(COUNT) / 25),
    ],
)
def test_one_clock_for_landmarks_and_a_video_file(tmp_path, sidecar, stored, marks_s, video_s):
    person = own_folder(tmp_path, "7")
    clip(person / "sub-7_task-OPEN_video.avi")
    times = {} if stored is None else {"timestamps_s": stored}
    np.savez(person / "sub-7_task-OPEN_landmarks.npz", points=pixels().points, **times)
    (person / "sub-7_task-OPEN_landmarks.json").write_text(json.dumps({"space": "pixel", **sidecar}))
    one = only(tmp_path)
    np.testing.assert_allclose(one.landmarks.timestamps_s, marks_s)
    assert one.video is not None
    np.testing.assert_allclose([frame.timestamp_s for frame in one.video.frames()], video_s)


def test_clips_of_another_cohort_are_copied_with_their_clock_and_notes(tmp_path):
    (tmp_path / "in").mkdir()
    original = clip(tmp_path / "in" / "a.avi")
    (was,) = VideosCohort(root=tmp_path / "in", fps=10).recordings()
    write([was], tmp_path / "out")
    now = only(tmp_path / "out")
    folder = tmp_path / "out" / "sub-a" / "sub-a_task-video_video"
    assert (folder / "color.avi").read_bytes() == original.read_bytes()
    assert now.landmarks.timestamps_s.tolist() == (np.arange(COUNT) / 10).tolist()
    assert dict(now.notes) == dict(was.notes)
    assert now.video is not None
    assert was.video is not None
    assert_same_frames(now.video, was.video)


def test_repetitions_of_a_recording_whose_frames_have_no_landmarks_go_by_time(tmp_path):
    # the landmarks, all missing, begin one frame after the video
    late = replace(recording(Wall(None)), landmarks=pixels(TIMES[1:], seen=False), repetitions=(Repetition(1, 3, 0),))
    write([late], tmp_path)
    now = only(tmp_path)
    assert len(now.landmarks) == COUNT
    assert now.repetitions == (Repetition(2, 4, 0),)


def test_videos_that_are_not_asked_for_are_not_opened_and_broken_ones_are_told_together(tmp_path):
    own_folder(tmp_path, "1", "2", "3")
    clip(tmp_path / "sub-1" / "sub-1_task-OPEN_video.avi")
    (tmp_path / "sub-2" / "sub-2_task-OPEN_video.mp4").write_bytes(b"")
    (tmp_path / "sub-3" / "sub-3_task-OPEN_rgbd").mkdir()
    cohort = FolderCohort(root=tmp_path)
    assert [one.name for one in cohort.recordings(groups=["HC"])] == ["1/OPEN"]
    with pytest.raises(DataError) as caught:
        list(cohort.recordings())
    problems = dict(caught.value.problems)  # type: ignore[attr-defined]
    assert set(problems) == {"2/OPEN", "3/OPEN"}
    assert problems["2/OPEN"].endswith("_video.mp4 is empty (0 bytes); record or copy it again")
    assert problems["3/OPEN"].startswith(f"there is no {tmp_path / 'sub-3' / 'sub-3_task-OPEN_rgbd' / 'camera.json'}")


def test_two_videos_of_one_recording(tmp_path):
    person = own_folder(tmp_path, "7")
    for suffix in (".avi", ".mp4"):
        (person / f"sub-7_task-OPEN_video{suffix}").touch()
    with pytest.raises(DataError, match=r"7/OPEN: has 2 videos, sub-7_task-OPEN_video.avi and .*_video.mp4; keep one"):
        only(tmp_path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("open_rgbd/", r"has a folder open_rgbd; its name must be sub-7\[_ses-<session>\]_task-<task>_rgbd"),
        ("8_video.mp4", r"has a file 8_video.mp4; its name must be sub-7\[_ses-<session>\]_task-<task>_video.mp4"),
        ("clip.mp4", r"has no recording: .* and no video \(_video.mp4, .avi, .mkv or .mov, or a folder _rgbd\)"),
    ],
)
def test_names_that_say_no_task(tmp_path, name, what):
    person = own_folder(tmp_path, "7")
    if name.endswith("/"):
        (person / name).mkdir()
    else:
        (person / name).touch()
    with pytest.raises(DataError, match=what):
        only(tmp_path)


def test_all_names_that_say_no_task_are_told_at_once(tmp_path):
    person = own_folder(tmp_path, "7")
    for name in ("a_video.mp4", "b_video.mp4"):
        (person / name).touch()
    with pytest.raises(DataError, match=r"has a file a_video.mp4; its name .*_video.mp4; has a file b_video.mp4; its"):
        only(tmp_path)


def test_recordings_in_a_folder_whose_name_ends_like_a_video_are_found(tmp_path):
    write([recording(None)], tmp_path)
    person = tmp_path / "sub-S1"
    (person / "motion_video").mkdir()
    for file in list(person.glob("*_landmarks.*")):
        file.rename(person / "motion_video" / file.name)
    assert only(tmp_path).name == "S1/OPEN"
