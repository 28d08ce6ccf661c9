"""`neuroface prepare`, `landmarks` and `features`: from one layout to another and on to millimetres."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError, DataError
from neuroface.verbs import features, landmarks, prepare

FEW = ["cohort.people={HC: 1, ALS: 1, PS: 1}", "cohort.tasks=[OPEN]", "cohort.repetitions={OPEN: 1}"]


def test_the_native_layout_gives_the_same_features(tmp_path, capsys):
    prepare.run([*FEW, f"out={tmp_path / 'clinic'}"])
    assert "cohort=folder cohort.root=" in capsys.readouterr().out
    features.run([*FEW, f"out={tmp_path / 'direct.csv'}"])
    features.run(["cohort=folder", f"cohort.root={tmp_path / 'clinic'}", f"out={tmp_path / 'folder.csv'}"])
    direct, folder = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("direct", "folder"))
    pd.testing.assert_frame_equal(
        direct.sort_values("sample", ignore_index=True), folder.sort_values("sample", ignore_index=True)
    )


def test_excluded_people_are_not_written(tmp_path, capsys):
    prepare.run([*FEW, "cohort.exclude=[A001]", f"out={tmp_path / 'clinic'}"])
    assert "2 recordings of 2 people" in capsys.readouterr().out
    assert not (tmp_path / "clinic" / "sub-A001").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cohort.layout=torono", "out=x"], r"^cohort.layout=torono: there is no such layout. Did you mean"),
        ([], "^out= says where the folder goes: out=DIR.$"),
    ],
)
def test_usage(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        prepare.run(words)


def test_landmarks_of_the_clinic_and_their_quality(tmp_path):
    landmarks.run([*FEW, f"out={tmp_path / 'lm'}"])
    quality = pd.read_csv(tmp_path / "lm" / "quality.csv")
    assert sorted(quality["recording"]) == ["A001/OPEN", "N001/OPEN", "S001/OPEN"]
    assert quality["distance_mm"].between(280, 620).all()
    assert (tmp_path / "lm" / "landmarks" / "participants.tsv").is_file()


def test_landmarks_without_their_quality(tmp_path):
    landmarks.run([*FEW, "quality=null", f"out={tmp_path / 'lm'}"])
    assert (tmp_path / "lm" / "landmarks" / "participants.tsv").is_file()
    assert not (tmp_path / "lm" / "quality.csv").exists()


@pytest.mark.parametrize("verb", [prepare, landmarks])
def test_who_looks_away_is_not_known_without_quality(verb, tmp_path):
    with pytest.raises(ConfigError, match=r"^cohort\.frontal_only=true needs a quality step .*; set quality=default"):
        verb.run([*FEW, "quality=null", "cohort.frontal_only=true", f"out={tmp_path / 'out'}"])


@pytest.mark.slow
def test_rendered_release_read_back_in_mm_close_to_the_truth(tmp_path, capsys):
    """Colour and depth frames on disk -> landmarks + depth -> mm: the mouth opens as wide as it truly does."""
    release, table = tmp_path / "release", tmp_path / "f.csv"
    prepare.run([*FEW, "cohort.modality=rgbd", "cohort.layout=toronto", f"out={release}"])
    capsys.readouterr()
    prepare.run(["cohort=toronto", f"cohort.root={release}"])
    assert "3 / 261" in capsys.readouterr().out
    features.run(["cohort=toronto", f"cohort.root={release}", "lift=depth", f"out={table}"])
    found = pd.read_csv(table).set_index("group")["rom.mouth_opening_mm"]
    clinic = SyntheticCohort(people={"HC": 1, "ALS": 1, "PS": 1}, tasks=["OPEN"], repetitions={"OPEN": 1})
    for recording in clinic.recordings():
        true_mm = float(np.ravel(recording.truth.values["rom.mouth_opening_mm"])[0])  # noqa: PD011
        assert found[recording.group] == pytest.approx(true_mm, abs=3.0)
    landmarks.run(["cohort=toronto", f"cohort.root={release}", "lift=depth", f"out={tmp_path / 'lm'}"])
    quality = pd.read_csv(tmp_path / "lm" / "quality.csv")
    assert set(quality["pose_from"]) == {"depth"}
    assert quality["mouth_depth_missing"].between(0, 0.1).all()


@pytest.mark.slow
def test_faces_out_of_real_clips(shared_data, tmp_path, capsys):
    clips = shared_data / "video_rgb"
    names = {path.name for path in clips.iterdir()}
    prepare.run(["cohort=videos", f"cohort.root={clips}", f"out={tmp_path / 'faces'}"])
    said = capsys.readouterr().out
    assert "21 recordings (0 were complete already): 1395 frames sampled" in said
    faces = pd.read_csv(tmp_path / "faces" / "faces.csv")
    assert len(faces) >= 0.9 * 1395
    assert {path.name for path in clips.iterdir()} == names, "sources are only read"
    prepare.run(["cohort=videos", f"cohort.root={clips}", f"out={tmp_path / 'faces'}"])
    assert "21 recordings (21 were complete already)" in capsys.readouterr().out


def test_a_broken_folder_is_told(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        prepare.run(["cohort=toronto", f"cohort.root={tmp_path / 'nowhere'}"])
