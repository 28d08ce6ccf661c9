"""Recordings written one at a time: what is whole is kept and not done again, what is not whole counts for nothing."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from omegaconf import OmegaConf

from neuroface.errors import ConfigError, DataError, Problems, RunFailedError
from neuroface.evaluate.each import each
from neuroface.studies.pieces import Pieces
from neuroface.studies.whole import Recordings
from neuroface.types import Landmarks, Recording

HERE = OmegaConf.create({"n_jobs": 1, "fold_timeout_s": None})


def recording(subject: str) -> Recording:
    return Recording(subject, "HC", "OPEN", Landmarks(np.zeros((2, 68, 2)), np.arange(2) / 25, "pixel"))


PEOPLE = [recording(name) for name in ("A", "B", "C")]


def everybody(**keys) -> Recordings:
    found = Recordings(lambda: PEOPLE, **keys)
    assert len(list(found.read())) == 3
    return found


class Writer:
    """Writes a file about each recording and remembers whom it was asked for. stops: subject -> what is raised."""

    def __init__(self, stops=None):
        self.stops, self.asked = stops or {}, []

    def __call__(self, given, recording, folder):
        self.asked.append(recording.subject)
        (folder / f"{recording.subject}.txt").write_text(f"{given} {recording.subject}")
        if recording.subject in self.stops:
            raise self.stops[recording.subject]
        return {"letters": [recording.subject]}


def write(tmp_path, writer, digest="x"):
    """(whom the writer was asked for, problems, failures); what is whole goes to its place."""
    pieces, problems = Pieces(tmp_path, tmp_path / "out", digest), Problems()
    with pieces.open():
        failures = pieces.write(everybody(), writer, digest, execution=HERE, problems=problems)
        whole = [one for one in PEOPLE if pieces.told(one)]
        pieces.place(whole)
    return writer.asked, problems, failures


def written(tmp_path):
    return {file.name: file.read_text() for file in sorted((tmp_path / "out").rglob("*.txt"))}


def test_what_is_whole_is_not_done_again(tmp_path):
    assert write(tmp_path, Writer())[0] == ["A", "B", "C"]
    assert write(tmp_path, Writer())[0] == []
    assert written(tmp_path) == {"A.txt": "x A", "B.txt": "x B", "C.txt": "x C"}


def test_other_settings_do_it_again(tmp_path):
    write(tmp_path, Writer())
    assert write(tmp_path, Writer(), "y")[0] == ["A", "B", "C"]
    assert written(tmp_path)["A.txt"] == "y A"


def test_an_interruption_keeps_what_was_whole_and_nothing_half_made(tmp_path):
    pieces = Pieces(tmp_path, tmp_path / "out", "x")
    with pytest.raises(KeyboardInterrupt), pieces.open():
        pieces.write(everybody(), Writer({"C": KeyboardInterrupt()}), "x", execution=HERE, problems=Problems())
    assert not list(tmp_path.rglob("*.part"))
    assert write(tmp_path, Writer())[0] == ["C"]
    assert written(tmp_path) == {"A.txt": "x A", "B.txt": "x B", "C.txt": "x C"}


def test_moving_to_their_places_goes_on_where_it_was_killed(tmp_path):
    pieces = Pieces(tmp_path, tmp_path / "out", "x")
    with pieces.open():
        pieces.write(everybody(), Writer(), "x", execution=HERE, problems=Problems())
        pieces.place(PEOPLE[:1])
    assert write(tmp_path, Writer())[0] == []
    assert len(written(tmp_path)) == 3


@pytest.mark.parametrize("damage", ["other bytes", "gone"])
def test_a_file_that_is_not_what_was_written_is_told_and_made_again(damage, tmp_path, capsys):
    write(tmp_path, Writer())
    file = tmp_path / "out" / "B.txt"
    if damage == "gone":
        file.unlink()
    else:
        file.write_text("x b")
    assert write(tmp_path, Writer())[0] == ["B"]
    assert f"B/OPEN: B.txt {'is not there' if damage == 'gone' else 'has other bytes'}" in capsys.readouterr().err
    assert file.read_text() == "x B"


def test_one_that_fails_does_not_lose_the_others(tmp_path, capsys):
    stops = {"A": DataError("has no face."), "B": ZeroDivisionError("in the code")}
    _, problems, failures = write(tmp_path, Writer(stops))
    assert problems.items() == [("A/OPEN", "has no face")]
    with pytest.raises(
        RunFailedError, match=r"Work on 1 recordings failed: B/OPEN: ZeroDivisionError: in the code\.\nK"
    ):
        failures.raise_if_any("Kept.")
    assert "Traceback" in capsys.readouterr().err
    assert written(tmp_path) == {"C.txt": "x C"}
    assert write(tmp_path, Writer())[0] == ["A", "B"]


def test_a_full_disk_stops_at_once_and_is_no_fault_of_a_recording(tmp_path):
    writer = Writer({"B": OSError(errno.ENOSPC, "No space left on device")})
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, writer)
    assert writer.asked == ["A", "B"]
    assert write(tmp_path, Writer())[0] == ["B", "C"]


def test_two_at_once_never_write_into_one_folder(tmp_path):
    first, second = (Pieces(tmp_path, tmp_path / "out", "x") for _ in range(2))
    message = r"is being written by process \d+ on .*\. Wait until it ends, or choose another out=\."
    with first.open(), pytest.raises(ConfigError, match=message), second.open():
        pass


def test_what_never_began_leaves_nothing(tmp_path):
    with pytest.raises(ConfigError), Pieces(tmp_path / "new" / "out", tmp_path / "new" / "out", "x").open():
        raise ConfigError("no such landmark network")
    assert not (tmp_path / "new").exists()


def threads(_, thing):
    import cv2
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return thing, cv2.getNumThreads(), {pool["num_threads"] for pool in threadpool_info()}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_each_recording_has_one_thread(n_jobs, tmp_path):
    found = dict(each(threads, None, ["a", "b", "c"], n_jobs=n_jobs, where=tmp_path))
    assert found == {0: ("a", 1, {1}), 1: ("b", 1, {1}), 2: ("c", 1, {1})}
