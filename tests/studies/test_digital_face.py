"""`neuroface explain face=true`, and its page in a real browser where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import flame_like
import neuroface as nf
from neuroface.errors import ConfigError, DataError
from neuroface.explain import digital_face as pictures
from neuroface.explain.digital_face import MOMENTS, Movement
from neuroface.explain.heads import DrawnHead
from neuroface.studies import digital_face
from neuroface.synthesis.face_model import MUSCLES
from neuroface.verbs import explain

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("face") / "run"
    people = [
        "cohort.people={HC: 2, ALS: 2}",
        "cohort.repetitions={OPEN: 1}",
        "cohort.fps=20",
        "split=group_kfold",
        "split.n_splits=2",
    ]
    quick = ["protocol.permutations=0", "execution.n_jobs=1", "execution.tensorboard=false", "quality=null"]
    nf.train(*people, *quick, classifier="logistic", run=folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digital_face, "FRAMES", 20)
        patched.setattr(pictures, "SIZE_PX", (168, 208))
        patched.setattr(pictures, "FOCAL_PX", pictures.FOCAL_PX * 0.4)
        explain.run([f"run={folder}", "face=true"])
    return folder / "explain" / "face"


def test_meshes_clips_and_pictures_of_each_group(faces):
    for group in ("HC", "ALS"):
        assert (faces / f"{group}.glb").read_bytes()[:4] == b"glTF"
        assert (faces / f"{group}.ply").stat().st_size > 10_000
        assert (faces / f"{group}.obj").stat().st_size > 10_000
        for kind in ("turntable", "movement"):
            clip = cv2.VideoCapture(str(faces / f"{group}_{kind}.mp4"))
            first, last = clip.read()[1], None
            for _ in range(18):
                last = clip.read()[1]
            clip.release()
            assert abs(first.astype(int) - last).max() > 40, f"{kind} of {group} stands still"
    assert not list(faces.glob(".*"))


def test_an_exaggerated_mesh_says_so_and_moves_more_in_the_same_colours(tmp_path):
    up = np.sin(np.linspace(0, np.pi, MOMENTS))
    pulls = np.zeros((MOMENTS, len(MUSCLES)))
    pulls[:, MUSCLES.index("smile")] = 4 * up
    mean = Movement(np.zeros(MOMENTS), pulls, pulls)
    head = DrawnHead()
    shown = digital_face._shown(head, mean, 1, None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digital_face, "write_clip", lambda pictures, target: None)
        for factor in (1.0, 2.0):
            told = digital_face._write(tmp_path, "HC", head, shown, mean, "movement", 5.0, factor)
    assert "its movement 2 times what it was" in told["HC_x2.ply"]
    true, twice = (
        np.array(
            [line.split()[1:] for line in (tmp_path / name).read_text().splitlines() if line.startswith("v ")], float
        )
        for name in ("HC.obj", "HC_x2.obj")
    )
    np.testing.assert_array_equal(true[:, 3:], twice[:, 3:])
    rest = shown.rest * [1, -1, -1]
    np.testing.assert_allclose(twice[:, :3] - rest, 2 * (true[:, :3] - rest), atol=1e-3)


def test_relief_needs_depth(faces):
    page = (faces / "face.html").read_bytes()
    with pytest.raises(DataError, match="needs RGB-D recordings and lift=depth"):
        explain.run([f"run={faces.parent.parent}", "face=true", "relief=true"])
    assert (faces / "face.html").read_bytes() == page


@pytest.mark.parametrize("sound", [0, 3])
def test_who_has_no_landmarks_is_left_out_by_name_and_the_others_are_drawn(faces, tmp_path, monkeypatch, capsys, sound):
    shutil.copytree(faces.parent.parent, tmp_path / "run")
    fit, seen = DrawnHead.fit, []

    def blind(head, landmarks, *args, **kwargs):
        seen.append(landmarks)
        hidden = landmarks.points if len(seen) <= sound else np.full_like(landmarks.points, np.nan)
        return fit(head, replace(landmarks, points=hidden), *args, **kwargs)

    monkeypatch.setattr(DrawnHead, "fit", blind)
    monkeypatch.setattr(digital_face, "FRAMES", 2)
    monkeypatch.setattr(pictures, "SIZE_PX", (168, 208))
    ask = [f"run={tmp_path / 'run'}", "face=true"]
    if not sound:
        with pytest.raises(
            DataError, match=r"any of 4 recordings: .*/OPEN: no frame shows 12 landmarks.*landmarks first"
        ):
            explain.run(ask)
        return
    explain.run(ask)
    told = capsys.readouterr().out
    assert "face fitted to 3 recordings" in told
    assert re.search(r"fitted to 1 recordings, which are left out: .*/OPEN: no frame shows 12 landmarks", told)


@pytest.mark.parametrize("word", ["exaggerate=0", "exaggerate=x", "exaggerate=11"])
def test_a_movement_is_exaggerated_within_reason(word):
    with pytest.raises(ConfigError, match=r"it must be a number above 0, up to 10\."):
        explain.run(["run=runs/none", "face=true", word])


def test_the_page_says_how_good_the_fit_is(faces):
    page = (faces / "face.html").read_text()
    error = float(re.search(r"(\d\.\d\d) mm from where the points truly are", page).group(1))
    assert error < 0.5
    assert 'src="http' not in page


@pytest.mark.skipif(BROWSER is None, reason="no chromium here")
def test_the_face_turns_in_a_browser(faces, tmp_path):
    drawn = {}
    for yaw in (0, 60):
        command = [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--dump-dom",
            f"{(faces / 'face.html').as_uri()}#yaw={yaw}",
        ]  # fmt: skip
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
        found = re.search(r'data-drawn="(\d+)" data-yaw="(-?\d+)"', told)
        assert found, told[-500:]
        drawn[int(found.group(2))] = int(found.group(1))
    assert set(drawn) == {0, 60}
    assert 500 < drawn[60] < drawn[0], "turned away, fewer triangles face the viewer"


def test_a_flame_head_moves_as_the_drawn_one(faces, tmp_path):
    """The same people on a head in FLAME's layout: the same movement at the peak, in files of the same names."""
    shutil.copytree(faces.parent.parent, tmp_path / "run")
    (tmp_path / "run" / "explain" / "face" / "face.html").unlink()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digital_face, "write_clip", lambda pictures, target: None)
        model = flame_like.write(tmp_path / "flame.npz")
        explain.run([f"run={tmp_path / 'run'}", "face=true", f"flame={model}"])
    own, flame = (
        np.array([line.split()[1:4] for line in (folder / "HC.obj").read_text().splitlines() if line.startswith("v ")])
        for folder in (faces, tmp_path / "run/explain/face")
    )
    apart = np.linalg.norm(own.astype(float) - flame.astype(float), axis=1)[:68]
    assert apart.mean() < 2.5
    assert "FLAME's mean head" in (tmp_path / "run/explain/face/face.html").read_text().replace("&#39;", "'")


def test_flame_is_for_a_face_and_without_relief(tmp_path):
    for words in (["flame=x.npz"], ["flame=x.npz", "face=true", "relief=true"], ["flame_landmarks=x.npz"]):
        with pytest.raises(ConfigError, match="flame"):
            explain.run([f"run={tmp_path}", *words])
    with pytest.raises(ConfigError, match=r"flame=x\.npz is not there"):
        explain.run([f"run={tmp_path}", "flame=x.npz", "face=true"])
