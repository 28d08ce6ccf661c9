from __future__ import annotations

import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.number_protocol import NumberProtocol, numbers_of

PEOPLE = {name: {"slp_total": i} for i, name in enumerate("abcde")}


def test_numbers_are_read_from_texts_and_numbers():
    assert numbers_of(PEOPLE | {"e": {"slp_total": " 4.5 "}}, "slp_total", "abcdee") == {
        **{name: float(i) for i, name in enumerate("abcd")},
        "e": 4.5,
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [("4,5", "decimal comma; write 4.5"), ("mild", "'mild' is no number"), ("", "has no value"), (None, "has no value"),
     (float("nan"), "has no value"), ("inf", "not finite")],
)  # fmt: skip
def test_what_is_no_number_is_named_with_its_person(value, said):
    with pytest.raises(DataError, match=f"e.*{said}"):
        numbers_of(PEOPLE | {"e": {"slp_total": value}}, "slp_total", "abcde")


def test_a_number_that_tells_nothing_or_that_nobody_has_is_refused():
    with pytest.raises(ConfigError, match=r"does not tell it of anybody.*slp_total"):
        numbers_of(PEOPLE, "slp_totl", "abcde")
    with pytest.raises(DataError, match="is 3 for everybody"):
        numbers_of({name: {"slp_total": 3} for name in PEOPLE}, "slp_total", "abcde")
    with pytest.raises(DataError, match="3 people have a slp_total"):
        numbers_of(PEOPLE, "slp_total", "abc")


@pytest.mark.parametrize("keys", [{"permutations": "auto"}, {"permutations": -1}, {"groups": "ALS"}, {"column": ""}])
def test_keys_of_another_kind_are_refused(keys):
    with pytest.raises(ConfigError, match=f"protocol.{next(iter(keys))}"):
        NumberProtocol(**{"column": "severity", **keys})
