"""Reporting checklists as data: one YAML each with title, source, note and items.

An item has a number, what it is about in our words, `answer` (the name of what a run can tell, see report/known.py; ""
where it can tell nothing) and `authors` (what is left for the authors to say).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

NAMES = ("tripod_ai", "probast_ai", "reforms")


@dataclass(frozen=True)
class Item:
    number: str
    about: str
    answer: str = ""
    authors: str = ""


@dataclass(frozen=True)
class Checklist:
    title: str
    source: str
    note: str
    items: tuple[Item, ...]


def load(name: str) -> Checklist:
    """The checklist of a name in NAMES."""
    import yaml

    content: dict[str, Any] = yaml.safe_load((resources.files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))
    return Checklist(**{**content, "items": tuple(Item(**item) for item in content["items"])})
