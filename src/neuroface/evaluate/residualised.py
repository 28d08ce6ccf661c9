"""Features less what covariates explain of them, by regressions that are fitted on the people who are learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.errors import ConfigError
from neuroface.evaluate.covariates import (
    Column,
    coding,
    column_of,
    matrix,
    refuse_labels,
    refuse_many,
    refuse_unknown,
)
from neuroface.evaluate.seeds import derive_seed, seeded
from neuroface.types import Samples

FORMAT = "neuroface less covariates 1"


def with_covariates(
    samples: Samples, people: Mapping[str, Mapping[str, Any]], names: Sequence[str]
) -> tuple[Samples, int]:
    """The samples with covariates as further columns behind the features, and how many these are; see `coding_of`.

    people: subject -> facts. That covariates are standardised over everybody, and a missing one is their mean beside a
    column that says so, changes no residual: both are undone by the intercept and that column.
    Errors: ConfigError for what is no table, or covariates that are not known, too many, or the class.
    """
    if samples.view != "table":
        raise ConfigError(
            f"protocol.residualise takes covariates out of a table of features; the classifier looks at {samples.view}."
        )
    subject, y = np.asarray(samples.subject).astype(str), np.asarray(samples.y).astype(str)
    _, first, back = np.unique(subject, return_index=True, return_inverse=True)
    facts = _facts(samples, people)
    refuse_unknown(facts, names, key="protocol.residualise")
    refuse_labels(facts, names, y[first])
    refuse_many(facts, names)
    C, told = matrix(facts, names)
    if not told:
        raise ConfigError(
            f"protocol.residualise: {', '.join(names)} are the same for everybody; nothing can be taken out."
        )
    X = np.hstack([np.asarray(samples.X, dtype=float), C[back]])
    return replace(samples, X=X, feature_names=(*samples.feature_names, *(f"covariate {name}" for name in told))), len(
        told
    )


def coding_of(samples: Samples, people: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> tuple[Column, ...]:
    """How the covariates of `with_covariates` were made of facts, so that those of other people can be."""
    return tuple(coding(_facts(samples, people), names))


def _facts(samples: Samples, people: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of everybody, in the order of their names."""
    return [people.get(name, {}) for name in np.unique(np.asarray(samples.subject).astype(str)).tolist()]


class Residualised(ClassifierMixin, BaseEstimator):
    """An estimator of features from which the last columns of X, the covariates, have been taken out by least squares.

    estimator: of the features alone. n_covariates: how many columns are covariates. control: the class whose people the
    regressions are fitted on; None, all people of the training rows. coding: how facts about people became these
    columns, for people whom the model has not seen. With all of them the residuals of training people
    know nothing of the covariates, so that what a covariate does alone cannot be learnt; what the groups differ by
    along the covariate goes with it. From controls that difference stays, and with it the error of the slope, which is
    the same for those who are learnt from and for those who are judged. Fitted: slope_ (k + 1, d), model_, classes_.
    """

    def __init__(
        self,
        estimator: Any,
        n_covariates: int,
        *,
        control: str | None = None,
        coding: Sequence[Column] = (),
        random_state: int = 0,
    ) -> None:
        self.estimator, self.n_covariates, self.control = estimator, n_covariates, control
        self.coding, self.random_state = coding, random_state

    @property
    def costly(self) -> bool:
        return bool(getattr(self.estimator, "costly", False))

    def fit(
        self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None, groups: np.ndarray | None = None
    ) -> Residualised:
        """X: (n, d + n_covariates), NaN is missing. y: (n,). sample_weight, groups: (n,)."""
        from neuroface.evaluate.fold import fit_arguments

        X, y = np.asarray(X, dtype=float), np.asarray(y)
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        seen = weights > 0 if self.control is None else (weights > 0) & (y == self.control)
        self.slope_ = _slopes(X[seen, : -self.n_covariates], X[seen, -self.n_covariates :], weights[seen])
        model = seeded(self.estimator, derive_seed(self.random_state, "residualised"))
        given = {"sample_weight": sample_weight, "groups": groups}
        taken = {
            key: given[name] for name, key in fit_arguments(model, tuple(given)).items() if given[name] is not None
        }
        self.model_ = model.fit(self.residuals(X), y, **taken)
        self.classes_ = self.model_.classes_
        if hasattr(self.model_, "choice_"):
            self.choice_ = self.model_.choice_
        return self

    def residuals(self, X: np.ndarray) -> np.ndarray:
        """(n, d) features less what the covariates say of them."""
        C = X[:, -self.n_covariates :]
        return X[:, : -self.n_covariates] - np.column_stack([np.ones(len(C)), C]) @ self.slope_

    def saved(self) -> tuple[str, bytes]:
        """Ending and bytes of a file with the slopes, how facts become covariates, and the model of what is left."""
        from neuroface.evaluate.model_archive import archived

        about = {"format": FORMAT, "slope": self.slope_.tolist(), "coding": [list(column) for column in self.coding]}
        return archived({**about, "control": self.control}, [self.model_])

    @classmethod
    def restored(cls, about: Mapping[str, Any], models: Sequence[Any]) -> Residualised:
        """What `saved` has put down. Errors: ValueError, KeyError or TypeError for what does not go together."""
        coding = tuple(column_of(given) for given in about["coding"])
        made = cls(None, len(coding), control=about["control"], coding=coding)
        made.slope_ = np.asarray(about["slope"], dtype=float)
        (made.model_,) = models
        if made.slope_.ndim != 2 or len(made.slope_) != len(coding) + 1 or not np.isfinite(made.slope_).all():
            raise ValueError("its slopes are none of its covariates")
        made.classes_ = made.model_.classes_
        return made

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.model_.predict_proba(self.residuals(np.asarray(X, dtype=float))))

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _slopes(features: np.ndarray, covariates: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(k + 1, d) intercept and slopes of each feature on the covariates, over rows in which it is known.

    A covariate that does not differ in these rows has slope 0: what nobody shows who is learnt from moves nobody.
    """
    known = np.isfinite(features)
    out = np.zeros((covariates.shape[1] + 1, features.shape[1]))
    whole = known.all(axis=0)
    if whole.any():
        out[:, whole] = _slopes_of_known(features[:, whole], covariates, weights)
    for at in np.flatnonzero(~whole & known.any(axis=0)):
        rows = known[:, at]
        out[:, [at]] = _slopes_of_known(features[rows][:, [at]], covariates[rows], weights[rows])
    return out


def _slopes_of_known(features: np.ndarray, covariates: np.ndarray, weights: np.ndarray) -> np.ndarray:
    mean, center = (np.average(of, axis=0, weights=weights) for of in (features, covariates))
    root, apart = np.sqrt(weights)[:, None], covariates - center
    apart[:, np.abs(apart).max(axis=0) < 1e-9] = 0
    slopes = np.linalg.lstsq(apart * root, (features - mean) * root, rcond=1e-8)[0]
    return np.vstack([mean - center @ slopes, slopes])
