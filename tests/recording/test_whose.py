"""Of several faces the rule says whose is meant."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.recording import whose
from neuroface.recording.faces import first
from neuroface.types import Frame, Landmarks, Recording

IMAGE = np.zeros((100, 300, 3), dtype=np.uint8)
PATIENT, BYSTANDER = np.array([140.0, 40, 20, 20]), np.array([10.0, 30, 40, 40])


class Film:
    """Three seconds, 10 frames a second."""

    size, rig = (300, 100), None

    def frames(self, start=0, stop=None, step=1):
        for index in range(30)[start:stop:step]:
            yield Frame(index, index / 10, IMAGE)


def film() -> Recording:
    nothing = Landmarks(np.full((30, 68, 2), np.nan), np.arange(30) / 10, "pixel")
    return Recording(subject="A", group="HC", task="OPEN", landmarks=nothing, video=Film())


def passer_by(frame: Frame) -> np.ndarray:
    """The patient is small and always there; a large face looks in from 1.0 to 1.9 s, and moves."""
    boxes = [PATIENT + np.array([0.2 * frame.index, 0, 0, 0])]
    if 10 <= frame.index < 20:
        boxes.insert(0, BYSTANDER + np.array([frame.index, 0, 0, 0]))
    return np.array(boxes)


def test_the_rules_choose():
    both = np.array([BYSTANDER, PATIENT])
    assert first(both, IMAGE, "largest") == 0
    assert first(both, IMAGE, "central") == 1


def test_the_longest_face_is_the_only_one_that_is_found():
    detect = whose.detector_for(film(), passer_by, "longest")
    for frame in Film().frames():
        assert detect(frame) == pytest.approx(np.array([PATIENT + np.array([0.2 * frame.index, 0, 0, 0])]))


def test_a_face_that_has_gone_is_not_replaced_by_another():
    def leaves(frame: Frame) -> np.ndarray:
        return np.array([PATIENT]) if frame.index < 20 else np.array([BYSTANDER])

    detect = whose.detector_for(film(), leaves, "longest")
    assert [len(detect(frame)) for frame in Film().frames()] == [1] * 20 + [0] * 10


def test_other_rules_leave_the_detector_as_it_is_and_ask_a_given_source():
    class Given:
        def of(self, recording):
            return passer_by

    assert whose.detector_for(film(), passer_by, "largest") is passer_by
    assert whose.detector_for(film(), Given(), "boxes") is passer_by


def test_what_makes_no_sense():
    with pytest.raises(
        ConfigError, match=r"whose=largst: there is no such rule\. Did you mean 'largest' or 'longest'\?"
    ):
        whose.check("largst", given_boxes=False)
    with pytest.raises(ConfigError, match="choose the detector boxes and give its path"):
        whose.check("boxes", given_boxes=False)
    whose.check("boxes", given_boxes=True)
    without = Recording("A", "HC", "OPEN", film().landmarks)
    with pytest.raises(DataError, match="no video to look through"):
        whose.detector_for(without, passer_by, "longest")
