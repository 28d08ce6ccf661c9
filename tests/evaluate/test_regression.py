from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from neuroface.errors import ConfigError, LeakageError, RunFailedError, RunMismatchError
from neuroface.evaluate import regression
from neuroface.evaluate.number_protocol import NumberProtocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso

from .people import cohort

SAMPLES = cohort({"HC": 5, "ALS": 5}, repetitions=2, features=2, icc=1.0)
ASKED = NumberProtocol("severity", permutations=3)
# A straight line of both features, so that what leaves a person out finds the number exactly.
FACTS = {s: {"severity": float(2 * row[0] - row[1])} for s, row in zip(SAMPLES.subject, SAMPLES.X, strict=True)}


def planned(samples=SAMPLES, facts=FACTS, estimator=None, protocol=ASKED):
    return regression.plan(samples, facts, estimator or LinearRegression(), Loso(), protocol=protocol)


def test_a_straight_line_is_found_and_its_null_is_not(tmp_path):
    with RunFolder(tmp_path / "r").open({"a": 1}) as folder:
        scores = regression.run(planned(), folder)
    assert scores["subject"]["rmse"] == pytest.approx(0, abs=1e-9)
    assert scores["subject"]["rmse_null_mean"] > 0.5
    predictions = regression.read(tmp_path / "r")
    others = [np.mean([v["severity"] for k, v in FACTS.items() if k != s]) for s in predictions["subject"]]
    assert predictions["dummy"].to_numpy() == pytest.approx(np.array(others))


def test_a_run_goes_on_where_it_was_and_never_with_other_numbers(tmp_path):
    plan = planned()
    with RunFolder(tmp_path / "r").open({"a": 1}) as folder:
        regression.run(plan, folder)
    first = (tmp_path / "r" / "predictions.csv").read_bytes()
    (tmp_path / "r" / "folds" / "HC01.csv").unlink()
    with RunFolder(tmp_path / "r").open({"a": 1}) as folder:
        regression.run(plan, folder)
    assert (tmp_path / "r" / "predictions.csv").read_bytes() == first
    other = {s: {"severity": v["severity"] + (s == "HC00")} for s, v in FACTS.items()}
    with RunFolder(tmp_path / "r").open({"a": 1}) as folder, pytest.raises(RunMismatchError, match="severity"):
        regression.run(planned(facts=other), folder)


def test_numbers_change_hands_between_whole_people():
    values = np.array([FACTS[s]["severity"] for s in SAMPLES.subject])
    shuffled = regression.permuted(values, SAMPLES.subject, seed=0, permutation=1)
    assert sorted(shuffled) == sorted(values)
    assert all(len(set(shuffled[SAMPLES.subject == s])) == 1 for s in set(SAMPLES.subject))


def test_a_classifier_and_a_feature_that_is_the_number_are_refused():
    with pytest.raises(ConfigError, match="forest_regressor"):
        planned(estimator=LogisticRegression())
    itself = {s: {"severity": 3 * float(row[0]) + 1} for s, row in zip(SAMPLES.subject, SAMPLES.X, strict=True)}
    with pytest.raises(LeakageError, match="feature_0_mm is severity itself"):
        planned(facts=itself)


@pytest.mark.parametrize("name", ["folds/HC01.csv", "null/00001.csv"])
def test_a_rotten_file_is_told_and_made_again(name, tmp_path, capsys):
    with RunFolder(tmp_path / "r").open({"a": 1}) as folder:
        regression.run(planned(), folder)
    file = tmp_path / "r" / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    with RunFolder(tmp_path / "r").open({"a": 1}) as folder:
        regression.run(planned(), folder)
    assert f"{file} is damaged" in capsys.readouterr().err
    assert file.read_bytes() == whole


def test_a_fold_that_hangs_is_given_up(tmp_path):
    import time

    class Hangs(LinearRegression):
        def fit(self, X, y, sample_weight=None):
            time.sleep(60)

    with (
        RunFolder(tmp_path / "r").open({"a": 1}) as folder,
        pytest.raises(RunFailedError, match=r"no result after 0\.2 s"),
    ):
        regression.run(planned(estimator=Hangs()), folder, limit_s=0.2)
