"""Landmarks found in videos are kept: a command that was killed finds only the others, and nothing stale is taken."""

from __future__ import annotations

import os
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from landmarks import dots
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import kept, weights
from neuroface.landmarks.detector import FanDetector
from neuroface.landmarks.kept import Keeper, is_ours
from neuroface.store import Store
from neuroface.types import Landmarks, Recording, Repetition
from neuroface.verbs import features, train

CENTRES = dots.walk(4)
PEOPLE = ("a", "b", "c", "d", "e", "f")


@pytest.fixture
def words(tmp_path, monkeypatch):
    """Six people's frames and boxes, two groups."""
    monkeypatch.setattr(weights, "load", lambda *_, **__: dots.ColourFan().eval())
    monkeypatch.setattr(weights, "fitted_on", lambda _: frozenset({"somebody"}))
    boxes, table = ["recording,frame,x,y,width,height"], ["file,subject,group"]
    for number, who in enumerate(PEOPLE):
        (tmp_path / "in" / who).mkdir(parents=True)
        table.append(f"{who},{who},{'HC' if number % 2 else 'ALS'}")
        for k, centre in enumerate(CENTRES):
            x, y = centre + 5 * number
            boxes.append(f"{who}/video,{k},{x - 90},{y - 90},180,180")
            cv2.imwrite(str(tmp_path / "in" / who / f"{k}.png"), dots.drawn(centre + 5 * number)[..., ::-1])
    (tmp_path / "boxes.csv").write_text("\n".join(boxes))
    (tmp_path / "who.csv").write_text("\n".join(table))
    return [
        *("cohort=videos", f"cohort.root={tmp_path / 'in'}", f"cohort.subjects={tmp_path / 'who.csv'}"),
        *("cohort.fps=25", "landmarks=fan", "landmarks.weights=bundled", "faces/detector@landmarks.detector=boxes"),
        *(f"landmarks.detector.path={tmp_path / 'boxes.csv'}", "repetitions=whole", "lift=none"),
        *("execution.n_jobs=1", f"execution.store={tmp_path / 'store'}"),
    ]


@pytest.fixture
def asked(monkeypatch):
    """Whose landmarks are looked for; `asked.stop` is where the work is killed."""

    class Asked(list):
        stop = None

    seen, find = Asked(), FanDetector.__call__

    def counted(self, recording):
        if recording.subject == seen.stop:
            raise KeyboardInterrupt
        seen.append(recording.subject)
        return find(self, recording)

    monkeypatch.setattr(FanDetector, "__call__", counted)
    return seen


def test_features_goes_on_where_it_was_killed(words, asked, tmp_path):
    asked.stop = "d"
    with pytest.raises(KeyboardInterrupt):
        features.run([*words, f"out={tmp_path / 'f.csv'}"])
    asked.stop = None
    features.run([*words, f"out={tmp_path / 'f.csv'}"])
    assert list(asked) == list(PEOPLE)
    features.run([*words, f"execution.store={tmp_path / 'new'}", f"out={tmp_path / 'fresh.csv'}"])
    assert (tmp_path / "f.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()
    assert pd.read_csv(tmp_path / "f.csv").notna().to_numpy().mean() > 0.5


def test_train_goes_on_where_it_was_killed(words, asked, tmp_path):
    asked.stop = "d"
    words += ["protocol.classes=[HC,ALS]", "protocol.task=video", "classifier=dummy", "protocol.permutations=0"]
    with pytest.raises(KeyboardInterrupt):
        train.run([*words, f"run={tmp_path / 'r'}"])
    asked.stop = None
    train.run([*words, f"run={tmp_path / 'r'}"])
    assert list(asked) == list(PEOPLE)


def folder(place, shift=0.0):
    place.mkdir(exist_ok=True)
    for k, centre in enumerate(CENTRES):
        cv2.imwrite(str(place / f"{k}.png"), dots.drawn(centre + shift)[..., ::-1])
    return place


class Finder:
    """A landmark step that counts how often it is asked."""

    reads_video = True

    def __init__(self, error=None):
        self.asked, self.error = 0, error

    def __call__(self, recording):
        self.asked += 1
        if self.error:
            raise self.error
        points = np.random.default_rng(self.asked).normal(size=(4, 68, 2)).astype(np.float32)
        points[1] = np.nan
        mesh = np.ones((4, 468, 3), np.float32)
        found = Landmarks(points, np.arange(4) / 25, "pixel", np.ones((4, 68)), fitted_on=frozenset({"x"}))
        return replace(found, extras={"mesh": mesh}), {"frames": np.int64(4), "frames_without_face": 1}


@pytest.fixture
def filmed(tmp_path):
    from neuroface.recording.clip import open_clip

    video = open_clip(folder(tmp_path / "v"), fps=25)
    own = Landmarks(np.full((4, 68, 2), np.nan), np.arange(4) / 25, "pixel")
    return Recording("P1", "HC", "OPEN", own, video=video)


def test_what_comes_back_is_what_was_found(filmed, tmp_path):
    keep, step = Keeper(Store(tmp_path / "s"), {"_target_": "neuroface.x"}), Finder()
    (found, counts), (again, counted) = keep(step, filmed), keep(step, filmed)
    assert step.asked == 1
    for name in ("points", "timestamps_s", "score"):
        before, after = getattr(found, name), getattr(again, name)
        assert (before.tobytes(), before.dtype) == (after.tobytes(), after.dtype)
    assert again.depth is None
    assert (again.space, again.fitted_on, dict(counts)) == (found.space, found.fitted_on, counted)
    np.testing.assert_array_equal(again.extras["mesh"], found.extras["mesh"])


def other_pictures(one, tmp_path):
    folder(tmp_path / "v", shift=3.0)
    return one


def copied(one, tmp_path):
    os.utime(tmp_path / "v" / "0.png", ns=(1, 1))
    return one


@pytest.mark.parametrize(
    "changed",
    [
        other_pictures,
        copied,
        lambda one, _: replace(one, subject="P2"),
        lambda one, _: replace(one, task="REST"),
        lambda one, _: replace(one, repetitions=(Repetition(0, 3, 0),)),
        lambda one, _: replace(one, landmarks=replace(one.landmarks, points=np.ones((4, 68, 2)))),
    ],
)
def test_anything_else_is_looked_for_again(changed, filmed, tmp_path):
    keep, step = Keeper(Store(tmp_path / "s"), {}), Finder()
    keep(step, filmed)
    keep(step, changed(filmed, tmp_path))
    assert step.asked == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"step": {"weights": "content 12"}},
        {"how": "gpu"},
    ],
)
def test_another_step_or_device_is_another_entry(changed, filmed, tmp_path):
    keep, step = Keeper(Store(tmp_path / "s"), {"weights": "content 11"}, "1 threads"), Finder()
    keep(step, filmed)
    replace(keep, **changed)(step, filmed)
    assert step.asked == 2


def test_other_versions_are_another_entry(filmed, tmp_path, monkeypatch):
    keep, step = Keeper(Store(tmp_path / "s"), {}), Finder()
    keep(step, filmed)
    monkeypatch.setattr(kept.metadata, "version", lambda name: "99")
    keep(step, filmed)
    assert step.asked == 2


def test_nothing_is_kept_of_a_step_that_looks_at_no_video_or_finds_nothing(filmed, tmp_path):
    keep = Keeper(Store(tmp_path / "s"), {})
    given = Finder()
    given.reads_video = False
    keep(given, filmed)
    keep(Finder(), replace(filmed, video=None))
    for error in (DataError("has no face"), ConfigError("no such network"), OSError("cannot be read")):
        with pytest.raises(type(error), match=str(error)):
            keep(Finder(error), filmed)
    assert not (tmp_path / "s").exists()


def test_a_store_that_cannot_be_written_is_told_and_done_without(filmed, tmp_path, capsys):
    (tmp_path / "s").write_text("a file")
    keep, step = Keeper(Store(tmp_path / "s"), {}), Finder()
    assert len(keep(step, filmed)[0]) == 4
    assert step.asked == 1
    assert "landmarks are found again the next time: " in capsys.readouterr().err


def test_a_rotten_entry_is_made_again(filmed, tmp_path, capsys):
    keep, step = Keeper(Store(tmp_path / "s"), {}), Finder()
    keep(step, filmed)
    (entry,) = (tmp_path / "s").rglob("*.npy")
    content = bytearray(entry.read_bytes())
    content[-9] ^= 1
    entry.write_bytes(bytes(content))
    keep(step, filmed)
    assert step.asked == 2
    assert "is damaged" in capsys.readouterr().err


def test_no_name_stands_in_the_store(filmed, tmp_path):
    keep = Keeper(Store(tmp_path / "s"), {})
    keep(Finder(), replace(filmed, subject="Guildenstern"))
    content = b"".join(file.read_bytes() for file in (tmp_path / "s").rglob("*") if file.is_file())
    assert b"Guildenstern" not in content
    assert str(tmp_path).encode() not in content


def test_code_of_others_is_not_known_by_its_contents():
    ours = {"_target_": "neuroface.landmarks.detector.FanDetector", "detector": {"_target_": "neuroface.a.B"}}
    assert is_ours(ours)
    assert not is_ours({"_target_": "mine.Detector"})
    assert not is_ours({**ours, "detector": {"_target_": "mine.boxes"}})
    assert not is_ours({"_target_": "neuroface.a.B", "parts": [{"_target_": "mine.boxes"}]})
