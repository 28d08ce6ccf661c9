"""`neuroface train experiment=fan_finetune`: a landmark network fitted to annotated faces, judged on unseen people."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from neuroface.configuration.compose import instantiate
from neuroface.configuration.identity import paths, science
from neuroface.evaluate.run_folder import RunFolder
from neuroface.places import check_writable
from neuroface.types import Recording

FACES = "annotated"  # the cut-out faces, below the run folder


def train(config: DictConfig, choices: dict[str, Any], path: Path, overrides: list[str]) -> None:
    """Bring one run of a landmark network to its end; a finished one is left as it is, without reading data."""
    part, folder = science(config), RunFolder(path)
    if not (folder.is_done(part) and (path / "report" / "report.html").exists()):
        check_writable("run", path)
        words = [word for word in overrides if not word.startswith("run=")]
        command = shlex.join(["neuroface", "train", *words])
        facts = {
            "choices": choices,
            "command": command,
            "published": config.get("published"),
            "paths": paths(config),
            "device": config.execution.device,
        }
        _work(config, part, folder, facts)
        draw(path, faces=config.report.faces)


def _work(config: DictConfig, part: dict[str, Any], folder: RunFolder, facts: dict[str, Any]) -> None:
    from neuroface.evaluate import landmark_engine
    from neuroface.evaluate.splits import make_folds
    from neuroface.evaluate.spread import spread
    from neuroface.landmarks import metrics, weights
    from neuroface.progress import Progress
    from neuroface.studies.building import build_cohort, build_splitter

    estimator, splitter = instantiate(config.finetune, "finetune"), build_splitter(config)
    if estimator.device == "auto":
        estimator.set_params(device=config.execution.device)
    estimator.check()
    where = config.execution
    cohort, common = build_cohort(config)
    size = weights.load(config.finetune.weights, allow_download=config.finetune.allow_download).size
    scoring: Any = OmegaConf.to_container(config.scoring)
    with folder.open(part, **facts), Progress() as progress:
        faces = _faces(config, cohort, common, size, folder.path / FACES)
        folder.write_json("cohort.json", _about(cohort, faces))
        task = landmark_engine.LandmarkTask(
            crops=faces.crops,
            points=faces.points,
            meta={
                "sample": np.array([f"{r}/{f}" for r, f in zip(faces.recording, faces.frame, strict=True)]),
                "subject": faces.subject,
                "group": faces.group,
                "task": faces.task,
                "frame": faces.frame,
            },
            estimator=estimator,
            errors=partial(metrics.errors, **scoring),
            seed=config.seed,
        )
        folds = tuple(make_folds(splitter, faces.points, faces.group, faces.subject))
        keys: dict[str, Any] = {"n_jobs": where.n_jobs, "limit_s": where.fold_timeout_s, "progress": progress}
        with spread(where.backend, address=where.address, n_jobs=where.n_jobs, shared_disk=where.shared_disk):
            landmark_engine.run(task, folds, folder, **keys)


def _faces(config: DictConfig, cohort: Any, common: dict[str, Any], size: int, where: Path) -> Any:
    """The annotated faces, cut out once; a run that is continued finds them."""
    from neuroface.landmarks import annotated

    if (where / annotated.TABLE_FILE).is_file():
        return annotated.load(where)
    chosen: Any = OmegaConf.to_container(config.annotated)
    return annotated.collect(_recordings(config, cohort, common), folder=where, size=size, **chosen)


def _recordings(config: DictConfig, cohort: Any, common: dict[str, Any]) -> Iterator[Recording]:
    from neuroface.studies.building import wanted_recordings

    yield from wanted_recordings(cohort, common, quality=instantiate(config.quality, "quality"))


def _about(cohort: Any, faces: Any) -> dict[str, Any]:
    """What the report says of the people; the same keys as in other runs."""
    group_of = dict(zip(faces.subject.tolist(), faces.group.tolist(), strict=True))
    people = {group: list(group_of.values()).count(group) for group in dict.fromkeys(group_of.values())}
    from neuroface.cohort_summary import CohortSummary

    description = (cohort.__doc__ or "").strip().partition("\n")[0]
    synthetic = bool(getattr(cohort, "synthetic", False))
    return dataclasses.asdict(CohortSummary(description=description, synthetic=synthetic, people=people))


def is_run(path: Path) -> bool:
    """Whether a run folder is that of a landmark network."""
    return (path / FACES).is_dir()


def draw(path: Path, *, vector: str | None = None, faces: bool = False) -> Path:
    """Draw the report of a finished run of a landmark network; returns the page. faces: those of people, too."""
    from neuroface.evaluate.predictions import read_predictions
    from neuroface.landmarks import annotated
    from neuroface.report import landmark_page

    kept = annotated.load(path / FACES)
    judged = set(read_predictions(path / "predictions.csv")["sample"])  # with split=first_people not everybody is
    rows = np.flatnonzero([f"{r}/{f}" in judged for r, f in zip(kept.recording, kept.frame, strict=True)])
    return landmark_page.render(path, crops=kept.crops[rows], truth=kept.points[rows], vector=vector, faces=faces)


def summary(path: Path) -> str:
    """The lines printed at the end of a run."""
    from neuroface.report import landmark_page

    return landmark_page.summary(path)
