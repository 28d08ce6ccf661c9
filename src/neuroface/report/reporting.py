"""report/reporting.html: checklists filled where the run knows, a methods paragraph, a model card and a data sheet.

Beside the page, as text to take away: methods.md, model_card.md, data_sheet.md and checklists.csv. What the run does
not know stays blank, and visibly so: nothing is guessed for the authors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from neuroface.evaluate.cells import guarded_table
from neuroface.report import known, standards, wording
from neuroface.report.methods import methods
from neuroface.report.page_files import template, write_whole
from neuroface.report.story import Story

BLANK = "_to be filled by the authors_"


@dataclass(frozen=True)
class Answered:
    """One item: known from the run ("" where it is not), and what is left for the authors ("" where nothing is)."""

    number: str
    about: str
    known: str
    authors: str

    @property
    def state(self) -> str:
        return "blank" if not self.known else "partly" if self.authors else "filled"


def write(story: Story, out: Path) -> Path:
    """Write the page and its texts into `out`; returns the page."""
    lists = [(standards.load(name), answered(story, name)) for name in standards.NAMES]
    rows = [
        {
            "checklist": of.title,
            "item": i.number,
            "about": i.about,
            "state": i.state,
            "known": i.known,
            "left": i.authors,
        }
        for of, items in lists
        for i in items
    ]
    write_whole(out / "checklists.csv", guarded_table(pd.DataFrame(rows)).to_csv(index=False).encode())
    texts = {"methods": methods(story)}
    answers = {name: answer(story) for name, answer in known.ANSWERS.items()}
    for name in ("model_card", "data_sheet"):
        context = {"story": story, "known": answers, "blank": BLANK, "not_a_device": wording.NOT_A_DEVICE}
        texts[name] = template(f"{name}.md.j2").render(context)
    for name, text in texts.items():
        write_whole(out / f"{name}.md", text.encode())
    page = out / "reporting.html"
    context = {
        "title": f"Reporting: {story.title}",
        "story": story,
        "methods": texts["methods"],
        "lists": [(of, items, _tally(items)) for of, items in lists],
        "not_a_device": wording.NOT_A_DEVICE,
    }
    write_whole(page, template("reporting.html.j2").render(context).encode())
    return page


def answered(story: Story, name: str) -> list[Answered]:
    """The items of a checklist, each with what this run knows of it."""
    found = []
    for item in standards.load(name).items:
        told = known.ANSWERS[item.answer](story) if item.answer else ""
        found.append(Answered(item.number, item.about, told, item.authors))
    return found


def _tally(items: Sequence[Answered]) -> str:
    states = [item.state for item in items]
    filled, partly, blank = (states.count(name) for name in ("filled", "partly", "blank"))
    return f"{filled} of {len(items)} filled from the run, {partly} in part, {blank} blank"
