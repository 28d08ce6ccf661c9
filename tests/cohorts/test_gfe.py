"""The Kinect pack: a tiny one written here in the same format, and the real one where it is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from checks import read_until_error
from neuroface import face, signals
from neuroface.cohorts.gfe import GfeCohort, matched_stretches, read_map, repair_milliseconds, runs, to_landmarks
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import lift

TARGET = np.array([0] * 8 + [1] * 4 + [0] * 6 + [1] * 3 + [0] * 2)
# 1.000, 1.047, 1.109 ... as the source writes them: 0.5 is 0.005 s, 1.47 is 1.047 s; 1.109 stands twice
TIMES = np.array([0.9, 1.0, 1.47, 1.109, 1.109, *np.arange(1.2, 1.99, 0.062), *np.arange(2.05, 2.3, 0.05)])
TRUE_TIMES = TIMES - 0.423 * (TIMES == 1.47)


def pack(root: Path, *, conditional: bool = True) -> Path:
    """Two signers, "topics" and "negative"; "conditional" by signer A alone."""
    names = ["a_topics", "b_topics", "a_negative", "b_negative"] + ["a_conditional"] * conditional
    rows = [f"{name},{name[0].upper()},{name[2:]}" for name in names]
    (root / "index.csv").write_text("recording,signer,expression\n" + "\n".join(rows) + "\n")
    sources = {str(i): i for i in range(68)} | {"27": [36, 47], "1": 69.25}
    (root / "gfe100_to_ibug68.json").write_text(json.dumps({"map": sources}))
    frames = len(TIMES)
    x = np.tile(np.arange(100.0), (frames, 1)).astype(np.float32)
    z = np.full((frames, 100), 1200, dtype=np.uint16)
    z[:, 36], z[:, 47] = 1190, 1210
    z[2, 36] = 0
    z[3, [36, 47]] = 0
    z[4:, 7] = 0
    for name in names:
        arrays = {"timestamp_s": 1390385014 + TIMES, "x_px": x, "y_px": 2 * x, "z_mm": z}
        np.savez(root / f"{name}.npz", **arrays, target=TARGET.astype(np.uint8))
    return root


def first(root: Path):
    return next(GfeCohort(root=root, expression="topics").recordings())


def test_milliseconds_without_leading_zeros_are_read_as_they_were_meant():
    meant = np.array([0.985, 1.000, 1.005, 1.047, 1.109, 1.170])
    written = np.array([0.985, 1.0, 1.5, 1.47, 1.109, 1.170])
    repaired, count = repair_milliseconds(written)
    assert repaired == pytest.approx(meant)
    assert count == 2


def test_a_time_that_no_leading_zero_explains_stays_backwards():
    repaired, count = repair_milliseconds(np.array([1.0, 1.473, 1.1]))
    assert repaired.tolist() == [1.0, 1.473, 1.1]
    assert count == 0


def test_recordings_of_the_expressions_that_every_signer_made(tmp_path):
    cohort = GfeCohort(root=pack(tmp_path))
    assert [r.name for r in cohort.recordings()] == ["A/topics", "B/topics", "A/negative", "B/negative"]
    assert [r.name for r in cohort.recordings(tasks=["negative"])] == ["A/negative", "B/negative"]
    assert {r.group for r in cohort.recordings()} == {"signer"}


def test_clock_is_repaired_merged_and_counted(tmp_path):
    one = first(pack(tmp_path))
    assert len(one.landmarks) == len(TIMES) - 1
    assert one.landmarks.timestamps_s == pytest.approx(np.unique(TRUE_TIMES) - 0.9)
    assert (one.notes["timestamps_repaired"], one.notes["frames_merged"]) == (1, 1)


def test_map_takes_the_point_the_mean_or_the_place_between(tmp_path):
    points = first(pack(tmp_path)).landmarks.points
    assert points[0, 30].tolist() == [30, 60]
    assert points[0, 27].tolist() == [(36 + 47) / 2, 36 + 47]
    assert points[0, 1].tolist() == [69.25, 2 * 69.25]


def test_zero_depth_is_missing_and_never_averaged(tmp_path):
    depth = first(pack(tmp_path)).landmarks.depth
    assert depth is not None
    assert depth[0, 27] == 1200  # both sides of the bridge: (1190 + 1210) / 2
    assert depth[2, 27] == 1210  # the side that was seen
    assert np.isnan(depth[3, 27])
    assert np.isnan(depth[4, 7])
    assert np.nanmin(depth) >= 1190


def test_repetitions_are_runs_of_the_target_and_equal_stretches_between(tmp_path):
    repetitions = first(pack(tmp_path)).repetitions
    # frame 4 was merged away, so all that follows moved up by one; gaps are 0-7, 11-17 and 20-22
    found = [(r.start, r.stop, r.label) for r in repetitions or ()]
    assert found == [(2, 5, "other"), (7, 11, "expression"), (12, 16, "other"), (17, 20, "expression")]
    assert [r.index for r in repetitions or ()] == [0, 1, 2, 3]


def test_runs():
    assert runs(np.array([1, 1, 0, 0, 1, 0, 1])) == [(0, 2), (4, 5), (6, 7)]
    assert runs(np.zeros(5)) == []


def test_stretches_are_as_long_as_their_runs_and_touch_nothing():
    random = np.random.default_rng(0)
    for _ in range(50):
        target = (np.convolve(random.normal(size=300), np.ones(15), "same") > 0).astype(int)
        positive = runs(target)
        stretches = matched_stretches(positive, len(target))
        lengths = sorted(stop - start for start, stop in positive)
        for start, stop in stretches:
            lengths.remove(stop - start)
            assert not target[start:stop].any()
            target[start:stop] = 2  # the next one must not lie here
        room = max((stop - start for start, stop in runs(1 - np.minimum(target, 1))), default=0)
        assert all(length > room for length in lengths)  # whoever has none really had no room


def test_camera_is_nominal_and_says_so(tmp_path):
    one = first(pack(tmp_path))
    assert one.camera is not None
    assert one.camera.nominal
    assert (one.camera.fx, one.camera.width, one.camera.height) == (531.15, 640, 480)
    assert "nominal" in one.notes["camera"]


def test_an_expression_of_one_signer_only(tmp_path):
    with pytest.raises(ConfigError) as caught:
        list(GfeCohort(root=pack(tmp_path), expression="conditional").recordings())
    wanted = "cohort.expression=conditional was recorded by signer A only. Choose from all, negative, topics."
    assert str(caught.value) == wanted


def test_a_misspelt_expression(tmp_path):
    with pytest.raises(ConfigError, match=r"cohort.expression=topic is not in index.csv. Did you mean 'topics'\?"):
        list(GfeCohort(root=pack(tmp_path), expression="topic").recordings())


def test_broken_recordings_are_told_together_after_the_sound_ones(tmp_path):
    root = pack(tmp_path)
    (root / "a_topics.npz").unlink()
    arrays = dict(np.load(root / "b_topics.npz"))
    np.savez(root / "b_topics.npz", **{**arrays, "target": np.zeros(len(TIMES))})
    np.savez(root / "a_negative.npz", **{**arrays, "x_px": arrays["x_px"][:, :99]})
    read, error = read_until_error(GfeCohort(root=root).recordings())
    assert read == ["B/negative"]
    problems = dict(error.problems)  # type: ignore[attr-defined]
    assert problems == {
        "A/topics": f"There is no file {root / 'a_topics.npz'}",
        "B/topics": "has no repetition: no frame of its target is 1",
        "A/negative": f"{root / 'a_negative.npz'}: x_px is (23, 99); (23, 100) is needed",
    }


def test_a_folder_that_is_no_pack(tmp_path):
    with pytest.raises(DataError, match=r"There is no file .*index.csv. Set cohort.root to the folder of the pack."):
        list(GfeCohort(root=tmp_path).recordings())


def test_a_map_with_a_hole(tmp_path):
    file = tmp_path / "map.json"
    file.write_text(json.dumps({"map": {str(i): i for i in range(68) if i != 30}}))
    with pytest.raises(DataError, match=r"has no source for landmark 30."):
        read_map(file)


def test_the_real_pack_is_whole_and_in_order(shared_data):
    root = shared_data / "gfe_kinect3d"
    recordings = list(GfeCohort(root=root).recordings())
    assert len(recordings) == 14
    assert len({r.task for r in recordings}) == 7
    for one in recordings:
        assert one.repetitions is not None
        interval = np.diff(one.landmarks.timestamps_s)
        assert 0.045 < np.median(interval) < 0.07  # about 16 frames/s
        assert one.notes["frames_merged"] <= 3
        count = {label: sum(r.label == label for r in one.repetitions) for label in ("expression", "other")}
        assert 0.5 * count["expression"] < count["other"] <= count["expression"]
        missing = one.notes["expressions_without_matching_stretch"]
        assert count["expression"] - count["other"] == missing


def test_the_real_clock_ran_backwards_only_through_its_zeros(shared_data):
    for file in sorted((shared_data / "gfe_kinect3d").glob("*.npz")):
        written = np.load(file)["timestamp_s"]
        repaired, count = repair_milliseconds(written)
        assert (np.diff(written) < 0).sum() > 50
        assert (np.diff(repaired) >= -1e-6).all(), file.name
        assert count == (repaired != written).sum()


def test_the_eye_that_the_source_calls_left_lies_left_in_the_image(shared_data):
    root = shared_data / "gfe_kinect3d"
    for file in sorted(root.glob("*.npz")):
        x = np.median(np.load(file)["x_px"], axis=0)
        assert x[:8].max() < x[8:16].min(), file.name
    one = next(GfeCohort(root=root, expression="topics").recordings())
    x = np.median(one.landmarks.points[..., 0], axis=0)
    assert x[face.MOUTH_CORNER_RIGHT] < x[face.MOUTH_CORNER_LEFT]
    assert x[face.CANTHUS_RIGHT_OUTER] < x[face.CANTHUS_RIGHT_INNER] < x[face.CANTHUS_LEFT_INNER]


def test_real_faces_have_the_size_of_faces(shared_data):
    for one in GfeCohort(root=shared_data / "gfe_kinect3d", expression="affirmative").recordings():
        points = lift.depth(one.landmarks, one)[0].points
        eyes = np.linalg.norm(points[:, face.CANTHUS_LEFT_OUTER] - points[:, face.CANTHUS_RIGHT_OUTER], axis=1)
        # adults have 80-100 mm between the outer canthi; the intrinsics are nominal
        assert 80 < np.nanmedian(eyes) < 110
        assert signals.extent(points[..., 2][np.isfinite(points[..., 2])], robust=True) < 300


def test_depth_of_a_point_between_two_that_were_seen():
    weights = np.zeros((68, 100))
    weights[:, 0] = 1
    weights[5, :2] = 0.75, 0.25
    z = np.zeros((1, 100), dtype=np.uint16)
    z[0, :2] = 1000, 1100
    assert to_landmarks(np.zeros((1, 100)), np.zeros((1, 100)), z, weights)[1][0, 5] == pytest.approx(1025)
