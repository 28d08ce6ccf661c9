"""Published numbers as data, each with its source and what to be careful about. One YAML file per paper.

A file has source, title, data (whose recordings), metric (a key of scores.json, or landmark_error), people (group ->
N), classes (protocol -> those it compares, where that is known), beside (group of choices -> those under which a run of
ours asks the same question), variants (name -> label, caution), default_variant, and cells: what tells a number apart
(protocol, task, ...), one value per variant, and the metric where it is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from neuroface.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Value:
    """One published number: what it measures, its label beside ours, whose it is, and what to be careful about."""

    value: float
    metric: str
    label: str
    source: str
    caution: str


@dataclass(frozen=True, eq=False)
class Published:
    """The numbers of one paper."""

    name: str
    source: str
    title: str
    data: str
    metric: str
    people: Mapping[str, int]
    beside: Mapping[str, Sequence[Any]]
    variants: Mapping[str, Mapping[str, str]]
    default_variant: str
    cells: tuple[Mapping[str, Any], ...]
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def asks_the_same(self, choices: Mapping[str, Any]) -> bool:
        """Whether a run with these choices may stand beside the paper; a choice that is not known does not count."""
        return all(choices[group] in allowed for group, allowed in self.beside.items() if group in choices)

    def compares(self, protocol: Any, classes: Sequence[str]) -> bool:
        """Whether the paper compares these very classes under that protocol; true where it does not say."""
        return set(self.classes.get(str(protocol), classes)) == set(classes)

    def value(self, *, variant: str | None = None, **where: Any) -> Value | None:
        """The number at e.g. protocol="als_vs_hc", task="OPEN"; None where the paper has none.

        variant: one of `variants`, the paper's default otherwise. ConfigError for a variant the paper does not have.
        """
        variant = variant or self.default_variant
        if variant not in self.variants:
            raise ConfigError(f"{self.title} has no variant {variant!r}." + did_you_mean(variant, self.variants))
        for cell in self.cells:
            if self.place(cell) == where and variant in cell:
                about, metric = self.variants[variant], str(cell.get("metric", self.metric))
                return Value(float(cell[variant]), metric, about["label"], self.source, about["caution"])
        return None

    def place(self, cell: Mapping[str, Any]) -> dict[str, Any]:
        """What tells a cell apart from the others, e.g. {"protocol": "als_vs_hc", "task": "OPEN"}."""
        return {key: value for key, value in cell.items() if key not in self.variants and key != "metric"}


def available(package: str = __name__) -> tuple[str, ...]:
    """Names of the YAML files that lie in a package; those of this one `load` knows."""
    files = resources.files(package).iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def load(name: str) -> Published:
    """The paper of that name. ConfigError names the nearest known ones."""
    import yaml

    if name not in available():
        raise ConfigError(f"No published numbers called {name!r}." + did_you_mean(name, available()))
    content = yaml.safe_load((resources.files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))
    return Published(name=name, **{**content, "cells": tuple(content["cells"])})
