from __future__ import annotations

import numpy as np
import pytest

from neuroface.classifiers.inner_people import held_out_people

PEOPLE = np.repeat([f"{group}{i:02d}" for group in "AN" for i in range(10)], 3)
CLASSES = np.array([person[0] for person in PEOPLE])


def test_a_share_of_each_class_is_held_out_as_whole_people():
    held = held_out_people(CLASSES, PEOPLE, share=0.2, seed=0)
    chosen = set(PEOPLE[held])
    assert sorted(person[0] for person in chosen) == ["A", "A", "N", "N"]
    assert held.sum() == 4 * 3


def test_the_choice_depends_on_names_and_seed_not_on_the_order_of_rows():
    order = np.random.default_rng(1).permutation(len(PEOPLE))
    held = held_out_people(CLASSES, PEOPLE, share=0.3, seed=4)
    assert (held_out_people(CLASSES[order], PEOPLE[order], share=0.3, seed=4) == held[order]).all()
    others = {tuple(held_out_people(CLASSES, PEOPLE, share=0.3, seed=seed)) for seed in range(5)}
    assert len(others) > 1


def test_at_least_one_of_each_class_is_held_out():
    held = held_out_people(np.array(["a", "a", "b", "b"]), np.arange(4), share=0.01, seed=0)
    assert held.sum() == 2


@pytest.mark.parametrize("y", [["a", "b", "b"], ["a", "b", "c"]])
def test_nobody_is_held_out_where_a_class_has_one_person(y):
    assert not held_out_people(np.array(y), np.arange(3), share=0.5, seed=0).any()


def test_people_of_several_classes_stay_whole():
    groups = np.repeat(["p", "q", "r"], 4)
    y = np.tile(["a", "b"], 6)
    held = held_out_people(y, groups, share=0.3, seed=0)
    assert len(set(groups[held])) == 1
    assert held.sum() == 4
