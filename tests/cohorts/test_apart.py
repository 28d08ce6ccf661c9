"""HDF5 is read in a process of its own (cohorts/trackers/apart.py), and nothing in it is run."""

from __future__ import annotations

import os
import pickle
import signal
import time

import numpy as np
import pytest

from neuroface.cohorts.trackers import apart, deeplabcut, sleap
from neuroface.errors import DataError
from neuroface.outside_pickle import read_plain_pickle

h5py = pytest.importorskip("h5py")
PARTS = ("lip", "eye")


def write_sleap(path, tracks=None):
    with h5py.File(path, "w") as file:
        file["tracks"] = np.arange(12.0).reshape(1, 2, 2, 3) if tracks is None else tracks
        file["node_names"] = [name.encode() for name in PARTS]
    return path


def test_one_process_reads_file_after_file(tmp_path):
    one, other = write_sleap(tmp_path / "a.h5"), write_sleap(tmp_path / "b.h5", np.ones((1, 2, 2, 5)))
    assert sleap.read(one).points[:, 1, 0].tolist() == [3, 4, 5]
    process = apart._helper()._process.pid
    assert process != os.getpid()
    assert len(sleap.read(other).points) == 5
    (tmp_path / "c.h5").write_bytes(one.read_bytes()[:600])
    with pytest.raises(DataError, match="cannot be read as SLEAP's analysis HDF5, half a file perhaps"):
        sleap.read(tmp_path / "c.h5")
    assert apart._helper()._process.pid == process


def test_a_file_that_ends_or_hangs_the_library_is_refused_and_the_next_one_is_read(tmp_path, monkeypatch):
    file = write_sleap(tmp_path / "a.h5")
    sleap.read(file)
    os.kill(apart._helper()._process.pid, signal.SIGSTOP)  # as a library that hangs
    monkeypatch.setattr(apart, "WAIT_S", 0.5)
    with pytest.raises(DataError, match=r"a.h5 is damaged: .* did not come to an end in \d s"):
        sleap.read(file)
    monkeypatch.undo()
    helper = apart._helper()
    ask = helper.ask

    def dies(*asked):
        helper._process.kill()
        return ask(*asked)

    monkeypatch.setattr(helper, "ask", dies)
    with pytest.raises(DataError, match=r"a.h5 is damaged: .* broke down. Write or copy it again"):
        sleap.read(file)
    assert len(sleap.read(file).points) == 3


def test_the_other_process_ends_with_its_questions(tmp_path):
    sleap.read(write_sleap(tmp_path / "a.h5"))
    process = apart._helper()._process
    process.stdin.close()
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert process.poll() == 0


def test_an_array_that_the_file_cannot_hold_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("tracks", (1, 2, 2, 1 << 28), "f8", fillvalue=1.0)
        file["node_names"] = [name.encode() for name in PARTS]
    with pytest.raises(DataError, match="promises an array"):
        sleap.read(tmp_path / "a.h5")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def table(pd):
    names = pd.MultiIndex.from_product(
        [["net"], ["a", "b"], PARTS, ["x", "y", "likelihood"]], names=["scorer", "individuals", "bodyparts", "coords"]
    )
    return pd.DataFrame(np.random.default_rng(0).normal(size=(4, len(names))), columns=names)


def test_deeplabcut_is_read_as_pandas_would_and_nothing_in_it_is_run(tmp_path, monkeypatch):
    pytest.importorskip("tables")
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    ours = table(pd)
    ours.to_hdf("a.h5", key="df_with_missing", format="table", mode="w")
    held = deeplabcut.contents(tmp_path / "a.h5")
    assert (held["values"] == pd.read_hdf("a.h5").to_numpy()).all()
    assert [tuple(row) for row in held["header"]] == [column[1:] for column in ours.columns]
    assert held["frames"].tolist() == [0, 1, 2, 3]
    for place, name in (("df_with_missing", "info"), ("df_with_missing/table", "values_block_0_kind")):
        ours.to_hdf("b.h5", key="df_with_missing", format="table", mode="w")
        with h5py.File("b.h5", "a") as file:
            file[place].attrs[name] = np.bytes_(pickle.dumps(Evil(), protocol=0))
        with pytest.raises(DataError, match="that only running code could read"):
            apart.directly("deeplabcut", tmp_path / "b.h5")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_that_were_pickled(protocol):
    value = [("a", 1, -2.5), {"b": [None, True, ()], 3: "ä" * 300}, [[1, 2], [70_000, 2**40]], ["a", "a"]]
    assert read_plain_pickle(pickle.dumps(value, protocol=protocol)) == value


@pytest.mark.parametrize("content", [b"", b"(", b"(lp0\n", b"h\5.", b"]].", b"cos\nsystem\n.", pickle.dumps({1, 2})])
def test_what_is_no_plain_value(content):
    with pytest.raises(ValueError):
        read_plain_pickle(content)
