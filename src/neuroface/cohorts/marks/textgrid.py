"""Praat's TextGrid, long or short, intervals or points (Praat manual, "TextGrid file formats").

Praat reads the free-standing numbers, quoted texts and <flags> of such a file in order and passes over all other words,
so that the two forms are one: so does this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from neuroface.cohorts.marks.sheet import Mark, Sheet
from neuroface.errors import DataError

NAME = "Praat TextGrid"
TOKEN = re.compile(r'"(?:[^"]|"")*"|<\w+>|![^\n]*|[^\s"]+')
NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
TEXT_MARKS = ("ooTextFile", "ooBinaryFile")


def is_it(path: Path, head: bytes) -> bool:
    named = any(mark.encode(code) in head for mark in TEXT_MARKS for code in ("ascii", "utf-16-le", "utf-16-be"))
    return path.suffix.lower() == ".textgrid" or (named and b"TextGrid" in head.replace(b"\0", b""))


def read(path: Path) -> list[Sheet]:
    """The one sheet of a file. Errors: DataError for a binary file, one that is cut off, or none of Praat's."""
    text = _text(path)
    words = _words(text)
    try:
        kind, klass = next(words), next(words)
        if (kind, klass) != ("ooTextFile", "TextGrid"):
            raise DataError(f"{path} is no TextGrid ({kind!r}, {klass!r}); save it in Praat as a text file")
        begins_s, lasts_s, flag, count = next(words), next(words), next(words), next(words)
        tiers = {}
        for _ in range(int(count) if flag == "<exists>" else 0):
            name, marks = _tier(words, path)
            if name in tiers:
                raise DataError(f"{path} has two tiers {name!r}; give each a name of its own in Praat")
            tiers[name] = marks
        ends_s = float(lasts_s) if not float(begins_s) else None
    except (StopIteration, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path} is cut off, or no TextGrid; save it in Praat as a text file") from error
    return [Sheet(path, tiers, names=frozenset({path.stem}), lasts_s=ends_s)]


def _tier(words: Iterator[str | float], path: Path) -> tuple[str, tuple[Mark, ...]]:
    """Name and marks of the next tier; intervals without text are what Praat fills the gaps with."""
    klass, name = next(words), str(next(words))
    next(words), next(words)  # from when to when
    marks = []
    for number in range(1, int(next(words)) + 1):
        start_s = float(next(words))
        end_s = float(next(words)) if klass == "IntervalTier" else start_s
        label = str(next(words)).strip()
        if label or klass != "IntervalTier":
            what = "interval" if klass == "IntervalTier" else "point"
            marks.append(Mark(start_s, end_s, f"{what} {number} of tier {name} in {path.name}", label or None))
    return name, tuple(marks)


def _words(text: str) -> Iterator[str | float]:
    """Texts, flags and numbers that stand by themselves, in order."""
    for token in TOKEN.findall(text):
        if token[0] == '"':
            yield token[1:-1].replace('""', '"')
        elif token[0] == "<":
            yield token
        elif NUMBER.fullmatch(token):
            yield float(token)


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(b"ooBinaryFile"):
        raise DataError(f"{path} is a binary TextGrid; save it in Praat as a text file")
    for mark, code in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(code, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # what Praat wrote before it wrote Unicode
