"""A finished run's own configuration, so that it can be asked further questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neuroface.configuration.targets import check_targets
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.run_folder import RunFolder
from neuroface.studies import finetune

SHOWN = 3  # names in one message
NO_FACES = "people's faces are left out; report.faces=true draws them"


def run_config(path: Path, asked: DictConfig) -> DictConfig:
    """The configuration a run was made with: its science, where its data were, and how to work now.

    asked: what is composed now. The run may come from somebody else: code that is not known is not called for it.
    """
    from neuroface.evaluate.run_files import read_yaml

    science = read_yaml(path / "config.yaml")
    if finetune.is_run(path) or "classifier" not in science:
        raise ConfigError(f"{path} holds no classifier of its own. Name the run of a network: run=runs/NAME.")
    allow_any = bool(asked.get("allow_any_target"))
    config = OmegaConf.create({**science, "execution": asked.execution, "allow_any_target": allow_any})
    OmegaConf.update(config, "report", asked.get("report") or {"faces": False}, force_add=True)
    check_targets(config, allow_any=allow_any)
    places: Mapping[str, str] = RunFolder(path).facts.get("paths") or {}
    for key, place in places.items():  # whose content stands there in a run's identity
        OmegaConf.update(config, key, place, force_add=True)
    return config


def unmeasured(config: DictConfig) -> DictConfig:
    """The same without the step that measures quality, which looks at pictures and explains nothing.

    Where it decides who is in (cohort.frontal_only) it stays.
    """
    asked = config.copy()
    if not asked.cohort.get("frontal_only"):
        OmegaConf.update(asked, "quality", None, force_add=True)
    return asked


def shows_faces(run: Any, asked: DictConfig) -> bool:
    """Whether pictures of a run's people may be drawn: where they are asked for, or nobody's. run: report.run.Run."""
    return bool(asked.report.faces or run.cohort.get("synthetic"))


def targets_of_node(node: Any) -> Iterator[str]:
    """Every target that a configuration names: what its author trusts."""
    if isinstance(node, DictConfig):
        if "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from targets_of_node(value)


def model_files(path: Path, *, folds: Iterable[str] = ()) -> list[Path]:
    """The file of each fold's model, in the order of their names. Errors: ConfigError where one of `folds` has none."""
    from neuroface.studies.kept_models import ENDINGS

    found = [file for file in sorted((path / "models").glob("*")) if file.suffix in ENDINGS]
    files = [file for file in found if ".epoch-" not in file.name and file.stem != "final"]
    if not files:
        raise ConfigError(f"{path} keeps no models. Train again with execution.save_models=true and another run=.")
    if gone := sorted(set(folds) - {file.stem for file in files}):
        raise ConfigError(
            f"{path}/models has no model of {len(gone)} of the run's folds: {', '.join(gone[:SHOWN])}. The mean over "
            "the others is not what the run says; train again with another run=."
        )
    if rotten := [name for name in RunFolder(path).rotten() if name.startswith("models/")]:
        raise DataError(
            f"{path} wrote other bytes than there are now in {', '.join(rotten[:SHOWN])}: nobody knows what such a "
            "model says. Restore it from a copy, or train again with another run=."
        )
    return files


def folds_of(path: Path) -> set[str]:
    """The names of a run's folds, those of pairs of people, too."""
    from neuroface.evaluate.predictions import read_predictions

    return set(read_predictions(path / "predictions.csv")["fold"].astype(str))


def threshold_of(path: Path) -> float | None:
    """The mean over a run's folds of the probability from which on they say the last class; None where they have none.

    Where people are ranked (leave_pair_out) the report's thresholds are of ranks; these are of probabilities.
    """
    from neuroface.evaluate.predictions import read_predictions

    table = read_predictions(path / "predictions.csv")
    return float(table.groupby("fold")["threshold"].first().mean()) if "threshold" in table else None


def refuse_composed(path: Path, config: DictConfig) -> None:
    """ConfigError for a run whose models look at more than a row of features: at all tasks of a person, or covariates.

    Which features such models rest on is a question about each of their parts. And for one that judges people in
    several folds: what is explained is asked of the one model that left them out.
    """
    from neuroface.evaluate.predictions import read_predictions

    if not read_predictions(path / "predictions.csv")["sample"].is_unique:
        raise ConfigError(
            f"{path} judges people in several folds (split={_choice(path, 'split')}), and what a model rests on is "
            "asked of the one that left a person out. Train once with split=loso, say, that judges each once."
        )
    protocol = config.get("protocol") or {}
    if protocol.get("task") == "all":
        raise ConfigError(
            f"{path} has a model per task in each fold (protocol.task=all), and what a model rests on is asked of one "
            "task. Train once with protocol.task=NAME and explain that run; its models are the same but for their seed."
        )
    if protocol.get("residualise"):
        raise ConfigError(
            f"{path} takes {', '.join(protocol['residualise'])} out of the features (protocol.residualise), and its "
            "models look at what is left, not at features. Train with protocol.residualise=null and explain that run."
        )


def _choice(path: Path, key: str) -> str:
    return str((RunFolder(path).facts.get("choices") or {}).get(key, "?"))


def view_name(config: DictConfig) -> str:
    """What the classifier looks at: table, series, images, ..."""
    from neuroface.studies.building import build_steps, build_view

    return build_view(config, build_steps(config)).name
