"""Each planted mistake is found by the check that is made for it, and an honest cohort shows none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from neuroface.errors import ConfigError, LeakageError
from neuroface.evaluate import engine, repeats
from neuroface.evaluate.audit_checks import CHECKS, LEAKS, NUMBER, verdict_of
from neuroface.evaluate.leaks import PLANTERS, Asked, plant
from neuroface.evaluate.leaky_estimators import Remembering
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_files import read_json
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso

from .people import ALS_HC, cohort

NULL = cohort({"HC": 6, "ALS": 6}, features=8, shift=0.0)


def audited(folder, leak, samples=NULL):
    Remembering.memory.clear()
    planned = plan(samples, GaussianNB(), Loso(), protocol=replace(ALS_HC, leak=leak))
    with RunFolder(folder).open({"leak": leak}) as opened:
        engine.run(planned, opened, save_models=False)
    return planned, read_json(folder / "audit.json")


@pytest.mark.parametrize("check", [c for c in CHECKS if c.leak not in (None, "best_seed")], ids=lambda c: c.number)
def test_what_is_planted_is_found(tmp_path, check):
    _, audit = audited(tmp_path / "run", check.leak)
    assert audit["checks"][check.name] == "found"
    assert audit["numbers"][check.name] == check.number
    assert audit["verdict"] != "clean"
    Remembering.memory.clear()


def test_an_honest_cohort_is_clean(tmp_path):
    _, audit = audited(tmp_path / "run", "refused")
    assert audit["verdict"] == "clean", audit["findings"]
    assert set(audit["checks"].values()) == {"passed"}


def test_the_best_of_many_seeds_is_no_better_in_its_repeats(tmp_path):
    planned, audit = audited(tmp_path / "run", "refused")
    high = repeats.repeated(audit, planned, observed=1.0)
    assert high["checks"][repeats.REPEAT] == "found"
    assert high["verdict"] == "suspect"
    usual = repeats.repeated(high, planned, observed=repeats.score(planned, 5))  # nothing is left to chance
    assert usual["checks"][repeats.REPEAT] == "passed"
    assert usual["verdict"] == "clean"


def test_every_leak_has_a_planter_and_a_number_of_its_own():
    assert set(LEAKS) == set(PLANTERS)
    assert len(set(NUMBER.values())) == len(CHECKS)
    assert verdict_of([]) == "clean"


def test_what_was_prepared_over_everyone_is_refused():
    seen = replace(NULL, prepared={"selection": frozenset({"HC01", "nobody"})})
    with pytest.raises(LeakageError, match="selection before the split looked at HC01, who are judged"):
        plan(seen, GaussianNB(), Loso(), protocol=ALS_HC)
    plan(replace(NULL, prepared={"selection": frozenset({"nobody"})}), GaussianNB(), Loso(), protocol=ALS_HC)


def test_mistakes_with_tables_need_a_table():
    pictures = replace(NULL, X=np.zeros((len(NULL), 4, 4)), view="images", feature_names=())
    with pytest.raises(ConfigError, match="mistake with tables"):
        plant("scale_before_split", Asked(pictures, GaussianNB(), Loso(), 0))
