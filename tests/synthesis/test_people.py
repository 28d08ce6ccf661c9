from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroface.synthesis.face_model import MUSCLES
from neuroface.synthesis.people import CHANNELS, DISEASES, HEALTHY, JAW, Disease, Person, draw_person


def person(disease: Disease = HEALTHY, **kwargs) -> Person:
    return Person(identity={}, size=np.ones(len(CHANNELS)), tempo=1.0, sidedness=0.0, disease=disease, **kwargs)


def drawn(seed: int, disease: Disease, effect: float = 1.0) -> Person:
    streams = np.random.default_rng(seed), np.random.default_rng(seed + 10_000)
    return draw_person(*streams, disease=disease, effect=effect)


def test_a_rate_of_ln_2_halves_the_excursion_at_severity_1():
    disease = Disease(jaw=np.log(2), lips=np.log(4), slowing=np.log(3), unsteadiness=np.log(5))
    ill = person(disease, severity=1.0)
    assert ill.excursion()[CHANNELS.index(JAW)] == pytest.approx(1 / 2)
    assert ill.excursion()[CHANNELS.index("smile")] == pytest.approx(1 / 4)
    assert ill.excursion()[CHANNELS.index("brow_raise")] == 1
    assert ill.slowness() == pytest.approx(3)
    assert ill.unsteadiness() == pytest.approx(5)


def test_effect_multiplies_severity():
    disease = DISEASES["ALS"]
    twice = person(disease, severity=0.4, effect=2.0)
    assert_allclose(twice.excursion(), person(disease, severity=0.8).excursion())


@pytest.mark.parametrize("group", DISEASES)
def test_without_effect_a_patient_moves_like_anyone(group: str):
    patient = person(DISEASES[group], severity=1.0, affected_side="left", effect=0.0)
    assert_allclose(patient.excursion(), 1)
    assert_allclose([patient.side("left"), patient.side("right")], 1)
    assert (patient.slowness(), patient.unsteadiness(), patient.load) == (1, 1, 0)


def test_weakness_is_on_the_affected_side_and_spares_the_upper_face():
    patient = person(Disease(weakness=np.log(2)), severity=1.0, affected_side="left")
    assert_allclose(patient.side("right"), 1)
    left = dict(zip(MUSCLES, patient.side("left"), strict=True))
    assert left["smile"] == pytest.approx(1 / 2)
    assert left["brow_raise"] == 1


def test_sidedness_is_the_log_ratio_of_right_to_left():
    habit = Person({}, np.ones(len(CHANNELS)), 1.0, sidedness=np.log(1.1))
    assert_allclose(habit.side("right") / habit.side("left"), 1.1)


def test_als_loses_rounding_beyond_the_loss_of_the_lips():
    lost = DISEASES["ALS"].loss
    assert lost("pucker") > lost("spread") > lost(JAW) > lost("brow_raise") > 0


def test_severity_follows_the_stated_beta_distribution():
    for group in ("ALS", "PS"):
        a, b = DISEASES[group].severity
        severities = np.array([drawn(seed, DISEASES[group]).severity for seed in range(1_000)])
        assert severities.mean() == pytest.approx(a / (a + b), abs=0.03)  # standard error .007
        assert severities.var() == pytest.approx(a * b / ((a + b) ** 2 * (a + b + 1)), abs=0.01)
    assert drawn(0, HEALTHY).severity == 0


def test_affected_side_is_drawn_for_stroke_only_and_evenly():
    sides = [drawn(seed, DISEASES["PS"]).affected_side for seed in range(400)]
    assert sides.count("left") == pytest.approx(200, abs=40)  # 4 standard deviations
    assert set(sides) == {"left", "right"}
    assert drawn(0, DISEASES["ALS"]).affected_side is None


def test_habits_do_not_know_the_disease():
    healthy, ill = drawn(3, HEALTHY), drawn(3, DISEASES["PS"])
    assert healthy.identity == ill.identity
    assert_allclose(healthy.size, ill.size, atol=0)
    assert (healthy.tempo, healthy.sidedness) == (ill.tempo, ill.sidedness)
