"""The design of a question: whether classes lie between people, within them, or both. Told by the data, once.

What is averaged, judged, resampled and permuted follows from it, so it is a thing of its own: one stray label makes a
question between people "mixed", in which that person counts once in each class; it does not make it another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["between", "within", "mixed"]


@dataclass(frozen=True)
class Design:
    """kind: "between", every person shows one class; "within", most show several; "mixed", some do.

    one, several: the people who show one class, and those who show more. What is judged: between people and mixed, one
    mean of each person and class; within people, each repetition, compared with the same person's others.
    """

    kind: Kind
    one: tuple[str, ...]
    several: tuple[str, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """For scores.json; `unlike_most` names those who show several classes where most show one, or the reverse."""
        unlike = {"between": (), "mixed": self.several, "within": self.one}[self.kind]
        return {
            "kind": self.kind,
            "people_of_one_class": len(self.one),
            "people_of_several_classes": len(self.several),
            "unlike_most": list(unlike),
        }


def design_of(y: np.ndarray, subject: np.ndarray) -> Design:
    """The design of rows with the classes y (n,) of the people subject (n,)."""
    shown = shown_classes(y, subject)
    several = tuple(person for person, labels in shown.items() if len(labels) > 1)
    one = tuple(person for person, labels in shown.items() if len(labels) == 1)
    kind: Kind = "between" if not several else "within" if len(several) > len(one) else "mixed"
    return Design(kind, one, several)


def shown_classes(y: np.ndarray, subject: np.ndarray) -> dict[str, tuple[str, ...]]:
    """Person -> the classes of that person's rows, sorted; people in order of first appearance."""
    shown: dict[str, set[str]] = {}
    for person, label in zip(map(str, subject), map(str, y), strict=True):
        shown.setdefault(person, set()).add(label)
    return {person: tuple(sorted(labels)) for person, labels in shown.items()}
