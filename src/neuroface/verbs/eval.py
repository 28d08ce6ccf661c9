"""`neuroface eval`: scores of finished runs, computed again from their predictions."""

from __future__ import annotations

from pathlib import Path

from neuroface.evaluate.run_folder import RunFolder
from neuroface.verbs import finetune
from neuroface.verbs.configuration import compose
from neuroface.verbs.experiment import draw_table
from neuroface.verbs.report import experiment_folders, run_folders
from neuroface.verbs.train import draw, summary


def run(overrides: list[str]) -> None:
    """Score again, with `bootstrap` resamples, and draw the report again."""
    config, _ = compose("eval", overrides)
    for path in run_folders(config.run):
        if finetune.is_run(path):  # its page computes every score from the predicted points
            finetune.draw(path)
            print(finetune.summary(path))
            continue
        score_again(path, n_bootstrap=config.bootstrap)
        draw(path, tensorboard=False)
        print(summary(path))
    for folder in experiment_folders(config.run):
        print(draw_table(folder))


def score_again(path: Path, *, n_bootstrap: int) -> None:
    """Write scores.json from predictions.csv and null/ alone."""
    from neuroface.evaluate.predictions import classes_of, read_null, read_predictions
    from neuroface.evaluate.scores import summarise

    with RunFolder(path).locked() as folder:
        predictions = read_predictions(path / "predictions.csv")
        classes, seed = classes_of(predictions.columns), folder.facts["seeds"]["run"]
        scores = summarise(predictions, read_null(path), classes=classes, seed=seed, n_bootstrap=n_bootstrap)
        folder.write_json("scores.json", scores)
