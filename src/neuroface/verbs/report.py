"""`neuroface report`: the report of finished runs, drawn again; its figures as PDF or SVG for a paper, if asked."""

from __future__ import annotations

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, did_you_mean
from neuroface.report.page_files import VECTORS
from neuroface.studies import folders


def run(overrides: list[str]) -> None:
    """Draw report/report.html of each run again from what the run folder holds."""
    config, _ = compose("report", overrides)
    if config.format not in (None, *VECTORS):
        raise ConfigError(
            f"format={config.format}: there is no such format." + did_you_mean(config.format, tuple(VECTORS))
        )
    for path in folders.run_folders(config.run):
        page = folders.draw(path, vector=config.format, faces=config.report.faces)
        print(page)
        for kind in VECTORS[config.format] if config.format else ():
            for figure in sorted(page.parent.glob(f"*.{kind}")):
                print(figure)
    for folder in folders.experiment_folders(config.run):
        print(folders.summary(folder))
