"""Experiment: several runs under one folder, and the table above them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.door.run import Run

if TYPE_CHECKING:
    import pandas as pd


class Experiment:
    """`runs`: name of a cell -> its Run; cells that are not finished are absent. `table`: one row per cell."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """experiment.json: the title, the cells, whose numbers stand beside ours."""
        from neuroface.studies.experiment import ABOUT

        return json.loads((self.path / ABOUT).read_text(encoding="utf-8"))

    @property
    def runs(self) -> dict[str, Run]:
        folders = {str(cell["name"]): self.path / cell["name"] for cell in self.about["cells"]}
        return {name: Run(folder) for name, folder in folders.items() if (folder / "predictions.csv").is_file()}

    @property
    def table(self) -> pd.DataFrame:
        import pandas as pd

        return pd.read_csv(self.path / "table.csv")

    @property
    def summary(self) -> str:
        """The table as the command line prints it."""
        from neuroface.studies.folders import summary

        return summary(self.path)

    def __repr__(self) -> str:
        return f"Experiment({str(self.path)!r})\n{self.summary}"

    def _repr_html_(self) -> str:
        return f"<p>{self.about['title']}</p>{self.table.to_html(index=False, float_format='{:.3g}'.format)}"
