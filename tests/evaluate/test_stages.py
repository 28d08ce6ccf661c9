from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.protocol import Protocol

from .people import cohort

BY_RATE = {"group": "ALS", "column": "speaking_rate", "cut": 160, "low": "late", "high": "early"}
STAGES = Protocol(classes=("HC", "early", "late"), stages=BY_RATE)
RATES = {"ALS00": {"speaking_rate": 120}, "ALS01": {"speaking_rate": 160}, "ALS02": {"speaking_rate": "185.5"}}
RATES["ALS03"] = {"speaking_rate": 130}


def test_people_of_the_group_are_divided_by_the_number_and_others_are_left_as_they_are():
    samples = STAGES.staged(cohort({"HC": 2, "ALS": 4}), RATES)
    stage = dict(zip(samples.subject.tolist(), samples.y.tolist(), strict=True))
    assert stage == {"HC00": "HC", "HC01": "HC", "ALS00": "late", "ALS01": "late", "ALS02": "early", "ALS03": "late"}
    assert set(samples.meta["group"]) == {"HC", "ALS"}
    assert STAGES.groups == ("HC", "ALS")


def test_somebody_without_the_number_is_named():
    with pytest.raises(DataError, match="ALS02"):
        STAGES.staged(cohort({"HC": 2, "ALS": 4}), {**RATES, "ALS02": {"age": 60}})


def test_a_cut_that_divides_nobody():
    told = "speaking_rate of the 4 people of ALS is 120 to 185.5, and all of them are late by protocol.stages.cut=200."
    with pytest.raises(DataError, match=re.escape(told)):
        replace(STAGES, stages={**BY_RATE, "cut": 200}).staged(cohort({"HC": 2, "ALS": 4}), RATES)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"group": "ALS"}, "it must be {group: ALS, column: speaking_rate, cut: 160, low: late, high: early}"),
        ({**BY_RATE, "cut": "fast"}, "it must be {group"),
        ({**BY_RATE, "low": "later"}, "divides ALS into later and early, and protocol.classes are HC, early, late"),
        ({**BY_RATE, "group": "HC"}, "Name both stages there, and not HC"),
    ],
)
def test_stages_that_cannot_be(stages, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        replace(STAGES, stages=stages)


def test_rows_of_one_person_are_in_one_stage():
    samples = STAGES.staged(cohort({"HC": 2, "ALS": 4}), RATES)
    assert all(len(set(samples.y[samples.subject == who])) == 1 for who in np.unique(samples.subject))
