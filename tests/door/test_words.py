from __future__ import annotations

from pathlib import Path

import pytest

from neuroface.configuration.compose import compose
from neuroface.door.words import command_of, words_of
from neuroface.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "composed"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        ("OPEN", "OPEN"),
        (["OPEN", "KISS"], ["OPEN", "KISS"]),
        ({"HC": 1, "S 1": "it's"}, {"HC": 1, "S 1": "it's"}),
        (["null", "a,b", "1"], ["null", "a,b", "1"]),
        (Path("a b") / "c.csv", "a b/c.csv"),
    ],
)
def test_a_python_value_is_composed_as_itself(value, composed):
    config, _ = compose("train", [word.replace("x=", "+x=") for word in words_of((), {"x": value})])
    assert config.x == composed


def test_words_come_first_and_are_left_alone():
    assert words_of(("a=1", "b.c=[x]"), {"d": 2}) == ["a=1", "b.c=[x]", "d=2"]


def test_a_positional_argument_must_be_a_word():
    with pytest.raises(ConfigError, match="'lstm' is no word of the command line"):
        words_of(("lstm",), {})


def test_a_command_can_be_typed():
    assert command_of("train", ["cohort.exclude=[a, b]"]) == "neuroface train 'cohort.exclude=[a, b]'"
