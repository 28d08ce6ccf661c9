"""`neuroface train`: one question, one classifier, everyone left out once. Several cells make an experiment."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.evaluate.run_folder import RunFolder, digest_of
from neuroface.verbs.configuration import compose, science
from neuroface.verbs.experiment import run_cells


def run(overrides: list[str]) -> None:
    """Run what the overrides ask for: one run folder, or one per cell of an experiment and a table above them."""
    config, choices = compose("train", overrides)
    path = run_path(config, choices)
    if config.get("cells"):
        run_cells(config, overrides, path)
        return
    train(config, choices, path)
    print(summary(path))


def run_path(config: DictConfig, choices: dict[str, Any]) -> Path:
    """The run's folder: as given, or runs/<experiment>, or runs/<question>-<digest>."""
    if config.get("run"):
        return Path(str(config.run))
    if choices.get("experiment"):
        return Path("runs") / choices["experiment"]
    words = [choices.get("protocol"), config.protocol.get("task"), choices.get("classifier")]
    name = "-".join(str(word) for word in words if word)
    return Path("runs") / f"{name}-{digest_of(science(config))[:8]}"


def train(config: DictConfig, choices: dict[str, Any], path: Path, columns: dict[str, str] | None = None) -> None:
    """Bring one run folder to its end; a finished one is left as it is, without reading data."""
    folder = RunFolder(path)
    with folder.open(science(config), choices=choices):
        if folder.is_done():
            return
        _work(config, folder, columns or {})


def _work(config: DictConfig, folder: RunFolder, columns: dict[str, str]) -> None:
    from neuroface import samples as sample_tools
    from neuroface.evaluate import engine
    from neuroface.progress import Progress
    from neuroface.verbs.building import build_estimator, build_protocol, build_samples, build_splitter

    with Progress() as progress:
        protocol = build_protocol(config)
        estimator, splitter = build_estimator(config), build_splitter(config)
        samples, cohort_summary = build_samples(config, protocol, columns=columns, progress=progress)
        protocol = protocol.settled(samples)
        folder.write_table("samples.csv", list(sample_tools.feature_rows(samples)))
        folder.write_json("cohort.json", dataclasses.asdict(cohort_summary))
        engine.run(
            samples,
            estimator,
            splitter,
            folder,
            protocol=protocol,
            seed=config.seed,
            n_jobs=config.execution.n_jobs,
            save_models=config.execution.save_models,
            progress=progress,
        )
    finish(folder.path, tensorboard=config.execution.tensorboard)


def finish(path: Path, *, bootstrap: int = 2000, tensorboard: bool = True) -> None:
    """Score the predictions of a run and draw its report."""
    from neuroface.evaluate import scores
    from neuroface.report import html
    from neuroface.report import tensorboard as board

    scores.write(RunFolder(path), n_bootstrap=bootstrap)
    html.render(path, published=published_for(path))
    if tensorboard:
        board.write(path)


def summary(path: Path) -> str:
    """The lines printed at the end of a run."""
    from neuroface.report import tables

    return tables.summary_text(path, published=published_for(path))
