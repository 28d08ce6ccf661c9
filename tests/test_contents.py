from __future__ import annotations

import os

import pytest

from neuroface import contents
from neuroface.contents import about, digest_of, digest_of_file, files_below, is_there

LARGE = contents.SMALL + 1


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "clinic"
    (place / "sub-1").mkdir(parents=True)
    (place / "people.csv").write_text("subject,group\n")
    (place / "sub-1" / "film.mp4").write_bytes(b"x" * LARGE)
    return place


def test_the_place_does_not_count_and_every_byte_and_name_does(folder, tmp_path):
    before = digest_of(str(folder))
    moved = folder.rename(tmp_path / "elsewhere")
    os.utime(moved / "sub-1" / "film.mp4", (0, 0))
    assert digest_of(str(moved)) == before
    (moved / "people.csv").rename(moved / "patients.csv")
    renamed = digest_of(str(moved))
    (moved / "sub-1" / "film.mp4").write_bytes(b"x" * (LARGE - 1) + b"y")
    assert len({before, renamed, digest_of(str(moved))}) == 3


def test_a_change_is_seen_although_size_and_time_are_those_of_before(folder):
    film = folder / "sub-1" / "film.mp4"
    os.utime(film, ns=(10**18, 10**18))  # long ago, so that it is remembered
    before = digest_of_file(film)
    assert list((contents.user_cache() / "files").iterdir())
    film.write_bytes(b"z" * LARGE)
    os.utime(film, ns=(10**18, 10**18))
    assert digest_of_file(film) != before


def test_a_large_file_is_read_once(folder, monkeypatch):
    film = folder / "sub-1" / "film.mp4"
    os.utime(film, ns=(10**18, 10**18))
    known = digest_of_file(film)
    monkeypatch.setattr("hashlib.file_digest", None)
    assert digest_of_file(film) == known


def test_links_are_followed_and_a_link_to_a_folder_above_is_not(folder, tmp_path):
    outside = tmp_path / "disk"
    outside.mkdir()
    (outside / "take.npz").write_bytes(b"1")
    (folder / "linked").symlink_to(outside, target_is_directory=True)
    (folder / "sub-1" / "up").symlink_to(folder, target_is_directory=True)
    names = [file.relative_to(folder).as_posix() for file in files_below(folder)]
    assert names == ["linked/take.npz", "people.csv", "sub-1/film.mp4"]
    before, told = digest_of(str(folder)), about(folder)
    (outside / "take.npz").write_bytes(b"2")
    assert digest_of(str(folder)) != before
    assert about(folder) != told


def test_runs_below_a_folder_are_no_data_and_of_a_run_its_networks_count(tmp_path):
    run = tmp_path / "data" / "runs" / "one"
    (run / "models").mkdir(parents=True)
    (tmp_path / "data" / "table.csv").write_text("a")
    (run / "run.json").write_text("{}")
    data, network = digest_of(str(tmp_path / "data")), digest_of(str(run))
    (run / "report.html").write_text("drawn again")
    assert (digest_of(str(tmp_path / "data")), digest_of(str(run))) == (data, network)
    (run / "models" / "a.safetensors").write_bytes(b"w")
    assert digest_of(str(tmp_path / "data")) == data
    assert digest_of(str(run)) != network


def test_a_glob_names_its_files(tmp_path):
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / name).write_text(name)
    tables = str(tmp_path / "*.csv")
    before = digest_of(tables)
    (tmp_path / "c.txt").write_text("other")
    assert digest_of(tables) == before
    (tmp_path / "b.csv").write_text("other")
    assert digest_of(tables) != before
    assert is_there(tables)
    assert not is_there(str(tmp_path / "*.tsv"))


@pytest.mark.parametrize("text", ["", "no such", "a\0b", "x" * 5000, "~nobody-here/x", "[unclosed"])
def test_a_text_that_is_no_path(text):
    assert not is_there(text)
