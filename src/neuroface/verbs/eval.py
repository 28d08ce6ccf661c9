"""`neuroface eval`: scores of finished runs, computed again from their predictions; several runs also as one."""

from __future__ import annotations

from neuroface.configuration.compose import compose
from neuroface.studies import finetune, folders, scoring


def run(overrides: list[str]) -> None:
    """Score again, with `bootstrap` resamples, and draw the report again; of several named runs, make an ensemble."""
    config, _ = compose("eval", overrides)
    runs, experiments = folders.run_folders(config.run), folders.experiment_folders(config.run)
    for path in runs:
        if not finetune.is_run(path):  # whose page computes every score from the predicted points
            scoring.score_again(path, n_bootstrap=config.bootstrap)
        folders.draw(path)
        print(folders.summary(path))
    for folder in experiments:
        print(folders.summary(folder))
    if config.ensemble and len(runs) > 1 and not experiments:
        print(
            folders.summary(
                scoring.ensemble(runs, method=config.ensemble, out=config.out, n_bootstrap=config.bootstrap)
            )
        )
