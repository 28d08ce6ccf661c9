"""`neuroface report`: the report of finished runs, drawn again."""

from __future__ import annotations

from neuroface.configuration.compose import compose
from neuroface.studies import folders
from neuroface.studies.experiment import draw_table


def run(overrides: list[str]) -> None:
    """Draw report/report.html of each run again from what the run folder holds."""
    config, _ = compose("report", overrides)
    for path in folders.run_folders(config.run):
        print(folders.draw(path))
    for folder in folders.experiment_folders(config.run):
        print(draw_table(folder))
