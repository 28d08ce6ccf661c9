"""The question a run asks: which classes are told apart, on which task, against how many permutations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.evaluate.audit_checks import LEAKS as PLANTED
from neuroface.evaluate.stages import Stages
from neuroface.types import Samples

Target = Literal["group", "label"]
TARGETS = ("group", "label")
LEAKS = ("refused", "accepted", *PLANTED)
PERMUTE = ("auto", "refit", "predictions")
AUTO = "auto"  # permutations: as many as it takes
ALL = "all"  # task: each by a model of its own, and one score of a person over them
OVER_TASKS = ("stack", "mean")
FROM = ("everyone", "controls")  # residualise_from


# Labels that stand for people without the condition, in tables whose classes nobody named.
CONTROLS = ("hc", "control", "controls", "healthy", "healthy control", "healthy controls", "normal", "other", "0", "no")


@dataclass(frozen=True)
class Protocol:
    """A question about groups of people, or about repetitions within people.

    classes: the classes in order; of two, the last is the positive one; None or () for those that are found. task: the
    task whose repetitions are used, None for all, learnt from alike; "all" for a model per task and one score of a
    person over them: over_tasks "stack" learns inside each fold how much each task counts, "mean" weighs all alike.
    target: "group" when the class belongs to the person, "label" when it
    belongs to the repetition. permutations: size of the permutation null, 0 for none; p is at least 1 / (permutations +
    1); "auto" for as many as it takes to decide, at most 999 (see betting). They are no part of a run's identity: in a
    finished run's folder more are added to those that are there, and where fewer are asked for, all that are there stay
    in use. balance: make the classes weigh the same in every training fold. permute: "refit" fits everything anew for
    each permutation; "predictions" permutes the classes against the predictions as they are, which costs nothing but
    does not show what the procedure itself does to null data; "auto" refits unless the estimator says that it is
    costly. leak: "refused", or "accepted" where a published result is made again that judges people by values fitted on
    them; the audit then says so; or the name of a leak that is planted on purpose (docs/audit.md). ordered: the classes
    are degrees of one thing, grades say, in their order. merge: class -> the labels that it takes together, with
    target="label" only; None, each label is a class. stages: {group, column, cut, low, high}, where two classes are
    stages of one group, told by a number that is known of its people (see stages.py). residualise: facts about people
    that are taken out of every feature inside the fold, by regressions on "everyone" who is learnt from, or on
    "controls" (the first class) of them. match: facts in which people of two classes are paired; who has no partner is
    left out. name: what reports call it.
    """

    classes: tuple[str, ...]
    task: str | None = "OPEN"
    target: Target = "group"
    permutations: int | str = 499
    balance: bool = True
    permute: str = "auto"
    leak: str = "refused"
    ordered: bool = False
    merge: Mapping[str, Sequence[str]] | None = None
    over_tasks: str = "stack"
    stages: Mapping[str, Any] | None = None
    residualise: Sequence[str] | None = None
    residualise_from: str = "everyone"
    match: Sequence[str] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        self._check_types()
        object.__setattr__(self, "classes", tuple(str(c) for c in self.classes or ()))
        if len(self.classes) == 1:
            raise ConfigError(f"protocol.classes is {list(self.classes)}; at least two classes are needed.")
        if len(set(self.classes)) != len(self.classes):
            raise ConfigError(f"protocol.classes is {list(self.classes)}; a class may be named only once.")
        if self.target not in TARGETS:
            raise ConfigError(f"protocol.target is {self.target!r}." + did_you_mean(self.target, TARGETS))
        if self.leak not in LEAKS:
            raise ConfigError(f"protocol.leak is {self.leak!r}." + did_you_mean(self.leak, LEAKS))
        if self.permute not in PERMUTE:
            raise ConfigError(f"protocol.permute is {self.permute!r}." + did_you_mean(self.permute, PERMUTE))
        if self.over_tasks not in OVER_TASKS:
            raise ConfigError(
                f"protocol.over_tasks is {self.over_tasks!r}." + did_you_mean(self.over_tasks, OVER_TASKS)
            )
        if self.is_over_tasks and self.target != "group":
            raise ConfigError(
                "protocol.task=all gives a person one score over tasks, and protocol.target=label one to each "
                "repetition. Set protocol.task=null."
            )
        if self.is_over_tasks and self.leak in PLANTED:
            raise ConfigError(f"protocol.leak={self.leak} is planted in rows of one task; name one by protocol.task.")
        if self.residualise_from not in FROM:
            raise ConfigError(
                f"protocol.residualise_from is {self.residualise_from!r}." + did_you_mean(self.residualise_from, FROM)
            )
        if self.residualise and self.leak in PLANTED:
            raise ConfigError(
                f"protocol.leak={self.leak} is planted in the features as they are; take residualise off."
            )
        if self.stages is not None:
            Stages.of(self.stages, self.classes)
        if self.stages is not None and self.target != "group":
            raise ConfigError("protocol.stages divides a group of people; set protocol.target=group.")
        if self.merge is not None and self.target != "label":
            raise ConfigError("protocol.merge takes labels of repetitions together; set protocol.target=label.")
        if self.merge is not None and set(self.merge) != set(self.classes):
            raise ConfigError(
                f"protocol.merge makes the classes {', '.join(self.merge)}, protocol.classes are "
                f"{', '.join(self.classes) or 'not named'}. Give both the same classes."
            )
        if isinstance(self.permutations, int) and self.permutations < 0:
            raise ConfigError(f"protocol.permutations is {self.permutations}; it must be a whole number, 0 for none.")

    def _check_types(self) -> None:
        """ConfigError naming every key whose value is of another kind than it must be."""
        whole_number = isinstance(self.permutations, int) and not isinstance(self.permutations, bool)
        permutations = whole_number or self.permutations == AUTO
        rules = {
            "classes": (isinstance(self.classes, list | tuple | None), "a list of classes, [HC,ALS], or null for all"),
            "task": (isinstance(self.task, str | None), "the name of one task, or null for all"),
            "permutations": (permutations, "a whole number, 0 for none"),
            "balance": (isinstance(self.balance, bool), "true or false"),
            "ordered": (isinstance(self.ordered, bool), "true or false"),
            "merge": (isinstance(self.merge, Mapping | None), "null, or {class: [label, label]}"),
            "stages": (isinstance(self.stages, Mapping | None), "null, or {group, column, cut, low, high}"),
            "residualise": (_names(self.residualise), "null, or a list of facts about people, [age,sex]"),
            "match": (_names(self.match), "null, or a list of facts about people, [age,sex]"),
            "name": (isinstance(self.name, str), "a text"),
        }
        wrong = {key: what for key, (right, what) in rules.items() if not right}
        if wrong:
            told = (f"protocol.{key} is {getattr(self, key)!r}; it must be {what}." for key, what in wrong.items())
            raise ConfigError(" ".join(told))

    @property
    def is_over_tasks(self) -> bool:
        """Whether each task has a model of its own."""
        return self.task == ALL

    @property
    def tasks(self) -> tuple[str, ...] | None:
        """The tasks whose recordings are read; None for all."""
        return None if self.task in (None, "", ALL) else (self.task,)

    @property
    def groups(self) -> tuple[str, ...] | None:
        """The classes as readers know them; None for all."""
        return (Stages.of(self.stages, self.classes).groups(self.classes) if self.stages else self.classes) or None

    @property
    def told_apart(self) -> bool:
        """Whether the classes are groups or labels as readers know them; stages are made of one."""
        return self.stages is None

    def staged(self, samples: Samples, people: Mapping[str, Mapping[str, Any]]) -> Samples:
        """The samples with stages as classes, where there are any. people: subject -> facts."""
        return Stages.of(self.stages, self.classes).divided(samples, people) if self.stages else samples

    @property
    def class_of_label(self) -> dict[str, str]:
        """Label -> the class that it belongs to, of those that `merge` names."""
        return {str(label): name for name, labels in (self.merge or {}).items() for label in labels}

    def settled(self, labels: Iterable[str]) -> Protocol:
        """The protocol with its classes; where none are named, those among `labels`, controls first (never positive).

        Raises DataError when fewer than two are found.
        """
        if self.classes:
            return self
        found = sorted(set(map(str, labels)), key=lambda label: (label.lower() not in CONTROLS, label))
        if len(found) < 2:
            raise DataError(f"Everybody is of class {', '.join(found)}; a question needs at least two classes.")
        return replace(self, classes=tuple(found))


def _names(value: Any) -> bool:
    return value is None or (isinstance(value, list | tuple) and all(isinstance(name, str) for name in value))
