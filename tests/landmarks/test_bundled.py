"""The network that comes with neuroface: that it is what its card says, and that it can be fine-tuned."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.landmarks import annotated, metrics, weights
from neuroface.landmarks.finetune import FineTune


def test_the_card_belongs_to_the_file():
    card = weights.BUNDLED.with_name("MODEL_CARD.md").read_text(encoding="utf-8")
    assert hashlib.sha256(weights.BUNDLED.read_bytes()).hexdigest() in card
    assert "not a medical device" in card
    fan = weights.load("bundled")
    assert (fan.stacks, fan.width, fan.landmarks, fan.size) == (2, 64, 68, 128)


def test_it_was_fitted_on_nobody_who_is_in_a_clinic():
    people = weights.fitted_on("bundled")
    assert len(people) == 1108
    assert all(name.startswith(("wild-6800", "wild-7100")) for name in people)


@pytest.fixture(scope="module")
def marked_elsewhere(tmp_path_factory):
    """Six people of a clinic whose annotators mark 2 px off, and their faces' rows."""
    cohort = SyntheticCohort(
        people={"HC": 3, "PS": 3}, tasks=["OPEN"], repetitions={"OPEN": 1}, modality="rgbd", annotation_shift=2.0
    )
    return annotated.collect(cohort.recordings(), folder=tmp_path_factory.mktemp("clinic"), size=128, frames=6)


@pytest.mark.slow
def test_it_finds_faces_of_the_clinic_it_has_not_seen(marked_elsewhere):
    """The truth is found to 5 % of the inner canthi's distance; marks that lie 2 px off are not."""
    from neuroface.synthesis.filming import annotation_shift

    shift = annotation_shift(2.0) * marked_elsewhere.matrix[:, :1, :1]  # px of the frame to px of the crop
    found, _ = FineTune(device="cpu").untrained().predict(marked_elsewhere.crops)
    to_truth = metrics.errors(found, marked_elsewhere.points - shift).mean()
    to_marks = metrics.errors(found, marked_elsewhere.points).mean()
    assert to_truth < 0.05
    assert to_marks > 1.3 * to_truth


@pytest.mark.slow
def test_fine_tuning_learns_how_a_clinic_marks_and_keeps_it_for_people_not_seen(marked_elsewhere):
    faces = marked_elsewhere
    test = np.isin(faces.subject, ["N003", "S003"])
    model = FineTune(epochs=10, inner_share=0.0, device="cpu")
    model.fit(faces.crops[~test], faces.points[~test], groups=faces.subject[~test])
    before, after = (
        metrics.errors(one.predict(faces.crops[test])[0], faces.points[test]).mean()
        for one in (model.untrained(), model)
    )
    assert after < 0.9 * before
