from __future__ import annotations

import pytest

from neuroface.errors import ConfigError
from neuroface.evaluate.protocol import Protocol


def test_the_last_of_two_classes_is_positive():
    assert Protocol(classes=["HC", "ALS"]).positive == "ALS"
    assert Protocol(classes=["HC", "ALS", "PS"]).positive is None


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
    ],
)
def test_a_wrong_protocol_says_what_is_wrong(given, message):
    with pytest.raises(ConfigError) as error:
        Protocol(**given)
    assert str(error.value) == message
