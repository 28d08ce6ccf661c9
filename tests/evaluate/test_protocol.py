from __future__ import annotations

import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.protocol import Protocol


def test_classes_that_are_not_named_are_found_with_controls_first():
    assert Protocol(classes=None).settled(["ALS", "HC", "ALS"]).classes == ("HC", "ALS")
    assert Protocol(classes=None).settled(["b", "a"]).classes == ("a", "b")
    assert Protocol(classes=["HC", "ALS"]).settled(["PS"]).classes == ("HC", "ALS")


def test_one_class_is_no_question():
    with pytest.raises(DataError, match=r"^Everybody is of class HC; a question needs at least two classes\.$"):
        Protocol(classes=None).settled(["HC", "HC"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"classes": ["HC"]}, "protocol.classes is ['HC']; at least two classes are needed."),
        ({"classes": ["HC", "HC"]}, "protocol.classes is ['HC', 'HC']; a class may be named only once."),
        ({"classes": ["a", "b"], "target": "labl"}, "protocol.target is 'labl'. Did you mean 'label'?"),
        (
            {"classes": ["a", "b"], "permutations": -1},
            "protocol.permutations is -1; it must be a whole number, 0 for none.",
        ),
        (
            {"classes": ["a", "b"], "permutations": 4.5},
            "protocol.permutations is 4.5; it must be a whole number, 0 for none.",
        ),
        ({"classes": "HC"}, "protocol.classes is 'HC'; it must be a list of classes, [HC,ALS], or null for all."),
        ({"classes": None, "task": 3}, "protocol.task is 3; it must be the name of one task, or null for all."),
        ({"classes": None, "balance": "no"}, "protocol.balance is 'no'; it must be true or false."),
        (
            {"classes": None, "task": ["OPEN"], "permutations": True, "balance": 1, "name": 7},
            "protocol.task is ['OPEN']; it must be the name of one task, or null for all. "
            "protocol.permutations is True; it must be a whole number, 0 for none. "
            "protocol.balance is 1; it must be true or false. protocol.name is 7; it must be a text.",
        ),
    ],
)
def test_a_wrong_protocol_says_what_is_wrong(given, message):
    with pytest.raises(ConfigError) as error:
        Protocol(**given)
    assert str(error.value) == message
