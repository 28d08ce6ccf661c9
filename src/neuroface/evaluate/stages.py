"""Classes that are stages of one group: HC, early, late. Who is in which is told by a number known of each person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.number_protocol import numbers_of
from neuroface.types import Samples

KEYS = ("group", "column", "cut", "low", "high")


@dataclass(frozen=True)
class Stages:
    """group: who is divided. column: a number known of them. low: the class up to the cut, high: the one above it."""

    group: str
    column: str
    cut: float
    low: str
    high: str

    @classmethod
    def of(cls, given: Mapping[str, Any], classes: tuple[str, ...]) -> Stages:
        """Errors: ConfigError for keys that are not KEYS, a cut that is no number, stages that are not in `classes`."""
        cut = given.get("cut")
        if set(map(str, given)) != set(KEYS) or isinstance(cut, bool) or not isinstance(cut, int | float):
            raise ConfigError(
                f"protocol.stages is {dict(given)}; it must be {{group: ALS, column: speaking_rate, cut: 160, "
                "low: late, high: early}: who is divided, by which number, and the classes up to the cut and above it."
            )
        stages = cls(str(given["group"]), str(given["column"]), float(cut), str(given["low"]), str(given["high"]))
        absent = [name for name in (stages.low, stages.high) if name not in classes]
        if absent or stages.low == stages.high or stages.group in classes:
            raise ConfigError(
                f"protocol.stages divides {stages.group} into {stages.low} and {stages.high}, and protocol.classes are "
                f"{', '.join(classes) or 'not named'}. Name both stages there, and not {stages.group}."
            )
        return stages

    def groups(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """The groups whose recordings are read, of classes that are asked for."""
        named = (self.group if name in (self.low, self.high) else name for name in classes)
        return tuple(dict.fromkeys(named))

    def divided(self, samples: Samples, people: Mapping[str, Mapping[str, Any]]) -> Samples:
        """The samples with stages in place of the group. people: subject -> facts.

        Errors: as numbers_of, for people of the group; DataError where all of them are in one stage.
        """
        subject, y = np.asarray(samples.subject).astype(str), np.asarray(samples.y).astype(str)
        of_group = y == self.group
        if not of_group.any():
            return samples
        numbers = numbers_of(people, self.column, subject[of_group].tolist(), key="protocol.stages.column")
        stage_of = {who: self.high if value > self.cut else self.low for who, value in numbers.items()}
        if len(set(stage_of.values())) == 1:
            low, high = min(numbers.values()), max(numbers.values())
            raise DataError(
                f"{self.column} of the {len(numbers)} people of {self.group} is {low:g} to {high:g}, and all of them "
                f"are {next(iter(stage_of.values()))} by protocol.stages.cut={self.cut:g}. Choose another cut."
            )
        stages = [stage_of[who] if inside else label for who, inside, label in zip(subject, of_group, y, strict=True)]
        return replace(samples, y=np.array(stages))
