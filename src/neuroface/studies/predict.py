"""What the models of a finished run say about people whom none of them has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.protocol import ALL
from neuroface.studies.finished import folds_of, model_files, run_config, targets_of_node, threshold_of

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.report.run import Run
    from neuroface.types import Samples
    from neuroface.views.seen import Seen

# Groups that say what is read and how; all others are the run's question and stay as they were.
READING = ("cohort", "landmarks", "lift", "repetitions", "quality", "faces", "execution")
OWN = ("run", "out", "recording", "subject", "task", "fps", "overlay")
ONE = ("neuroface.cohorts.one.OneRecording", "neuroface.cohorts.one.Visits")
TABLE = "neuroface.cohorts.table.TableCohort"
GIVEN = "neuroface.landmarks.given.given"
RATE = 0.1  # by which a frame rate may differ from those of the run
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


@dataclass(frozen=True, eq=False)
class Asked:
    """run: the finished run. config: its own, with the words about the new data. samples: of the new people.

    p: (models, n, classes) what each fold's model says, over tasks the same on all rows of a person. seen: the
    recordings, with landmarks and repetitions. quality: one row per recording, or None. tasks: those that the run's
    models put together; () for a run whose models do not ask which task a row is of. people: subject -> facts.
    """

    run: Run
    config: DictConfig
    samples: Samples
    p: np.ndarray
    seen: list[Seen]
    quality: pd.DataFrame | None
    tasks: tuple[str, ...]
    people: Mapping[str, Mapping[str, Any]]


def predict(overrides: list[str]) -> Prediction:
    """Judge the people of a cohort, or of one recording, by the models of `run`; see `ask`."""
    asked = ask(overrides)
    return Prediction(table_of(asked), warnings_of(asked))


def ask(overrides: list[str], *, other_people: bool = False, judged: bool = False) -> Asked:
    """What the models of `run` say of other recordings.

    overrides: run=FOLDER, recording=PATH or the words of a cohort, and of how it is read. Steps that they do not name
    are those of the run. other_people: who is called as a person of the run is somebody else. judged: only
    people of the run's classes, all of which must be there.
    Errors: ConfigError for a run without models, or a word that would change its question; DataError for other features
    than the run's; LeakageError for people that the run's models were fitted on.
    """
    import pandas as pd

    from neuroface.explain.stilled import Kept
    from neuroface.progress import Progress
    from neuroface.report import run as runs
    from neuroface.studies.building import build_samples
    from neuroface.studies.refused import check_features, refuse_copies, refuse_named, refuse_seen, without_dead_end
    from neuroface.studies.same_key import check_key

    asked, _ = compose("predict", overrides)
    if not asked.run:
        raise ConfigError("run= names the finished run whose models judge: run=runs/NAME.")
    path = Path(str(asked.run))
    run = runs.read(path)
    files = model_files(path, folds=folds_of(path))
    config = _as_in_run(path, asked, overrides)
    if not asked.recording:
        check_key(path, config)
    if not judged:
        _as_new_rows(config, run)
    if asked.recording and not asked.subject:
        refuse_named(run, [asked.recording] if isinstance(asked.recording, str) else asked.recording)
    seen: list[Seen] = []
    with Progress() as progress:
        protocol = _of_classes(config, run) if judged else _everybody(config)
        try:
            samples, summary = build_samples(config, protocol, progress=progress, wrap=lambda view: Kept(view, seen))
        except DataError as error:
            raise without_dead_end(error, run) from error
        refuse_seen(run, samples, files, other_people=other_people or _other_clinic(path, config))
        refuse_copies(run, samples)
        check_features(run, samples)
        p, tasks = _probabilities(files, samples, run.classes, _trusted(config), summary.facts, progress)
    quality = pd.DataFrame(summary.quality) if getattr(summary, "quality", None) else None
    return Asked(run, config, samples, p, seen, quality, tasks, summary.facts)


def _as_in_run(path: Path, asked: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """The run's configuration, with what the words say of the data and of how they are read."""
    named = {word.lstrip("+~").partition("=")[0].partition(".")[0].partition("@")[0] for word in overrides}
    foreign = sorted(named - {*READING, *OWN, "hydra", "size", "allow_any_target"})
    if foreign:
        raise ConfigError(f"{', '.join(foreign)}: the question and the features are the run's. Leave the word out.")
    if ("cohort" in named) == bool(asked.recording):
        raise ConfigError(
            "recording= names a clip or a file of landmarks, or cohort= says whose recordings are to be judged: "
            "recording=FILE, or cohort=folder cohort.root=DIR."
        )
    config = run_config(path, asked)
    for group in READING:
        if group in named and group in asked:
            config[group] = asked[group]
    if asked.recording:
        several = not isinstance(asked.recording, str)
        if several and len(asked.recording) != 2:
            raise ConfigError("recording= names one recording, or two visits of one person: recording=[first,second].")
        if config.protocol.task == ALL and not asked.task:
            raise ConfigError("task= says which of the run's tasks the recording shows; its models are one per task.")
        config.cohort = {
            "_target_": f"neuroface.cohorts.one.{'Visits' if several else 'OneRecording'}",
            **({"paths": list(asked.recording)} if several else {"path": str(asked.recording)}),
            "subject": asked.subject,
            "task": asked.task or config.protocol.task,
            "fps": asked.fps,
        }
        # landmarks that came with the run's recordings are not in a clip
        if "landmarks" not in named and config.landmarks._target_ == GIVEN:
            config.landmarks = compose("landmarks", ["cohort=videos", "cohort.root=.", "out=."])[0].landmarks
        first = Path(str(asked.recording[0] if several else asked.recording))
        if "repetitions" not in named and not (first / "participants.tsv").is_file():
            config.repetitions = compose("predict", ["repetitions=find"])[0].repetitions
    return config


def _as_new_rows(config: DictConfig, run: Run) -> None:
    """A table is read for the columns that the run looks at, and one person in it is enough."""
    from neuroface.report.run import feature_columns

    if config.cohort._target_ != TABLE or run.features is None:
        return
    config.cohort = {
        **config.cohort,
        "_target_": "neuroface.cohorts.new_rows.NewRows",
        "features": feature_columns(run.features),
        "usual_task": None if config.protocol.task == ALL else config.protocol.task,
    }


def _other_clinic(path: Path, config: DictConfig) -> bool:
    """Whether both cohorts are synthetic and of different seeds: N001 of one is nobody of the other."""
    before = run_config(path, config).cohort
    synthetic = before._target_ == config.cohort._target_ and "seed" in before and "seed" in config.cohort
    return bool(synthetic and before.seed != config.cohort.seed)


def _of_classes(config: DictConfig, run: Run) -> Any:
    """The run's question."""
    from dataclasses import replace

    from neuroface.evaluate.protocol import Protocol
    from neuroface.studies.building import build_protocol

    protocol = build_protocol(config)
    assert isinstance(protocol, Protocol)  # a run that predicts a number is refused when it is read
    return replace(protocol, classes=run.classes)


def _everybody(config: DictConfig) -> Any:
    """The run's task, whatever group people are of."""
    from neuroface.evaluate.protocol import Protocol

    return Protocol(classes=(), task=config.protocol.task)


def _trusted(config: DictConfig) -> set[str]:
    return set(targets_of_node(config.classifier))


def _probabilities(
    files: Sequence[Path],
    samples: Samples,
    classes: tuple[str, ...],
    trusted: set[str],
    people: Mapping[str, Mapping[str, Any]],
    progress: Any,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(n_models, n, n_classes): what each fold's model says; and the tasks that they put together."""
    from neuroface.studies import kept_models

    told: list[np.ndarray] = []
    tasks: tuple[str, ...] = ()
    for done, file in enumerate(files):
        progress("models", done, len(files))
        model = kept_models.load_model(file, trusted=trusted)
        told.append(kept_models.said(model, samples, classes, people))
        tasks = kept_models.tasks_of(model)
    return np.stack(told), tasks


def visits_of(asked: Asked) -> tuple[str, str] | None:
    """What the two visits of one person are called; None where none were asked for."""
    if asked.config.cohort._target_ != ONE[1]:
        return None
    first, second = dict.fromkeys(np.asarray(asked.samples.subject).tolist())
    return str(first), str(second)


def table_of(asked: Asked) -> pd.DataFrame:
    """As in `Prediction`."""
    import pandas as pd

    run, samples, p = asked.run, asked.samples, asked.p
    who = {"subject": samples.subject, "group": samples.meta["group"], "task": _tasks_done(asked)}
    outside = _outside(run, samples)
    frame = pd.DataFrame({**who, "repetition": samples.meta["repetition"]})
    keys = [*who, "repetition"] if run.is_within_person else list(who)
    rows, threshold = [], threshold_of(run.folder)
    for key, index in frame.groupby(keys, sort=False).indices.items():
        values: tuple[Any, ...] = key  # type: ignore[assignment]
        of_folds = p[:, index].mean(axis=1)  # (n_models, n_classes): each model's mean over the repetitions
        mean, sd = of_folds.mean(axis=0), of_folds.std(axis=0)
        row: dict[str, Any] = dict(zip(keys, values, strict=True))
        if not run.is_within_person:
            row["repetitions"] = len(index)
        row |= {f"p_{name}": mean[k] for k, name in enumerate(run.classes)}
        row |= {f"sd_{name}": sd[k] for k, name in enumerate(run.classes)}
        row["predicted"] = _decided(run, mean, threshold)
        if outside is not None:
            row["outside"] = int(outside[index].any(axis=0).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def _tasks_done(asked: Asked) -> np.ndarray:
    """(n,) the task of each row; over tasks, all of those that the row's person did and the models know."""
    task, subject = (np.asarray(of).astype(str) for of in (asked.samples.meta["task"], asked.samples.subject))
    if not asked.tasks:
        return task
    done = {who: [name for name in asked.tasks if name in set(task[subject == who])] for who in set(subject.tolist())}
    return np.array(["+".join(done[who]) for who in subject.tolist()])


def _decided(run: Run, mean: np.ndarray, threshold: float | None) -> str:
    """The class: of two by the mean of the folds' thresholds, of more the most probable one."""
    if run.is_binary and threshold is not None:
        return run.classes[int(mean[1] >= threshold)]
    return run.classes[int(mean.argmax())]


def _outside(run: Run, samples: Samples) -> np.ndarray | None:
    """(n, d) bool: features outside the range of the run's own rows; None where there is no table."""
    if samples.view != "table" or run.features is None:
        return None
    known = run.features[list(samples.feature_names)].to_numpy(float)
    X = np.asarray(samples.X, dtype=float)
    return (np.nanmin(known, axis=0) > X) | (np.nanmax(known, axis=0) < X)


def warnings_of(asked: Asked, subject: str | None = None) -> list[str]:
    """What to be careful of, in words; of everybody, or of one person."""
    run, samples, quality = asked.run, asked.samples, asked.quality
    if subject is not None:
        samples = samples[np.asarray(samples.subject) == subject]
        quality = None if quality is None else quality[quality["subject"].astype(str) == subject]
    told = []
    outside = _outside(run, samples)
    if outside is not None and outside.any():
        share = outside.mean(axis=0)
        worst = [samples.feature_names[k] for k in np.argsort(-share)[:SHOWN] if share[k] > 0]
        people = len(set(np.asarray(samples.subject)[outside.any(axis=1)]))
        told.append(
            f"{people} {'person has' if people == 1 else 'people have'} "
            f"features outside the range that the run knows ({', '.join(worst)}, ...): there the "
            "models guess. Were they recorded at the same task, speed and distance?"
        )
    told += _few_tasks(asked, subject)
    told += _other_rate(run, quality)
    told += _other_faces([one for one in asked.seen if subject in (None, one.recording.subject)])
    if asked.config.cohort._target_ in ONE and run.config["protocol"].get("task") not in (None, ALL):
        told.append(f"taken to be {', '.join(sorted(set(samples.meta['task'])))}, the task of the run.")
    if run.is_synthetic:
        told.append("the run was trained on synthetic recordings: what it says of real people means nothing.")
    return [*told, RESEARCH]


def _few_tasks(asked: Asked, subject: str | None) -> list[str]:
    """Who did some of the run's tasks only, and what else was done."""
    who = np.asarray(asked.samples.subject)
    rows = np.ones(len(who), bool) if subject is None else who == subject
    done = dict(zip(who[rows].tolist(), _tasks_done(asked)[rows].tolist(), strict=True))
    few = [name for name, tasks in done.items() if asked.tasks and tasks.count("+") + 1 < len(asked.tasks)]
    told = []
    if few:
        names = ", ".join(few[:SHOWN]) + (f" and {len(few) - SHOWN} more" if len(few) > SHOWN else "")
        told.append(f"{names} did not do all of {', '.join(asked.tasks)}: the tasks that were done count alone.")
    odd = sorted(set(np.asarray(asked.samples.meta["task"])[rows].tolist()) - set(asked.tasks))
    if asked.tasks and odd:
        told.append(f"{', '.join(odd)}: no task of the run; what was done there counts for nothing.")
    return told


def _other_faces(seen: Sequence[Seen]) -> list[str]:
    """Where landmarks may be somebody else's."""
    told = []
    for one in seen:
        name, notes = one.recording.name, one.recording.notes
        if number := notes.get("frames_with_other_faces"):
            told.append(
                f"{name} shows other people, too, in {number} of the frames that were looked over, one in a second: is "
                "it the patient whose face was followed? landmarks.whose= says which one is meant."
            )
        if number := notes.get("faces_elsewhere"):
            told.append(f"{name}: a face that was lost was found again in another place, {number} times: whose is it?")
        if number := notes.get("frames_of_other_faces") or notes.get("rows_of_other_faces"):
            told.append(f"{name} holds {number} rows of other people's faces, which were left out.")
    return told


def _other_rate(run: Run, quality: pd.DataFrame | None) -> list[str]:
    """Velocities and paths depend on how often a face is looked at."""
    if quality is None or run.quality is None or "fps" not in run.quality or "fps" not in quality:
        return []
    low, high = run.quality["fps"].min() * (1 - RATE), run.quality["fps"].max() * (1 + RATE)
    odd = quality[(quality["fps"] < low) | (quality["fps"] > high)]
    if not len(odd):
        return []
    ends = dict.fromkeys(f"{rate:g}" for rate in (run.quality["fps"].min(), run.quality["fps"].max()))
    known = " to ".join(ends)
    return [
        f"{len(odd)} of {len(quality)} recordings have another frame rate ({odd['fps'].iloc[0]:g} per second) than "
        f"those of the run ({known}): speeds and paths do not compare."
    ]
