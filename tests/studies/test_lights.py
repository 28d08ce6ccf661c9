from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.evaluate.permutations import Exchange
from neuroface.studies import lights


def rows(like: float) -> pd.DataFrame:
    return pd.DataFrame(
        {"method": ["cam"] * 2, "check": ["random", "shuffled"], "people": [8, 4], "like": [like] * 2,
         "low": [0.1] * 2, "high": [0.4] * 2, "brightest": [0.2] * 2, "brightest_real": [0.5] * 2}
    )  # fmt: skip


def test_both_checks_are_told_with_their_numbers():
    random, shuffled = lights.notes(rows(0.25), [(4, 0.5, 0.75), (12, 0.25, 0.75)])
    assert "Grad-CAM 0.25 [0.10, 0.40]" in random
    assert "2 networks learnt from labels" in shuffled
    assert "decided 31 % of the samples of 16 people rightly, as learnt 75 %" in shuffled
    assert "Grad-CAM 20 %, as learnt 50 %" in shuffled


def test_a_check_that_was_not_made_is_told():
    told = lights.notes(rows(0.25).iloc[:1], [])
    assert "not looked at" in told[1]


@pytest.mark.parametrize("seed", range(5))
def test_few_people_draw_neither_the_labels_they_have_nor_their_opposite(seed):
    y, subject = np.array(["1", "1", "6", "6"]), np.array(["a", "b", "c", "d"])
    codes = np.array([0, 0, 1, 1])
    anew = lights.shuffled(Exchange(y, subject), codes, seed=seed)
    assert (anew != codes).sum() == 2
    assert anew.sum() == 2


def test_intervals_of_likeness_stay_within_what_it_can_be():
    wide = rows(0.9).assign(people=[3, 2], low=[-1.4, -7.0], high=[3.2, 8.8])
    found = lights.bounded(wide)
    assert found.loc[0, ["low", "high"]].tolist() == [-1, 1]
    assert found.loc[1, ["low", "high"]].isna().all()
    random, shuffled = lights.notes(found, [(2, 0.5, 0.75)])
    assert "Grad-CAM 0.90 [-1.00, 1.00]" in random
    assert "Likeness of their maps: Grad-CAM 0.90. On" in shuffled
