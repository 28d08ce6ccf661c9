"""Leave one site, camera or other cohort out: does what was learnt there hold here?"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.evaluate.splits import Split, file_name, ordered_unique, subjects_of


class LeaveOneCohortOut:
    """One fold per value of a fact about people: those who have it are judged, by a model of all others.

    by: the fact, such as site or camera; `told` gives the splitter everybody's. Scores of different folds come from
    different models: auc_within_folds compares people of one cohort only.
    """

    reads_classes = False
    cohort_: dict[str, str]

    def __init__(self, *, by: str = "site") -> None:
        self.by = by

    def told(self, people: Mapping[str, Mapping[str, Any]]) -> LeaveOneCohortOut:
        """A copy that knows the facts of people, subject -> {name: value}. Errors: see `cohort_of`."""
        knowing = copy.copy(self)
        knowing.cohort_ = cohort_of(people, self.by)
        return knowing

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        cohort = self._cohorts(groups)
        for name in ordered_unique(cohort):
            held_out = cohort == name
            yield np.flatnonzero(~held_out), np.flatnonzero(held_out)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return len(ordered_unique(self._cohorts(groups)))

    def fold_names(self, y: np.ndarray, groups: np.ndarray) -> list[str]:
        return [file_name(name) for name in ordered_unique(self._cohorts(groups))]

    def _cohorts(self, groups: Any) -> np.ndarray:
        known: dict[str, str] = getattr(self, "cohort_", {})
        subjects = subjects_of(groups)
        if lacking := sorted(set(subjects.tolist()) - set(known)):
            raise DataError(
                f"Nothing says the {self.by} of {', '.join(lacking[:5])}. Give it, or choose another split."
            )
        return np.array([known[subject] for subject in subjects.tolist()])


def cohort_of(people: Mapping[str, Mapping[str, Any]], by: str) -> dict[str, str]:
    """subject -> the value of the fact `by`, as text.

    Errors: ConfigError where nobody has such a fact, or everybody the same; DataError where some lack it.
    """
    names = {str(name) for facts in people.values() for name in facts}
    if by not in names:
        raise ConfigError(f"split.by={by}: the cohort does not tell it of anybody." + did_you_mean(by, names))
    cohort = {subject: str(facts.get(by, "")).strip() for subject, facts in people.items()}
    if lacking := sorted(subject for subject, value in cohort.items() if value in ("", "None", "nan")):
        raise DataError(
            f"{len(lacking)} of {len(people)} people have no {by}: {', '.join(lacking[:5])}. "
            "Give it, or leave them out with cohort.exclude."
        )
    if len(set(cohort.values())) < 2:
        raise ConfigError(f"split.by={by}: everybody has {next(iter(cohort.values()))}; two or more are needed.")
    return cohort
