"""Run: a finished run folder as an object."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.errors import DataError
from neuroface.evaluate.run_files import read_json, read_yaml

if TYPE_CHECKING:
    import pandas as pd

PAGE_HEIGHT_PX = 700  # of the report inside a notebook; it scrolls


class Run:
    """What one run left in its folder: `path`. Everything is read from there when it is asked for.

    scores: as in scores.json, run.scores["subject"]["auc"]. predictions: one row per sample. features: the table that
    the classifier saw, or what each sample is where it saw pictures. audit: what was checked for leakage, and the
    verdict. command: the line that makes this run again.
    Errors: DataError for a folder that holds no finished run.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not (self.path / "predictions.csv").is_file():
            raise DataError(f"{self.path} holds no finished run. Make one with nf.train(..., run={str(self.path)!r}).")

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """run.json: status, versions, seeds, device, time."""
        return read_json(self.path / "run.json")

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """config.yaml: what makes the run what it is."""
        return read_yaml(self.path / "config.yaml")

    @cached_property
    def scores(self) -> Mapping[str, Any]:
        return read_json(self.path / "scores.json")

    @cached_property
    def audit(self) -> Mapping[str, Any]:
        return read_json(self.path / "audit.json")

    @cached_property
    def cohort(self) -> Mapping[str, Any]:
        """cohort.json: who was in, who was left out, what was filled, merged or guessed."""
        return read_json(self.path / "cohort.json")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        from neuroface.evaluate.predictions import read_predictions

        return read_predictions(self.path / "predictions.csv")

    @cached_property
    def features(self) -> pd.DataFrame:
        from neuroface.report.run import read_table

        table = read_table(self.path / "samples.csv")
        if table is None:
            raise DataError(f"{self.path} has no samples.csv; a run of a landmark network has no features.")
        return table

    @property
    def figures(self) -> dict[str, Path]:
        """Name -> PNG file of each figure of the report."""
        return {file.stem: file for file in sorted((self.path / "report").glob("*.png"))}

    @property
    def report(self) -> Path:
        return self.path / "report" / "report.html"

    @property
    def command(self) -> str:
        return str(self.facts["command"])

    @property
    def summary(self) -> str:
        """The lines that the command line prints at the end of this run."""
        from neuroface.studies.folders import summary

        return summary(self.path)

    def compare(self, other: Run | Path | str) -> pd.DataFrame:
        """The AUC of both runs over the people they share, the difference (this run less the other), and its test.

        One row. Errors: DataError where the runs are not about the same two classes or share too few people.
        """
        from neuroface.report.tables import paired_table

        cells = [
            {"name": name, "folder": path, "columns": {"run": name}}
            for name, path in (("other", Path(other.path if isinstance(other, Run) else other)), ("this", self.path))
        ]
        table = paired_table(cells, by="run", first="other", second="this")
        if table.empty:
            raise DataError(
                f"{cells[0]['folder']} and {self.path} cannot be compared: are both of the same people, in two classes?"
            )
        return table

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})\n{self.summary}"

    def _repr_html_(self) -> str:
        """The report, in a frame of its own so that its style and the notebook's do not meet."""
        if not self.report.is_file():
            return f"<pre>{html.escape(repr(self))}</pre>"
        page = html.escape(self.report.read_text(encoding="utf-8"), quote=True)
        style = f"width:100%;height:{PAGE_HEIGHT_PX}px;border:1px solid #ccc"
        return f'<iframe srcdoc="{page}" style="{style}" title="report of {html.escape(str(self.path))}"></iframe>'
