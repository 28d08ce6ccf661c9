"""One question, one classifier, everyone left out once: a run folder brought to its end, and its report."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.configuration.identity import paths, science
from neuroface.evaluate import final_model
from neuroface.evaluate.run_folder import RunFolder, digest_of
from neuroface.places import check_writable
from neuroface.studies import covariates, regression


def run_path(config: DictConfig, choices: dict[str, Any]) -> Path:
    """The run's folder: as given, or runs/<experiment>, or runs/<question>-<digest>."""
    if config.get("run"):
        return Path(str(config.run))
    if choices.get("experiment"):
        return Path("runs") / choices["experiment"]
    words = [_question(config, choices), config.protocol.get("task"), choices.get("classifier")]
    name = "-".join(str(word) for word in words if word)
    return Path("runs") / f"{name}-{digest_of(science(config))[:8]}"


def _question(config: DictConfig, choices: dict[str, Any]) -> str | None:
    """The protocol's name, or that of the two groups that are asked about in place of its own."""
    name, classes = choices.get("protocol"), config.protocol.get("classes")
    if name and "_vs_" in name and classes:
        asked = "_vs_".join(re.sub(r"[^\w.-]+", "_", str(group)) for group in reversed(classes))
        return name if asked.lower() == name else asked
    return name


def train(
    config: DictConfig,
    choices: dict[str, Any],
    path: Path,
    overrides: list[str],
    columns: dict[str, str] | None = None,
) -> None:
    """Bring one run folder to its end; a finished one is left as it is, without reading data.

    overrides: the words that make this run again. columns: what tells it apart from the other cells of an experiment.
    """
    part, folder = science(config), RunFolder(path)
    curves = config.execution.tensorboard and not regression.is_run(path)
    drawn = (path / "report" / "report.html", path / "tensorboard" if curves else path)
    # Permutations are added to those that are there; where there are more already, all of them stay in use.
    whole = _whole_null(folder, config.protocol.permutations)
    whole &= not config.execution.final_model or final_model.is_there(folder) or regression.is_run(path)
    if folder.is_done(part) and whole and all(file.exists() for file in drawn):
        return
    check_writable("run", path)
    if "features" in config.cohort or not _looks_at_features(config):  # then the choice of ours is not used
        choices = {**choices, "features": []}
    words = [word for word in overrides if not word.startswith("run=")]
    facts = {
        "choices": choices,
        "command": shlex.join(["neuroface", "train", *words]),
        "published": config.get("published"),
        "paths": paths(config),
        "device": config.execution.device,
    }
    _work(config, part, folder, facts, columns or {})
    if not regression.is_run(path):
        covariates.write(path)
        covariates.write_repeatability(path)
    draw(path, tensorboard=config.execution.tensorboard)


def _whole_null(folder: RunFolder, wanted: int | str) -> bool:
    """Whether a finished run has so many permutations; or, where they stop when it is decided, has decided by them."""
    drawn = len(list((folder.path / "null").glob("*.csv")))
    if isinstance(wanted, str):
        return bool(folder.facts.get("permutations") == wanted and drawn)
    return drawn >= wanted


def _looks_at_features(config: DictConfig) -> bool:
    """Whether the classifier's view is the table of features, or has it as a part."""
    view = config.classifier.get("view", "table")
    return view == "table" or "table" in (view.get("parts") or {}).values()


def _work(
    config: DictConfig, part: dict[str, Any], folder: RunFolder, facts: dict[str, Any], columns: dict[str, str]
) -> None:
    """Everything is built and read before the folder is opened: what cannot start leaves nothing behind."""
    import pandas as pd

    from neuroface import samples as sample_tools
    from neuroface.evaluate import engine
    from neuroface.evaluate import regression as number_engine
    from neuroface.evaluate.cells import guarded_table
    from neuroface.evaluate.number_protocol import NumberProtocol
    from neuroface.evaluate.plan import plan
    from neuroface.evaluate.spread import spread
    from neuroface.progress import Progress
    from neuroface.studies.building import build_estimator, build_protocol, build_samples, build_splitter

    where = config.execution
    workers = {"address": where.address, "n_jobs": where.n_jobs, "shared_disk": where.shared_disk}
    with Progress() as progress, spread(where.backend, **workers):
        protocol, estimator, splitter = build_protocol(config), build_estimator(config), build_splitter(config)
        samples, cohort_summary = build_samples(config, protocol, columns=columns, progress=progress)
        if hasattr(splitter, "told"):
            splitter = splitter.told(cohort_summary.facts)
        planned: Any
        if isinstance(protocol, NumberProtocol):
            planned = regression.planned(config, samples, cohort_summary, estimator, splitter, protocol)
        else:
            settled = protocol.settled(samples.y)
            planned = plan(
                samples, estimator, splitter, protocol=settled, seed=config.seed, people=cohort_summary.facts
            )
        with folder.open(part, **facts):
            folder.write_text("samples.csv", guarded_table(sample_tools.feature_table(samples)).to_csv(index=False))
            about = dataclasses.asdict(cohort_summary)
            folder.write_text("people.csv", guarded_table(pd.DataFrame(about.pop("persons"))).to_csv(index=False))
            quality = pd.DataFrame(about.pop("quality"))
            folder.write_text("quality.csv", guarded_table(quality).to_csv(index=False, float_format="%.6g"))
            folder.write_json("cohort.json", about)
            keys: dict[str, Any] = {"n_jobs": where.n_jobs, "save_models": where.save_models, "progress": progress}
            keys |= {"limit_s": where.fold_timeout_s}
            if isinstance(protocol, NumberProtocol):
                number_engine.run(planned, folder, **keys)
                return
            engine.run(planned, folder, folds_together=where.folds_together, **keys)
            if config.execution.final_model and not final_model.is_there(folder):
                final_model.write(planned, folder)


def draw(path: Path, *, tensorboard: bool = True, vector: str | None = None) -> Path:
    """Draw the report of a finished run; returns the page."""
    from neuroface.report import html
    from neuroface.report import tensorboard as board

    if regression.is_run(path):
        return regression.draw(path, vector=vector)
    page = html.render(path, published=RunFolder(path).facts.get("published"), vector=vector)
    if tensorboard:
        board.write(path)
    return page


def summary(path: Path) -> str:
    """The lines printed at the end of a run."""
    from neuroface.report import tables

    if regression.is_run(path):
        return regression.summary(path)
    return tables.summary_text(path, published=RunFolder(path).facts.get("published"))
