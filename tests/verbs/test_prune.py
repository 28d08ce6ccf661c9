from __future__ import annotations

import pytest

from neuroface.cli import main
from neuroface.store import Store


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Store:
    """The user's cache, with two entries of 3 MB."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = Store()
    for n in range(2):
        store.array({"n": n}, (3_000_000,), lambda out: out.fill(1))
    return store


def test_what_is_kept_is_told_and_freed(cache, capsys):
    assert main(["list", "cache"]) == 0
    told = capsys.readouterr().out
    assert f"{cache.folder}: 2 entries, 6 MB" in told
    assert "6 MB  used today" in told
    assert main(["prune", "cache", "keep_gb=0.004"]) == 0
    assert capsys.readouterr().out == f"3 MB freed, 3 MB kept in {cache.folder}\n"
    assert main(["prune", "cache"]) == 0
    assert main(["list", "cache"]) == 0
    assert "nothing is kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say what is to be pruned"),
        (["cash"], "Did you mean 'cache'"),
        (["cache", "keep=1"], "keep_gb"),
        (["cache", "keep_gb=lots"], "a number of gigabytes"),
        (["cache", "store=nowhere"], "no such folder"),
    ],
)
def test_words_that_mean_nothing_free_nothing(cache, capsys, words, told):
    assert main(["prune", *words]) == 2
    assert told in capsys.readouterr().err
    assert len(cache.entries()) == 2
