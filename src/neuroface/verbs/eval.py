"""`neuroface eval`: scores of finished runs, computed again from their predictions."""

from __future__ import annotations

from neuroface.verbs.configuration import compose
from neuroface.verbs.report import run_folders
from neuroface.verbs.train import finish, summary


def run(overrides: list[str]) -> None:
    """Score again, with `bootstrap` resamples, and draw the report again."""
    config, _ = compose("eval", overrides)
    for path in run_folders(config.run):
        finish(path, bootstrap=config.bootstrap)
        print(summary(path))
