from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface import face
from neuroface.cohorts.synthetic_syndromes import SyntheticSyndromesCohort
from neuroface.errors import ConfigError

FEW = {"control": 2, "thin_lip": 2, "broad_nose": 2}


def test_people_have_a_few_pictures_each_and_the_cohort_says_where_shapes_lie():
    cohort = SyntheticSyndromesCohort(people=FEW, pictures=(1, 3))
    recordings = list(cohort.recordings())
    assert [r.subject for r in recordings[:2]] == ["control-001", "control-002"]
    assert {1, 2, 3} >= {len(r.repetitions) for r in recordings}
    assert all(len(r.video) == len(r.repetitions) == len(r.landmarks.points) for r in recordings)
    assert cohort.planted == {"thin_lip": "mouth", "broad_nose": "nose"}
    assert SyntheticSyndromesCohort(people=FEW, effect=0).planted == {}


def test_a_shape_changes_nothing_but_its_own_landmarks():
    """The same person with and without: habits, seat and pictures come from streams that know nothing of the shape."""
    shape, none = (next(SyntheticSyndromesCohort(people={"broad_nose": 1}, effect=e).recordings()) for e in (1, 0))
    moved = np.linalg.norm(shape.truth.landmarks.points - none.truth.landmarks.points, axis=2).max(axis=0)
    assert set(np.flatnonzero(moved > 0.1)) <= {*face.NOSTRILS, *face.NOSE_BRIDGE}
    width = np.linalg.norm(np.diff(shape.truth.landmarks.points[:, face.NOSTRILS[[0, 4]]], axis=1), axis=2)
    plain = np.linalg.norm(np.diff(none.truth.landmarks.points[:, face.NOSTRILS[[0, 4]]], axis=1), axis=2)
    strength = shape.truth.values["strength"][0]
    assert (width - plain).ravel() == pytest.approx(9 * strength, abs=0.5)


def test_more_people_change_nobody_and_the_whole_face_is_in_the_picture():
    few = SyntheticSyndromesCohort(people={"control": 1})
    many = SyntheticSyndromesCohort(people={"thin_lip": 3, "control": 2})
    one, other = (next(c.recordings(groups=["control"])) for c in (few, many))
    assert_array_equal(one.landmarks.points, other.landmarks.points)
    width, height = one.video.size
    points = one.landmarks.points
    assert ((points > 0) & (points < [width, height])).all()
    (frame,) = one.video.frames(0, 1)
    assert frame.color.shape == (height, width, 3)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"people": {"thin_lips": 2}}, "Unknown group 'thin_lips' for cohort.people. Did you mean 'thin_lip'?"),
        ({"pictures": (3, 1)}, "cohort.pictures is [3, 1]; the fewest comes first."),
        ({"pictures": (1,)}, "cohort.pictures is [1]; give the fewest and the most, [1,4]."),
        ({"effect": -1}, "cohort.effect must be 0 or more; got -1."),
    ],
)
def test_settings_that_make_no_sense_are_refused(keys, message):
    with pytest.raises(ConfigError) as told:
        SyntheticSyndromesCohort(**keys)
    assert str(told.value) == message
