"""`neuroface landmarks` from frames on disk to landmarks on disk, with a network that knows the face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from landmarks import dots
from neuroface.cohorts.folder import FolderCohort
from neuroface.errors import DataError
from neuroface.landmarks import weights
from neuroface.verbs import landmarks
from recording.test_sound import FRAMES, clip, expected

CENTRES = dots.walk(6)


@pytest.fixture
def words(tmp_path, monkeypatch):
    """Two people's frames, one of whom is never to be seen, and the boxes of the other's face."""
    monkeypatch.setattr(weights, "load", lambda *_, **__: dots.ColourFan().eval())
    monkeypatch.setattr(weights, "fitted_on", lambda _: frozenset({"somebody"}))
    lines = ["recording,frame,x,y,width,height"]
    for k, (x, y) in enumerate(CENTRES):
        lines.append(f"seen/video,{k},{x - 90},{y - 90},180,180")
        for who, image in (("seen", dots.drawn(CENTRES[k])), ("unseen", dots.drawn())):
            (tmp_path / "in" / who).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "in" / who / f"{k}.png"), image[..., ::-1])
    lines.append("unseen/video,99,0,0,9,9")
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("\n".join(lines))
    return [
        "cohort=videos",
        f"cohort.root={tmp_path / 'in'}",
        "cohort.fps=25",
        "landmarks=fan",
        "landmarks.weights=bundled",
        "landmarks.median_frames=1",
        "faces/detector@landmarks.detector=boxes",
        f"landmarks.detector.path={boxes}",
        "execution.n_jobs=1",
        f"out={tmp_path / 'out'}",
    ]


def test_landmarks_are_found_and_written_with_what_made_them(words, tmp_path, capsys):
    landmarks.run([*words, "cohort.skip_broken=true"])
    (found,) = FolderCohort(root=tmp_path / "out" / "landmarks").recordings()
    truth = np.stack([dots.points(centre) for centre in CENTRES])
    assert np.linalg.norm(found.landmarks.points - truth, axis=2).mean() < 0.6
    assert found.landmarks.fitted_on == {"somebody"}
    assert found.notes["landmarks"] == (
        "FAN weights=bundled, torch fp32, decode=subpixel, flip=False, boxes by BoxTable at the start and when lost, "
        "whose=largest"
    )
    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == ["1 recordings of 1 people", "6 frames"]
    assert "left out unseen/video: has a face in none of its 6 frames" in err
    assert (tmp_path / "out" / "quality.csv").is_file()


def test_what_was_counted_is_printed_and_written(words, tmp_path, capsys):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(boxes.read_text().replace("seen/video,0,", "seen/video,98,", 1))
    landmarks.run([*words, "cohort.skip_broken=true"])
    (found,) = FolderCohort(root=tmp_path / "out" / "landmarks").recordings()
    assert "frames missing 1, frames without face 1" in capsys.readouterr().out
    assert found.notes["frames_without_face"] == 1
    assert "frames_missing" not in found.notes  # whoever reads these landmarks counts them anew


def test_a_recording_without_a_face_is_named_and_the_others_are_kept(words, tmp_path, capsys, monkeypatch):
    with pytest.raises(DataError, match=r"unseen/video.*has a face in none of its 6 frames") as error:
        landmarks.run(words)
    assert f"The landmarks of 1 recordings of 1 people are kept in {tmp_path / 'out'}" in str(error.value)
    before = (tmp_path / "out" / "quality.csv").read_bytes()
    (first,) = FolderCohort(root=tmp_path / "out" / "landmarks").recordings()

    def unexpected(*_, **__):
        raise AssertionError("what was found is not found again")

    monkeypatch.setattr("neuroface.studies.locate.detected", unexpected)
    landmarks.run([*words, "cohort.exclude=[unseen]"])
    assert "recordings found before 1" in capsys.readouterr().out
    (again,) = FolderCohort(root=tmp_path / "out" / "landmarks").recordings()
    np.testing.assert_array_equal(first.landmarks.points, again.landmarks.points)
    assert first.notes == again.notes
    assert (tmp_path / "out" / "quality.csv").read_bytes() == before


def test_an_interrupted_command_keeps_what_it_found(words, tmp_path, monkeypatch):
    from neuroface.studies import locate

    detect = locate.detected

    def interrupted(recording, steps):
        if recording.subject == "unseen":
            raise KeyboardInterrupt
        return detect(recording, steps)

    monkeypatch.setattr(locate, "detected", interrupted)
    with pytest.raises(KeyboardInterrupt):
        landmarks.run(words)
    (kept,) = FolderCohort(root=tmp_path / "out" / "landmarks").recordings()
    assert kept.name == "seen/video"


@pytest.mark.parametrize("session", ["before_after", "1/2"])
def test_an_impossible_name_is_told_before_any_landmark_is_found(session, words, tmp_path, monkeypatch):
    table = tmp_path / "who.csv"
    table.write_text(f"file,subject,session\nseen,P1,{session}\nunseen,P2,1\n")

    def unexpected(*_, **__):
        raise AssertionError("names are known before")

    monkeypatch.setattr("neuroface.studies.locate.detected", unexpected)
    with pytest.raises(DataError, match=rf"session '{session}' cannot be part of a file name.*Nothing was computed"):
        landmarks.run([*words, f"cohort.subjects={table}"])
    assert not (tmp_path / "out").exists() or not (tmp_path / "out" / "landmarks").exists()


@pytest.mark.parametrize("audio", ["auto", "false"])
def test_the_sound_of_a_clip_stands_beside_its_landmarks(audio, tmp_path, capsys):
    pytest.importorskip("av")
    (tmp_path / "in").mkdir()
    clip(tmp_path / "in" / "P1.mkv", picture_s=0.8)
    np.savez(tmp_path / "P1.npz", points=np.tile(dots.points(CENTRES[0]), (FRAMES, 1, 1)))
    words = ["cohort=videos", f"cohort.root={tmp_path / 'in'}", f"cohort.tracks={tmp_path}", "landmarks=given"]
    landmarks.run([*words, f"audio={audio}", "overlay=true", f"out={tmp_path / 'out'}"])
    (found,) = FolderCohort(root=tmp_path / "out" / "landmarks").recordings()
    if audio == "false":
        assert not found.landmarks.extras
        return
    np.testing.assert_allclose(found.landmarks.extras["audio_envelope"], 0.5 * np.sqrt(expected()), atol=0.01)
    assert "begins -0.80 s from the first frame" in capsys.readouterr().out


@pytest.mark.parametrize(
    "where", ["execution.backend=loky", pytest.param("execution.backend=dask", marks=pytest.mark.slow)]
)
def test_workers_write_the_same_bytes(where, tmp_path):
    """Given landmarks of four recordings, drawn noise and all."""
    if "dask" in where:
        pytest.importorskip("distributed")
    words = ["cohort.people={HC:2,ALS:2}", "cohort.tasks=[OPEN]", "cohort.repetitions={OPEN:1}"]
    landmarks.run([*words, "execution.n_jobs=1", f"out={tmp_path / 'one'}"])
    landmarks.run([*words, where, "execution.n_jobs=2", f"out={tmp_path / 'two'}"])
    one, two = (
        {file.relative_to(tmp_path / out): file.read_bytes() for file in (tmp_path / out).rglob("*") if file.is_file()}
        for out in ("one", "two")
    )
    lock = [path for path in one if path.name == ".lock"]
    assert len(one) > 4 * 4
    assert {**one, lock[0]: b""} == {**two, lock[0]: b""}
