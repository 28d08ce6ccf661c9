from __future__ import annotations

import pytest

from neuroface.errors import DataError
from neuroface.evaluate.run_files import read_json, read_yaml


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"null", "it holds nothing, not keys and values"),
        (b"[1]", "it holds list, not keys and values"),
        (b'{"subject": {}}', "it lacks classes, repetition"),
    ],
)
def test_a_damaged_file_is_named_with_the_next_step(tmp_path, content, why):
    file = tmp_path / "scores.json"
    file.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_json(file, "classes", "subject", "repetition")
    again = "Delete it and give the run's own train command again; what is finished is kept."
    assert str(error.value) == f"{file} cannot be read: {why}. {again}"


@pytest.mark.parametrize("read", [read_json, read_yaml])
@pytest.mark.parametrize("content", [b'{"a": 1', b"\xff\xfe\x00", b"a: [1\nb: }"])
def test_cut_short_or_no_text_at_all(tmp_path, read, content):
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"config\.yaml cannot be read: "):
        read(file)


def test_what_is_whole_is_read(tmp_path):
    file = tmp_path / "any"
    file.write_text('{"a": [1, "\u00e4"]}', encoding="utf-8")
    assert read_json(file, "a") == read_yaml(file, "a") == {"a": [1, "\u00e4"]}


def test_a_file_that_is_absent(tmp_path):
    with pytest.raises(DataError, match=r"audit\.json cannot be read: .*No such file"):
        read_json(tmp_path / "audit.json")
