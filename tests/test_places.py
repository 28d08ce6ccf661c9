"""Places that cannot be written are told before anything is computed."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from neuroface.errors import ConfigError
from neuroface.places import check_writable, file_error


def test_a_place_that_does_not_exist_yet_is_fine_and_stays_so(tmp_path):
    check_writable("run", tmp_path / "a" / "b")
    check_writable("out", tmp_path / "a" / "table.csv", file=True)
    assert not any(tmp_path.iterdir())


def test_a_file_that_is_there_keeps_its_contents(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    check_writable("out", tmp_path / "t.csv", file=True)
    assert (tmp_path / "t.csv").read_text() == "a\n1\n"


def test_the_wrong_kind_of_thing_is_there(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(ConfigError, match=r"^run=.*file: there is a file of that name\. Name a folder\.$"):
        check_writable("run", tmp_path / "file")
    with pytest.raises(ConfigError, match=r"^out=.*d\.csv: there is a folder of that name\. Name a file\.$"):
        check_writable("out", tmp_path / "d.csv", file=True)
    with pytest.raises(ConfigError, match=r"cannot write to .*file \(is a file, not a folder\)"):
        check_writable("out", tmp_path / "file" / "deep" / "t.csv", file=True)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that nobody may write to")
def test_where_nobody_may_write():
    with pytest.raises(ConfigError, match=r"^run=/proc/foo: cannot write to /proc \(.+\)\. Choose another place\.$"):
        check_writable("run", Path("/proc/foo"))


def test_the_words_of_the_operating_system():
    told = str(file_error(OSError(errno.ENOSPC, "No space left on device", "runs/a/folds/P1.csv")))
    assert told.startswith("runs/a/folds/P1.csv: No space left on device. See that")
    assert str(file_error(OSError("Cannot save file"))).startswith("Cannot save file. See that")
