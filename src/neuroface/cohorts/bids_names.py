"""Names as BIDS writes them in the names of files: letters and digits alone (BIDS 1.10, "Filenames")."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from neuroface.cohorts import native

MISSING = "n/a"
ORIGINAL = "original_id"  # column of participants.tsv: what somebody is called in the cohort


class Labels:
    """One label for each name, in order of appearance: what is neither letter nor digit is left out, and names that
    would then be one (P-1 and P1, case set aside) are told apart by a number."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {"": ""}
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        if name in self._of:
            return self._of[name]
        plain = re.sub(r"[^0-9A-Za-z]", "", name) or "x"
        label, number = plain, 2
        while label.casefold() in self._taken:
            label, number = f"{plain}x{number}", number + 1
        self._taken.add(label.casefold())
        self._of[name] = label
        return label


def write_participants(out: Path, rows: Sequence[Mapping[str, object]], subjects: Labels) -> None:
    """participants.tsv: each person once, with group and facts, and beside the label what they are called."""
    people = {str(row["subject"]): row for row in reversed(rows)}  # of several recordings the first
    facts = list(dict.fromkeys(n for row in rows for n in row if n not in ("subject", "task", "session", "file")))
    lines = [
        [f"sub-{subjects.of(name)}", name, *(str(people[name].get(fact, "")) or MISSING for fact in facts)]
        for name in dict.fromkeys(str(row["subject"]) for row in rows)
    ]
    native.write_rows(out / "participants.tsv", ("participant_id", ORIGINAL, *facts), lines)
