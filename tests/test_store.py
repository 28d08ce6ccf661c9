import json
import multiprocessing
import os
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface.errors import ConfigError
from neuroface.store import Store, digest_of, digest_of_array

KEY = {"video": "a", "frames": [1, 2]}


class Filler:
    """Counts how often it is asked to make what the store should keep."""

    def __init__(self, value=7):
        self.value, self.asked = value, 0

    def __call__(self, out):
        self.asked += 1
        out[:] = self.value


def files_of(store, ending):
    return sorted(store.folder.rglob(f"*{ending}"))


def test_what_was_made_once_is_only_read_again(tmp_path):
    fill = Filler()
    first = Store(tmp_path).array(KEY, (2, 3), fill)
    again = Store(tmp_path).array(KEY, (2, 3), fill)
    assert fill.asked == 1
    assert isinstance(again, np.memmap)
    assert_array_equal(first, np.full((2, 3), 7, np.uint8))
    assert_array_equal(again, first)
    with pytest.raises(ValueError, match="read-only"):
        again[0, 0] = 1


@pytest.mark.parametrize("other", [{"video": "b", "frames": [1, 2]}, {"video": "a", "frames": [1, 2.5]}])
def test_another_key_is_another_entry(tmp_path, other):
    store, fill = Store(tmp_path), Filler()
    store.array(KEY, (2, 3), fill)
    store.array(other, (2, 3), fill)
    store.array(KEY, (3, 2), fill)
    store.array(KEY, (2, 3), fill, dtype="float32")
    assert fill.asked == 4


def test_the_order_of_keys_does_not_matter_and_objects_are_refused(tmp_path):
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": (2,), "a": 1})
    for unknown in (object(), np.float64, np.arange(2), float("nan")):
        with pytest.raises((TypeError, ValueError)):
            Store(tmp_path).array({"key": unknown}, (1,), Filler())
    assert not list(tmp_path.iterdir())


def flip_a_byte(store):
    (file,) = files_of(store, ".npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut_off(store):
    (file,) = files_of(store, ".npy")
    file.write_bytes(file.read_bytes()[:-2])


def empty(store):
    (file,) = files_of(store, ".npy")
    file.write_bytes(b"")


def lose_description(store):
    (file,) = files_of(store, ".json")
    file.unlink()


def garble_description(store):
    (file,) = files_of(store, ".json")
    file.write_text("[]", encoding="utf-8")


@pytest.mark.parametrize("damage", [flip_a_byte, cut_off, empty, lose_description, garble_description])
def test_a_damaged_entry_is_made_again(tmp_path, damage):
    store, fill = Store(tmp_path), Filler()
    store.array(KEY, (2, 3), fill)
    damage(store)
    assert_array_equal(store.array(KEY, (2, 3), fill), np.full((2, 3), 7))
    assert fill.asked == 2
    store.array(KEY, (2, 3), fill)
    assert fill.asked == 2


def test_what_fails_while_it_is_made_leaves_nothing(tmp_path):
    def fail(out):
        out[:] = 1
        raise RuntimeError("no frame")

    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="no frame"):
        store.array(KEY, (2, 3), fail)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def _ask(folder, value):
    return int(Store(folder).array(KEY, (400, 400), Filler(value)).sum())


def test_processes_that_make_the_same_at_once_all_get_it_whole(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        sums = pool.starmap(_ask, [(tmp_path, 3)] * 8)
    assert sums == [3 * 400 * 400] * 8
    assert len(files_of(Store(tmp_path), ".npy")) == 1


def test_size_is_that_of_the_files(tmp_path):
    store = Store(tmp_path)
    assert store.size_bytes() == 0
    store.array(KEY, (1000, 1000), Filler())
    assert store.made_bytes == 1_000_000
    assert 1_000_000 < store.size_bytes() < 1_002_000


def test_the_key_is_told_beside_the_array(tmp_path):
    store = Store(tmp_path)
    store.array(KEY, (2, 3), Filler())
    (file,) = files_of(store, ".json")
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["key"] == {**KEY, "shape": [2, 3], "dtype": "uint8", "neuroface": told["key"]["neuroface"]}
    assert told["digest"] == digest_of_array(np.full((2, 3), 7, np.uint8))


def test_without_a_folder_it_is_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Store().folder == tmp_path / "neuroface"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Store().folder == tmp_path / "home" / ".cache" / "neuroface"


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        Store(tmp_path / "file").array(KEY, (2, 3), Filler())
    assert str(told.value) == (
        f"{tmp_path / 'file'} cannot keep what was made: Not a directory. Set execution.store to a folder with space "
        "that can be written."
    )


def test_digest_of_an_array_knows_type_shape_and_values():
    values = np.arange(6, dtype=np.int16)
    others = [values.reshape(2, 3), values.astype(np.int32), values[::-1], values + 1]
    assert len({digest_of_array(a) for a in (values, *others)}) == 5
    assert digest_of_array(np.asfortranarray(values.reshape(2, 3))) == digest_of_array(values.reshape(2, 3))


def aged(store, days):
    """Every entry so many days older."""
    for _, _, place in store.entries():
        file = place.with_suffix(".json")
        os.utime(file, (file.stat().st_mtime - days * 86400,) * 2)


def test_the_longest_unused_go_when_there_is_a_limit(tmp_path):
    fill = Filler()
    for number in range(3):
        Store(tmp_path).array({"n": number}, (10_000,), fill)
        aged(Store(tmp_path), 1)
    Store(tmp_path).array({"n": 0}, (10_000,), fill)  # used again: 1 is the oldest now
    bounded = Store(tmp_path, limit_gb=32_000 / 1e9)
    made = bounded.array({"n": 3}, (10_000,), fill)
    assert bounded.size_bytes() <= 32_000
    assert (made == 7).all()
    assert fill.asked == 4
    Store(tmp_path).array({"n": 0}, (10_000,), fill)
    assert fill.asked == 4
    Store(tmp_path).array({"n": 1}, (10_000,), fill)
    assert fill.asked == 5


def test_what_a_run_uses_itself_stays_whatever_the_limit(tmp_path):
    store, fill = Store(tmp_path, limit_gb=1e-6), Filler()
    arrays = [store.array({"n": n}, (10_000,), fill) for n in range(3)]
    assert len(store.entries()) == 3
    assert all((array == 7).all() for array in arrays)


def test_what_another_has_open_can_still_be_read_when_it_is_pruned(tmp_path):
    array = Store(tmp_path).array(KEY, (5000,), Filler())
    assert Store(tmp_path).prune(0) > 5000
    assert not Store(tmp_path).entries()
    assert (array == 7).all()


def test_only_entries_are_pruned_and_what_killed_processes_left(tmp_path):
    store = Store(tmp_path)
    store.array(KEY, (10,), Filler())
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.dat").write_bytes(b"fetched")
    (folder,) = [place.parent for _, _, place in store.entries()]
    old, new = folder / "partial-old.npy", folder / "partial-new.npy"
    old.write_bytes(b"x"), new.write_bytes(b"x")
    os.utime(old, (time.time() - 3 * 86400,) * 2)
    Store(tmp_path).prune(0)
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["a.dat", "partial-new.npy"]


def make_and_prune(folder, number):
    store = Store(folder)
    for n in range(60):
        array = store.array({"n": n % 4}, (2000,), Filler(n % 4))
        assert (array == n % 4).all()
        if number:
            Store(folder).prune(0)


def test_two_that_prune_and_use_the_same_store(tmp_path):
    several = [multiprocessing.get_context("fork").Process(target=make_and_prune, args=(tmp_path, n)) for n in range(2)]
    for process in several:
        process.start()
    for process in several:
        process.join()
    assert [process.exitcode for process in several] == [0, 0]


@pytest.mark.parametrize("limit", [0, -1, "much"])
def test_a_limit_that_is_none(tmp_path, limit):
    with pytest.raises(ConfigError, match="store_limit_gb"):
        Store(tmp_path, limit_gb=limit)
