"""What the models of a finished run say about people whom none of them has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.studies.finished import model_files, run_config, targets_of_node

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.report.run import Run
    from neuroface.types import Samples

# Groups that say what is read and how; all others are the run's question and stay as they were.
READING = ("cohort", "landmarks", "lift", "repetitions", "quality", "faces", "execution")
SHOWN = 3  # features named in one warning
RESEARCH = "Research software, not a medical device: these numbers are about a method, not about anybody's health."


@dataclass(frozen=True, eq=False)
class Prediction:
    """table: one row per person and task, or per repetition where the classes lie inside people. warnings: in words.

    Columns: subject, group (as the cohort says), task, repetitions (how many, or which), p_<class> (mean over the
    folds' models), sd_<class> (over the folds: how much the models disagree), predicted, and, of a table of features,
    outside: how many features lie outside the range of the run's own people.
    """

    table: pd.DataFrame
    warnings: list[str]


def predict(overrides: list[str]) -> Prediction:
    """Judge the people of a cohort by the models of `run`.

    overrides: run=FOLDER, the words of the cohort and of how it is read. Steps that they do not name are those of the
    run. Errors: ConfigError for a run without models, or a word that would change its question; DataError for other
    features than the run's; LeakageError for people that the run's models were fitted on.
    """
    from neuroface.progress import Progress
    from neuroface.report import run as runs
    from neuroface.studies.building import build_samples

    asked, _ = compose("predict", overrides)
    if not asked.run:
        raise ConfigError("run= names the finished run whose models judge: run=runs/NAME.")
    path = Path(str(asked.run))
    config = _as_in_run(path, asked, overrides)
    run, files = runs.read(path), model_files(path)
    with Progress() as progress:
        samples, _ = build_samples(config, _everybody(config), progress=progress)
        _refuse_seen(run, samples)
        _check_features(run, samples)
        p = _probabilities(files, samples, run.classes, _trusted(config), progress)
    return Prediction(_table(run, samples, p), _warnings(run, samples))


def _as_in_run(path: Path, asked: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """The run's configuration, with what the words say of the data and of how they are read."""
    named = {word.lstrip("+~").partition("=")[0].partition(".")[0].partition("@")[0] for word in overrides}
    foreign = sorted(named - {*READING, "run", "out", "hydra", "size"})
    if foreign:
        raise ConfigError(f"{', '.join(foreign)}: the question and the features are the run's. Leave the word out.")
    if "cohort" not in named:
        raise ConfigError("cohort= says whose recordings are to be judged: cohort=folder cohort.root=DIR.")
    config = run_config(path, asked.execution)
    for group in READING:
        if group in named and group in asked:
            config[group] = asked[group]
    return config


def _everybody(config: DictConfig) -> Any:
    """The run's task, whatever group people are of."""
    from neuroface.evaluate.protocol import Protocol

    return Protocol(classes=(), task=config.protocol.task)


def _trusted(config: DictConfig) -> set[str]:
    return set(targets_of_node(config.classifier))


def _refuse_seen(run: Run, samples: Samples) -> None:
    seen = sorted(set(run.predictions["subject"]) & set(map(str, samples.subject)))
    if seen:
        raise LeakageError(
            f"the models of {run.folder} were fitted on {', '.join(seen[:6])}: their scores stand in its "
            "predictions.csv. Leave them out with cohort.exclude=[...], or rename them if they are other people."
        )


def _check_features(run: Run, samples: Samples) -> None:
    if samples.view != "table" or run.features is None:
        return
    from neuroface.report.run import feature_columns

    wanted, given = feature_columns(run.features), list(samples.feature_names)
    if wanted != given:
        odd = sorted(set(wanted) ^ set(given)) or wanted
        raise DataError(
            f"the run looks at other features than these recordings give: {', '.join(odd[:SHOWN])}. A run on mm needs "
            "depth or landmarks in mm (lift=depth), one on pixels lift=none."
        )


def _probabilities(
    files: Sequence[Path], samples: Samples, classes: tuple[str, ...], trusted: set[str], progress: Any
) -> np.ndarray:
    """(n_models, n, n_classes): what each fold's model says."""
    from neuroface.classifiers.load import load_model
    from neuroface.evaluate.fold import predict as ask

    said = []
    for done, file in enumerate(files):
        progress("models", done, len(files))
        said.append(ask(load_model(file, trusted=trusted), samples.X, classes))
    return np.stack(said)


def _table(run: Run, samples: Samples, p: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    who = {"subject": samples.subject, "group": samples.meta["group"], "task": samples.meta["task"]}
    outside = _outside(run, samples)
    frame = pd.DataFrame({**who, "repetition": samples.meta["repetition"]})
    keys = [*who, "repetition"] if run.is_within_person else list(who)
    rows = []
    for key, index in frame.groupby(keys, sort=False).indices.items():
        values: tuple[Any, ...] = key  # type: ignore[assignment]
        of_folds = p[:, index].mean(axis=1)  # (n_models, n_classes): each model's mean over the repetitions
        mean, sd = of_folds.mean(axis=0), of_folds.std(axis=0)
        row: dict[str, Any] = dict(zip(keys, values, strict=True))
        if not run.is_within_person:
            row["repetitions"] = len(index)
        row |= {f"p_{name}": mean[k] for k, name in enumerate(run.classes)}
        row |= {f"sd_{name}": sd[k] for k, name in enumerate(run.classes)}
        row["predicted"] = _decided(run, mean)
        if outside is not None:
            row["outside"] = int(outside[index].any(axis=0).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def _decided(run: Run, mean: np.ndarray) -> str:
    """The class: of two by the mean of the folds' thresholds, of more the most probable one."""
    if run.is_binary and "threshold" in run.predictions:
        return run.classes[int(mean[1] >= run.predictions.groupby("fold")["threshold"].first().mean())]
    return run.classes[int(mean.argmax())]


def _outside(run: Run, samples: Samples) -> np.ndarray | None:
    """(n, d) bool: features outside the range of the run's own rows; None where there is no table."""
    if samples.view != "table" or run.features is None:
        return None
    known = run.features[list(samples.feature_names)].to_numpy(float)
    X = np.asarray(samples.X, dtype=float)
    return (np.nanmin(known, axis=0) > X) | (np.nanmax(known, axis=0) < X)


def _warnings(run: Run, samples: Samples) -> list[str]:
    told = []
    outside = _outside(run, samples)
    if outside is not None and outside.any():
        share = outside.mean(axis=0)
        worst = [samples.feature_names[k] for k in np.argsort(-share)[:SHOWN] if share[k] > 0]
        people = len(set(np.asarray(samples.subject)[outside.any(axis=1)]))
        told.append(
            f"{people} people have features outside the range that the run knows ({', '.join(worst)}, ...): there the "
            "models guess. Were they recorded at the same task, speed and distance?"
        )
    if run.is_synthetic:
        told.append("the run was trained on synthetic recordings: what it says of real people means nothing.")
    return [*told, RESEARCH]
