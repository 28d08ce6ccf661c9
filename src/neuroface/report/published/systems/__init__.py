"""Published systems that are made again both ways: as published, with the leak they rest on, and honestly.

One YAML file each: title, source, protocol, leaks and stand_in (what ours lacks of theirs) as sentences, and rows: what
is told apart, score (unit and key in scores.json, and its name), the published number, the words of `train` that both
runs share, and those that make it as published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from neuroface.errors import ConfigError, did_you_mean
from neuroface.report import published


@dataclass(frozen=True)
class Row:
    """One published number and how ours are made: the words of both runs, and those of the leak."""

    what: str
    score: tuple[str, str, str]
    published: float
    words: tuple[str, ...]
    as_published: tuple[str, ...]


@dataclass(frozen=True)
class System:
    name: str
    title: str
    source: str
    protocol: str
    leaks: str
    stand_in: str
    rows: tuple[Row, ...]


def available() -> tuple[str, ...]:
    """Names that `load` knows."""
    return published.available(__name__)


def load(name: str) -> System:
    """The system of that name. ConfigError names the nearest known ones, and a key that a file lacks."""
    import yaml

    if name not in available():
        raise ConfigError(f"No published system called {name!r}." + did_you_mean(name, available()))
    content = yaml.safe_load((resources.files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))
    return System(name=name, **{**content, "rows": tuple(_row(name, row) for row in content["rows"])})


def _row(name: str, row: Mapping[str, Any]) -> Row:
    published = row.get("published")
    if isinstance(published, bool) or not isinstance(published, int | float):
        raise ConfigError(f"systems/{name}.yaml, {row.get('what')}: published is {published!r}; it must be a number.")
    return Row(
        str(row["what"]), _three(row["score"]), float(published), tuple(row["words"]), tuple(row["as_published"])
    )


def _three(score: Sequence[str]) -> tuple[str, str, str]:
    unit, key, name = map(str, score)
    return unit, key, name
