"""`neuroface train pretrain=identity`: a backbone fitted to who is in a picture, and its weights in a file."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from neuroface.configuration.compose import instantiate
from neuroface.configuration.identity import paths, science
from neuroface.errors import ConfigError
from neuroface.evaluate.run_folder import RunFolder, digest_of
from neuroface.places import check_writable
from neuroface.types import PEOPLE_UNKNOWN

WEIGHTS, TOLD = "weights.safetensors", "pretrain.json"
NOT_ASKED = ("classifier", "protocol", "split", "published", "size", "features")  # of what a run has besides


def run_path(config: DictConfig) -> Path:
    """The folder: as given, or runs/identity-<digest>."""
    if config.get("run"):
        return Path(str(config.run))
    return Path("runs") / f"identity-{digest_of(_science(config))[:8]}"


def train(config: DictConfig, choices: dict[str, Any], path: Path, overrides: list[str]) -> None:
    """Fit the weights and say how well they know unseen people; finished ones are left as they are."""
    part, folder = _science(config), RunFolder(path)
    folder.is_done(part)  # refuses a folder of other science
    if folder.facts.get("status") == "done" and (path / WEIGHTS).is_file():
        return
    check_writable("run", path)
    words = [word for word in overrides if not word.startswith("run=")]
    facts = {
        "choices": choices,
        "command": shlex.join(["neuroface", "train", *words]),
        "paths": paths(config),
        "device": config.execution.device,
    }
    _work(config, part, folder, facts)


def _science(config: DictConfig) -> dict[str, Any]:
    return {key: value for key, value in science(config).items() if key not in NOT_ASKED}


def _work(config: DictConfig, part: dict[str, Any], folder: RunFolder, facts: dict[str, Any]) -> None:
    from neuroface.progress import Progress
    from neuroface.studies.building import build_samples

    estimator = instantiate(config.pretrain, "pretrain")
    if estimator.model.device == "auto":
        estimator.model.set_params(device=config.execution.device)
    estimator.random_state = estimator.model.random_state = estimator.random_state + config.seed
    asked = config.copy()
    view = {"_target_": "neuroface.views.images.Images", **estimator.view}
    OmegaConf.update(asked, "classifier", {"view": view}, merge=False, force_add=True)
    with Progress() as progress:
        samples, cohort = build_samples(asked, None, progress=progress)
        if PEOPLE_UNKNOWN in cohort.notes:
            raise ConfigError(
                "pretrain=identity learns who is in a picture, and this cohort does not say: each picture counts as a "
                "person of its own. Say it by cohort.pattern or a column subject."
            )
        with folder.open(part, **facts):
            (folder.path / "checkpoints").mkdir(exist_ok=True)
            checkpoint = folder.path / "checkpoints" / "identity"
            estimator.fit(np.asarray(samples.X), np.asarray(samples.subject).astype(str), checkpoint)
            told = {
                "synthetic": cohort.synthetic,
                "backbone": estimator.backbone,
                "loss": estimator.told,
                "people": estimator.people_,
                "pictures": int(np.isin(samples.subject, estimator.people_).sum()),
                "single": estimator.single_,
                "unseen": {"people": estimator.unseen_, "fitted": estimator.verification_, "start": estimator.before_},
                "history": estimator.history_,
            }
            folder.write_json(TOLD, told)
            folder.write_bytes(WEIGHTS, estimator.saved())
            for kept in (folder.path / "checkpoints").iterdir():
                kept.unlink()
            folder.update(status="done")


def is_run(path: Path) -> bool:
    """Whether a run folder holds weights that were pretrained, or is on its way to it."""
    return (path / TOLD).is_file()


def summary(path: Path) -> str:
    """The lines printed at the end."""
    told = json.loads((path / TOLD).read_text(encoding="utf-8"))
    fitted, start = told["unseen"]["fitted"], told["unseen"]["start"]
    loss = told["loss"]
    lines = [
        f"{'synthetic · ' if told['synthetic'] else ''}{len(told['people'])} people, {told['pictures']} pictures · "
        f"{told['backbone']} · {loss['form']}, margin {loss['margin']:g}, scale {loss['scale']:g}",
        f"{fitted['people']} people who were not learnt from: pairs of their pictures told apart with AUC "
        f"{_of(fitted)}; before {_of(start)} ({fitted['same']} pairs of one person, {fitted['different']} of two)",
    ]
    if told["single"]:
        lines.append(f"left out: {len(told['single'])} people with a single picture")
    lines += [
        f"{path / WEIGHTS}: classifier.weights={path / WEIGHTS} classifier.backbone={told['backbone']}; a fold that "
        "judges somebody whom they were fitted on is refused",
    ]
    return "\n".join(lines)


def _of(told: dict[str, Any]) -> str:
    low, high = told["auc_ci"]
    return f"{told['auc']:.2f} [{low:.2f}, {high:.2f}]"
