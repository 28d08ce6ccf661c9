from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import KFold

from neuroface.errors import LeakageError
from neuroface.evaluate import audit_checks
from neuroface.evaluate.audit import audit, refuse_leakage
from neuroface.evaluate.splits import Loso, make_folds
from neuroface.types import Samples

from .people import cohort, table


def audited(samples, splitter=None):
    folds = make_folds(splitter or Loso(), samples.X, samples.y, samples.subject)
    return audit(samples, folds), folds


def with_column(samples: Samples, column: np.ndarray) -> Samples:
    X = np.column_stack([samples.X, column])
    return replace(samples, X=X, feature_names=(*samples.feature_names, "extra"))


def test_honest_data_are_clean():
    report, folds = audited(cohort({"HC": 5, "ALS": 5}))
    refuse_leakage(cohort({"HC": 5, "ALS": 5}), folds)
    assert report["verdict"] == "clean"
    assert set(report["checks"].values()) == {"passed"}
    assert report["findings"] == []


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_a_splitter_that_divides_a_person_is_refused():
    samples = cohort({"HC": 2, "ALS": 2})  # folds of 3, 3, 2, 2, 2 rows cut both people of ALS
    report, folds = audited(samples, KFold(5))
    with pytest.raises(LeakageError) as error:
        refuse_leakage(samples, folds)
    assert str(error.value).startswith("ALS00 (fold fold_3), ALS00 (fold fold_4), ALS01 (fold fold_4), ")
    assert str(error.value).endswith("Use a split that keeps subjects whole: split=loso.")
    assert report["verdict"] == "leaky"
    assert error.value.exit_code == 5


def test_landmarks_fitted_on_the_tested_subject_are_refused():
    samples = cohort({"HC": 2, "ALS": 2}, repetitions=1)
    leaky = replace(samples, fitted_on=[frozenset({"HC01", "ALS00"})] * 4)
    report, folds = audited(leaky)
    with pytest.raises(LeakageError, match="Values of ALS00, HC01 were computed by something fitted on that"):
        refuse_leakage(leaky, folds)
    assert report["checks"]["nothing that a test subject is judged by was fitted on them"] == "found"
    others_only = replace(samples, fitted_on=[frozenset({"N099"})] * 4)
    refuse_leakage(others_only, folds)


def test_one_person_under_two_ids_is_suspect():
    samples = cohort({"HC": 4, "ALS": 4})
    X = samples.X.copy()
    X[samples.subject == "ALS03"] = X[samples.subject == "ALS01"]
    report, _ = audited(replace(samples, X=X))
    assert report["verdict"] == "suspect"
    assert report["findings"] == [
        {"check": "no identical rows of different people", "found": ["ALS01 and ALS03 share 3 of 3 rows"]}
    ]


def test_coarse_features_that_repeat_within_people_prove_nothing():
    samples = cohort({"HC": 4, "ALS": 4}, repetitions=6)
    report, _ = audited(replace(samples, X=np.round(np.clip(samples.X, 0, 1))))
    assert report["checks"]["no identical rows of different people"] == "does not apply"


def test_what_one_person_repeats_does_not_hide_one_person_under_two_ids():
    samples = cohort({"HC": 4, "ALS": 4}, repetitions=6)
    X = samples.X.copy()
    X[samples.subject == "ALS03"] = X[samples.subject == "ALS01"]
    X[samples.subject == "HC00"] = X[0]  # one row, six times: an eighth of all rows
    report, _ = audited(replace(samples, X=X))
    assert report["findings"][0]["found"] == ["ALS01 and ALS03 share 6 of 6 rows"]
    assert "5 of 48 rows repeat another of the same person, value for value" in report["notes"]


def test_a_table_that_stands_twice_in_its_file_hides_nobody():
    samples = cohort({"HC": 4, "ALS": 4})
    X = samples.X.copy()
    X[samples.subject == "ALS03"] = X[samples.subject == "ALS01"]
    report, _ = audited(table(np.tile(X, (2, 1)), np.tile(samples.y, 2), np.tile(samples.subject, 2)))
    assert "ALS01 and ALS03 share 6 of 6 rows" in report["findings"][0]["found"]
    assert "24 of 48 rows repeat another of the same person, value for value" in report["notes"]


def test_copies_of_most_rows_hide_nobody():
    samples = cohort({"HC": 4, "ALS": 4}, repetitions=2, features=2)
    X = samples.X.copy()
    X[1::2] = X[::2]  # everybody's row twice
    X[samples.subject == "ALS03"] = X[samples.subject == "ALS01"]
    X[-1] += 1  # and one that stands once
    report, _ = audited(replace(samples, X=X))
    assert report["findings"][0]["found"] == ["ALS01 and ALS03 share 1 of 2 rows"]


def test_everybody_under_two_ids_with_one_row_each():
    samples = cohort({"HC": 4, "ALS": 4}, repetitions=1, features=2)
    X = samples.X.copy()
    X[1::2] = X[::2]
    report, _ = audited(replace(samples, X=X))
    assert report["verdict"] == "suspect"
    assert len(report["findings"][0]["found"]) == 4


def test_people_whose_names_differ_in_zeros_are_noted():
    samples = cohort({"HC": 4, "ALS": 4}, repetitions=1)
    subject = np.array(["7", "007", *samples.subject[2:]])
    report, _ = audited(table(samples.X, samples.y, subject))
    assert report["verdict"] == "clean"
    assert "007 and 7 are taken as 2 people" in report["notes"]


def test_one_grade_per_person_may_be_equal():
    samples = cohort({"HC": 6, "ALS": 6}, repetitions=1, features=1)
    report, _ = audited(replace(samples, X=np.arange(12.0)[:, None] % 5))
    assert report["verdict"] == "clean"


def test_coarse_people_who_are_equal_as_a_whole_are_told():
    rng = np.random.default_rng(0)
    samples = cohort({"HC": 4, "ALS": 4}, repetitions=12)
    X = rng.integers(0, 3, size=(96, 2)).astype(float)
    X[samples.subject == "HC02"] = X[samples.subject == "ALS02"]
    report, _ = audited(replace(samples, X=X, feature_names=("a", "b")))
    found = {finding["check"]: finding["found"] for finding in report["findings"]}
    assert found == {"no identical rows of different people": ["ALS02 and HC02 share 12 of 12 rows"]}


@pytest.mark.parametrize("repetitions", [1, 3])
def test_a_column_that_counts_rows_sorted_by_class_is_suspect(repetitions):
    samples = cohort({"HC": 8, "ALS": 8}, repetitions=repetitions)
    report, _ = audited(with_column(samples, np.arange(len(samples)) * 1.0))
    told = "extra: counts the rows, and tells ALS with an AUC of 1.00"
    assert report["findings"] == [{"check": "no feature that counts rows and tells the class", "found": [told]}]
    assert (
        "The rows stand sorted by class: whatever follows their order (a row number, a date of visit) tells it"
        in (report["notes"])
    )


def test_dates_of_visits_follow_the_rows():
    samples = cohort({"HC": 8, "ALS": 8}, repetitions=1)
    days = np.cumsum(np.random.default_rng(1).integers(1, 30, size=16)).astype(float)
    report, _ = audited(with_column(samples, days))
    assert report["findings"][0]["found"] == ["extra: follows the order of the rows, and tells ALS with an AUC of 1.00"]


def test_a_counter_that_tells_nothing_is_noted():
    samples = cohort({"HC": 8, "ALS": 8}, repetitions=1)
    mixed = samples[np.random.default_rng(0).permutation(16)]
    report, _ = audited(with_column(mixed, np.arange(16.0)))
    assert report["verdict"] == "clean"
    assert report["notes"] == ["extra counts the rows, which is no feature"]


@pytest.mark.parametrize(
    ("column", "finding"),
    [
        (lambda s: (s.y == "ALS") * 1.0, "extra: one value per class"),
        (
            lambda s: np.unique(s.subject, return_inverse=True)[1] * 1.0,
            "extra: one value per person, and the classes do not overlap",
        ),
        (
            lambda s: np.where(s.y == "ALS", np.nan, s.X[:, 0]),
            "extra: missing for all of one class, for nobody of another",
        ),
    ],
    ids=["label", "id", "missingness"],
)
def test_a_column_that_encodes_the_class_is_suspect(column, finding):
    samples = cohort({"HC": 4, "ALS": 4})
    report, _ = audited(with_column(samples, column(samples)))
    assert report["findings"] == [{"check": "no feature that encodes the class", "found": [finding]}]


def test_a_feature_that_separates_people_by_measurement_is_clean():
    assert audited(cohort({"HC": 11, "ALS": 11}, shift=5))[0]["verdict"] == "clean"
    far = audited(cohort({"HC": 11, "ALS": 11}, shift=20))[0]  # further than any two groups of people
    assert [found["check"] for found in far["findings"]] == [audit_checks.IMPLAUSIBLE]


def test_a_constant_column_is_noted_but_harmless():
    samples = cohort({"HC": 4, "ALS": 4})
    report, _ = audited(with_column(samples, np.ones(len(samples))))
    assert report["verdict"] == "clean"
    assert "extra is the same in every row and tells nothing" in report["notes"]


def test_images_are_compared_too():
    flat = cohort({"HC": 3, "ALS": 3}, repetitions=1, features=16)
    X = flat.X.reshape(-1, 4, 4).copy()
    X[5] = X[0]
    images = Samples(X=X, y=flat.y, subject=flat.subject, meta=flat.meta, view="images")
    report, _ = audited(images)
    assert report["findings"][0]["found"] == ["ALS02 and HC00 share 1 of 1 rows"]
    assert report["checks"]["no feature that encodes the class"] == "does not apply"


def test_helper_numbers_repetitions_within_people():
    samples = table(np.zeros((3, 1)), np.array(["a", "a", "b"]), np.array(["p", "p", "q"]))
    assert samples.meta["sample"].tolist() == ["p/OPEN/0", "p/OPEN/1", "q/OPEN/0"]
