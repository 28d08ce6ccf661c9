"""From video to the cells of an experiment: fine-tune a landmark network, then both networks over every recording."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from neuroface.configuration.compose import compose, instantiate
from neuroface.configuration.identity import science
from neuroface.errors import ConfigError
from neuroface.studies import finetune
from neuroface.studies.building import build_cohort, build_landmarks, build_steps, wanted_recordings
from neuroface.studies.tracking import track

FINETUNE, TRACKS = "finetune", "landmarks"
# What the cells read instead of video: landmarks in mm, already filtered, with the repetitions that were given.
CELLS = ("cohort=folder", "landmarks=given", "landmarks.median_frames=1", "lift=none", "repetitions=given")
# Groups whose words are about video or its networks, and are done with once landmarks are there.
DONE = ("cohort", "landmarks", "lift", "faces", "finetune", "annotated", "scoring", "film", "experiment", "run")


def prepare(config: DictConfig, overrides: list[str], folder: Path) -> dict[str, list[str]]:
    """Run both stages below `folder`; returns, for each network, the words that its cells are composed of.

    config.film: {pretrained: the weights to start from, finetune: [words of the run that fine-tunes], cells: [words of
    every cell]}.
    """
    if not config.cohort.get("root") and "root" in config.cohort:
        raise ConfigError("cohort.root= names the folder of the recordings.")
    tuned = _finetune(config, overrides, folder / FINETUNE)
    networks = {"pretrained": str(config.film.pretrained), "tuned": str(tuned)}
    roots = _track(config, overrides, networks, folder / TRACKS)
    return {name: words_of_cells(config, overrides, root) for name, root in roots.items()}


def words_of_cells(config: DictConfig, overrides: list[str], root: Path) -> list[str]:
    """What every cell is composed of, with landmarks below `root`."""
    kept = [word for word in overrides if _group_of(word) not in DONE]
    return [*kept, *CELLS, *config.film.cells, f"cohort.root={root}"]


def words_of_finetuning(config: DictConfig, overrides: list[str]) -> list[str]:
    """What the run that fine-tunes is composed of: the same words, another experiment."""
    words = [word for word in overrides if _group_of(word) not in ("experiment", "run", "film")]
    weights = f"finetune.weights={config.film.pretrained}"
    return ["experiment=fan_finetune", weights, *config.film.finetune, *words]


def _finetune(config: DictConfig, overrides: list[str], path: Path) -> Path:
    words = words_of_finetuning(config, overrides)
    stage, choices = compose("train", words)
    finetune.train(stage, choices, path, words)
    print(finetune.summary(path), end="\n\n")
    return path


def _group_of(word: str) -> str:
    """cohort of +cohort.root=DIR."""
    return word.lstrip("+~").partition("=")[0].partition(".")[0]


def _track(config: DictConfig, overrides: list[str], networks: dict[str, str], out: Path) -> dict[str, Path]:
    """Both networks over every recording, in mm."""
    from neuroface.progress import Progress

    cohort, common = build_cohort(config)
    steps, lift = {}, build_steps(config).lift
    identity = science(OmegaConf.masked_copy(config, ["cohort", "lift"]))
    for name, weights in networks.items():
        node = OmegaConf.merge(config.landmarks, {"weights": weights})
        identity[name] = science(OmegaConf.create({"landmarks": node}))
        steps[name] = build_landmarks(node, device=config.execution.device)
    with Progress() as progress:
        quality = instantiate(config.quality, "quality")
        recordings = list(wanted_recordings(cohort, common, quality=quality))
        return track(recordings, steps, lift, out, n_jobs=config.execution.n_jobs, identity=identity, progress=progress)
