"""`neuroface fetch`, from the words to the exit code."""

from __future__ import annotations

import pytest

from neuroface import fetching
from neuroface.cli import main
from neuroface.model_files import MODELS, folder


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TORCH_HOME", raising=False)


def test_without_a_name_all_are_told(capsys):
    assert main(["fetch"]) == 0
    told = capsys.readouterr().out
    assert all(f"{name} " in told for name in (*MODELS, "fan"))
    assert "not here" in told
    assert str(folder()) in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["msh"], "fetch msh: there is no such file. Did you mean 'mesh'?"),
        (["mesh", "dlib", "from=a.whl"], "from=FILE goes with one name, such as neuroface fetch mesh from=FILE."),
    ],
)
def test_words_that_make_no_sense(words, message, capsys):
    assert main(["fetch", *words]) == 2
    assert capsys.readouterr().err == f"neuroface: {message}\n"


def test_another_file_is_exit_code_4(tmp_path, capsys):
    (tmp_path / "face_landmark.tflite").write_bytes(b"TFL3")
    assert main(["fetch", "mesh", f"from={tmp_path / 'face_landmark.tflite'}"]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "not 1055cb9d4a9c...: it is damaged, or not the face_landmark.tflite of mediapipe==0.10.21." in line
    assert main(["fetch", "fan", f"from={tmp_path / 'face_landmark.tflite'}"]) == 3
    assert "should begin with 11f355bf06" in capsys.readouterr().err


def test_what_is_there_is_not_fetched_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetching, "bring", lambda *_: pytest.fail("fetched again"))
    monkeypatch.setattr("neuroface.model_files.sha256", lambda _: MODELS["mesh"].sha256)
    place = tmp_path / "neuroface" / "models" / "mesh" / "face_landmark.tflite"
    place.parent.mkdir(parents=True)
    place.touch()
    assert main(["fetch", "mesh"]) == 0
    assert capsys.readouterr().out == f"mesh: {place} is already there\n"
