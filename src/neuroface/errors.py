"""The error family. Each says what is wrong, where, and the next step; each knows its exit code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# What differs between two tellings of one problem: paths, names in quotes, numbers.
VARYING = r"\S*[/\\]\S*|'[^']*'|\d+(\.\d+)?"


class NeurofaceError(Exception):
    """Something the user can act on. `exit_code` is what the command line returns.

    A notebook shows the one line that the command line shows; traceback.print_exception(sys.last_value) tells the whole
    way there.
    """

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of the frames between a cell and the error."""
        return [f"neuroface: {self}"]


class RunFailedError(NeurofaceError):
    """A run ended with folds missing; what was finished is kept."""


class ConfigError(NeurofaceError):
    """A wrong verb, group, option, key or value."""

    exit_code = 2


class RunMismatchError(ConfigError):
    """The run folder holds other science than what is asked for."""


class DataError(NeurofaceError):
    """The data are missing, broken or cannot answer the question."""

    exit_code = 3


class UnknownGroupError(DataError):
    """A cohort holds none of the groups asked for. known: those that it holds."""

    def __init__(self, message: str, known: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.known = tuple(sorted(known))


class WeightsNotFoundError(NeurofaceError):
    """Network weights are not where they were looked for, or what is there cannot be used."""

    exit_code = 4


class AuditError(NeurofaceError):
    """A leakage audit or a tolerance failed."""

    exit_code = 5


class LeakageError(AuditError):
    """A value that a test subject is judged by was fitted on that very subject."""


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """One sentence for a wrong name: the nearest of `options`, or all of them when none is near.

    Returns e.g. " Did you mean 'classifier'?", " Choose from a, b, c.", or "" when there is nothing to choose from.
    """
    options = sorted({str(o) for o in options})
    near = difflib.get_close_matches(str(name), options, n=3, cutoff=0.6)
    if near:
        return f" Did you mean {' or '.join(repr(n) for n in near)}?"
    return f" Choose from {', '.join(options)}." if options else ""


class Problems:
    """Collects every problem of a cohort, so that all are told at once.

    problems = Problems(); problems.add("A006/OPEN", "has no depth"); problems.raise_if_any("Set lift=none.")
    """

    def __init__(self) -> None:
        self._where: dict[str, list[str]] = {}

    def add(self, where: str, what: str) -> None:
        self._where.setdefault(what, []).append(where)

    def __len__(self) -> int:
        return sum(map(len, self._where.values()))

    def items(self) -> list[tuple[str, str]]:
        """All problems as (where, what)."""
        return [(where, what) for what, places in self._where.items() for where in places]

    def lines(self, *, of: int | None = None, noun: str = "recordings") -> list[str]:
        """One line per kind of problem: how many, where and what. Texts that differ in paths and numbers only are one
        kind, told by the first of them."""
        kinds: dict[str, list[tuple[str, list[str]]]] = {}
        for what, places in self._where.items():
            kinds.setdefault(re.sub(VARYING, "*", what), []).append((what, places))
        lines = []
        for alike in kinds.values():
            places = [place for _, some in alike for place in some]
            count = f"{len(places)}{f' of {of}' if of is not None else ''} {noun}: "
            shown = ", ".join(places[:12]) + (f", and {len(places) - 12} more" if len(places) > 12 else "")
            others = " (the others alike)" if len(alike) > 1 else ""
            lines.append(f"{count if len(places) > 1 or of is not None else ''}{shown}: {alike[0][0]}{others}.")
        return lines

    def raise_if_any(self, next_step: str = "", *, of: int | None = None, noun: str = "recordings") -> None:
        """Raise one DataError that names every problem; places with the same problem share a line."""
        if not self._where:
            return
        lines = self.lines(of=of, noun=noun)
        body = lines[0] if len(lines) == 1 else f"{len(self)} problems\n  " + "\n  ".join(lines)
        raise DataError(body + (("\n" if len(lines) > 1 else " ") + next_step if next_step else ""))
