"""A question about a number of each person: a clinical score, severity, speaking rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.types import Samples

FEWEST = 4  # people; fewer leave nothing to correlate


@dataclass(frozen=True)
class NumberProtocol:
    """Predict a number of people who are left out.

    column: a fact about people that is a number. groups: whose; None or () for everybody. task: the task whose
    repetitions are used, None for all, each weighing the same. permutations: size of the null, in which numbers change
    hands between people and everything is fitted anew; 0 for none. name: what reports call it; unit: of the number.
    """

    column: str
    groups: tuple[str, ...] | None = None
    task: str | None = None
    permutations: int = 199
    name: str = ""
    unit: str = ""
    target: str = field(default="group", init=False)
    match: None = field(default=None, init=False)
    told_apart: bool = field(default=False, init=False)
    class_of_label: Mapping[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.permutations, int) or isinstance(self.permutations, bool) or self.permutations < 0:
            raise ConfigError(f"protocol.permutations is {self.permutations!r}; it must be a whole number, 0 for none.")
        if not isinstance(self.column, str) or not self.column.strip():
            raise ConfigError(f"protocol.column is {self.column!r}; it must name a fact about people.")
        if self.task == "all":
            raise ConfigError(
                "protocol.task=all puts probabilities of classes together, and this asks for a number. "
                "Set protocol.task=null: its tasks then weigh the same."
            )
        if isinstance(self.groups, str):
            raise ConfigError(f"protocol.groups is {self.groups!r}; it must be a list of groups, or null for all.")
        object.__setattr__(self, "groups", tuple(map(str, self.groups)) if self.groups else None)

    def settled(self, labels: Iterable[str]) -> NumberProtocol:
        """The protocol as it is: a number has no classes."""
        return self

    def staged(self, samples: Samples, people: Mapping[str, Mapping[str, Any]]) -> Samples:
        """The samples as they are: a number has no stages."""
        return samples

    @property
    def tasks(self) -> tuple[str, ...] | None:
        """The tasks whose recordings are read; None for all."""
        return (self.task,) if self.task else None

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The groups that are asked for, as readers know them."""
        return self.groups


def numbers_of(
    people: Mapping[str, Mapping[str, Any]], column: str, subjects: Sequence[str], *, key: str = "protocol.column"
) -> dict[str, float]:
    """subject -> the number, of the given people. people: subject -> facts. key: what names the column.

    Errors: ConfigError where nobody has such a fact; DataError naming everybody whose number is missing or none, for
    fewer than FEWEST people, and for a number that is the same for all.
    """
    names = {str(name) for facts in people.values() for name in facts}
    if column not in names:
        raise ConfigError(f"{key}={column}: the cohort does not tell it of anybody." + did_you_mean(column, names))
    found, problems = {}, Problems()
    for subject in dict.fromkeys(map(str, subjects)):
        value = people.get(subject, {}).get(column)
        if wrong := _why_no_number(value):
            problems.add(subject, wrong)
        else:
            found[subject] = float(value)  # type: ignore[arg-type]
    problems.raise_if_any(f"Mend {column}, or leave these people out with cohort.exclude.", noun="people")
    if len(found) < FEWEST:
        raise DataError(f"{len(found)} people have a {column}; at least {FEWEST} are needed.")
    if len(set(found.values())) == 1:
        raise DataError(f"{column} is {next(iter(found.values())):g} for everybody; there is nothing to predict.")
    return found


def _why_no_number(value: Any) -> str:
    """What is wrong with a value that should be a number; nothing where it is one."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "has no value"
    try:
        number = float(value)
    except (TypeError, ValueError):
        text = str(value).strip()
        comma = text.count(",") == 1 and text.replace(",", "", 1).lstrip("+-").isdigit()
        return f"{text!r} has a decimal comma; write {text.replace(',', '.')}" if comma else f"{text!r} is no number"
    if math.isnan(number):
        return "has no value"
    return "" if math.isfinite(number) else f"{number} is not finite"


def values_of_rows(numbers: Mapping[str, float], subject: np.ndarray) -> np.ndarray:
    """(n,) the number of each row's person."""
    return np.array([numbers[name] for name in np.asarray(subject).astype(str).tolist()])
