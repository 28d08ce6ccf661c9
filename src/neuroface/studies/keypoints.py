"""`map=keypoints`: which of the 68 points carry a run's answer, each person asked of the fold that left them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from neuroface import face
from neuroface.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.explain.keypoints import Found, Told
    from neuroface.report.run import Run
    from neuroface.studies.keypoint_checks import Blind
    from neuroface.types import Samples

FOLDER = "explain/keypoints"
MOVING = ("table", "series")
TOLERANCE = 0.02  # of a probability, when a model is asked again: bf16 and another device round differently
STILLED = (
    "Each point in turn is held still on the head while the person does the task; significance is by how much the "
    "probability of {positive} then changes, mean over people, each judged by the model that left them out. It tells "
    "of movement: what a face looks like at rest does not count."
)
GRADIENT = (
    "Integrated gradients of the answer for {positive}, from the mean picture to each person's, about each point; mean "
    "size over people, each judged by the network that left them out."
)


def explain_keypoints(path: Path, config: DictConfig, *, checks: int, refits: int = 0) -> str:
    """Write explain/keypoints/ into the run folder; returns the first lines, and where the page is.

    checks: how often labels are shuffled and models of features fitted again; 0 for never. refits: the same of models
    of series and pictures, each time that of one fold.

    Errors: ConfigError for a run on clips, on a given table, or without models; DataError when data or models have
    changed since.
    """
    from neuroface.evaluate.run_folder import RunFolder
    from neuroface.explain import keypoints
    from neuroface.progress import Progress
    from neuroface.report import run as runs
    from neuroface.report.keypoint_page import render
    from neuroface.studies.finished import refuse_composed, shows_faces, view_name
    from neuroface.studies.keypoint_checks import beside
    from neuroface.studies.keypoint_refits import beside_anew, learnt_again

    refuse_composed(path, config)
    kind, run = view_name(config), runs.read(path)
    if kind not in (*MOVING, "images"):
        raise ConfigError(f"{path}: map=keypoints asks classifiers of features, series and pictures, not of {kind}.")
    with Progress() as progress:
        samples = _samples(config, kind, progress)
        raw, blind, models = _told(path, config, run, samples, kind, progress)
        nothing = _where_nothing_was_learnt(config, run, samples, models, checks) if kind == "table" else None
        anew = [] if kind == "table" else learnt_again(config, run, samples, models, raw, refits, progress)
    told = keypoints.oriented(raw)
    points = keypoints.table(told, positive=run.positive)
    found = keypoints.found(told, points, positive=run.positive)
    method = (STILLED if kind in MOVING else GRADIENT).format(positive=run.positive)
    said = [_truth(found), _check(raw.g, blind)]
    if nothing is not None:
        points, further = beside(raw, points, nothing, positive=run.positive)
        said += further
    if anew:
        points, further = beside_anew(points, anew)
        said += further
    with RunFolder(path).locked():
        page = render(
            run, points, keypoints.by_region(points), _people(told), _samples_of(told), path / FOLDER,
            method=method, unit=unit_of(kind, run.positive), notes=[one for one in said if one],
            pictures=_pictures(samples, kind, told) if shows_faces(run, config) else {},
        )  # fmt: skip
    first = points.sort_values("rank", kind="stable").head(5)
    names = ", ".join(f"{name} {value:.3g}" for name, value in zip(first["name"], first["significance"], strict=True))
    return "\n".join([f"most significant points: {names}", *filter(None, said), str(page)])


def _samples(config: DictConfig, kind: str, progress: Any) -> Samples:
    from omegaconf import OmegaConf

    from neuroface.explain.stilled import Placed, Stilled
    from neuroface.studies.building import build_protocol, build_samples
    from neuroface.studies.finished import unmeasured

    if config.cohort._target_.endswith("TableCohort"):
        raise ConfigError("map=keypoints moves landmarks; a cohort that is a table of features has none.")
    asked = unmeasured(config)
    OmegaConf.update(asked, "classifier.side_weight", 1.0, force_add=True)  # the affected side, where it is known
    wrap: Any = Stilled if kind in MOVING else Placed
    return build_samples(asked, build_protocol(config), progress=progress, wrap=wrap)[0]


def _told(
    path: Path, config: DictConfig, run: Run, samples: Samples, kind: str, progress: Any
) -> tuple[Told, np.ndarray | None, dict[str, Any]]:
    """What was measured; of networks the same, (n, 68), with weights drawn anew; and the model of each fold."""
    from neuroface.classifiers.load import load_model
    from neuroface.explain.keypoints import Told
    from neuroface.explain.stilled import MOVED, PLACES
    from neuroface.studies.finished import model_files, targets_of_node

    place = {str(name): i for i, name in enumerate(samples.meta["sample"])}
    if odd := sorted(set(run.predictions["sample"]) ^ set(place)):
        raise DataError(
            f"{path}: {len(odd)} samples are only in predictions.csv or only in the data: {', '.join(odd[:6])}. "
            "The data have changed since; train again with another run=."
        )
    files = {file.stem: file for file in model_files(path)}
    arrays: Any = samples.X.arrays  # type: ignore[union-attr]
    total, times = np.zeros((len(samples), face.N_POINTS)), np.zeros(len(samples))
    blind = None if kind == "table" else np.zeros_like(total)
    models: dict[str, Any] = {}
    folds = run.predictions.groupby("fold", sort=False)
    for done, (name, rows) in enumerate(folds):
        progress("folds asked", done, len(folds))
        if str(name) not in files:
            raise ConfigError(f"{path}/models holds no model of fold {name}. Train again with another run=.")
        at = np.array([place[sample] for sample in rows["sample"]])
        model = models[str(name)] = load_model(files[str(name)], trusted=set(targets_of_node(config)))
        before = rows[[f"p_{one}" for one in run.classes]].to_numpy(float)
        where = f"{path}, fold {name}"
        if kind in MOVING:
            told, random = _asked_still(model, arrays, at, run.classes, before, where=where)
        else:
            told, random = _asked_gradient(model, arrays, at, run.classes, before, where=where)
        total[at] += told
        blind = None if blind is None or random is None else _added(blind, at, random)
        times[at] += 1
    side = np.asarray(samples.meta.get("side", np.full(len(samples), "")), dtype=str)
    measured = Told(
        total / times[:, None], arrays[PLACES], arrays[MOVED], np.asarray(samples.meta["sample"], dtype=str),
        np.asarray(samples.subject, dtype=str), np.asarray(samples.y, dtype=str), side,
    )  # fmt: skip
    return measured, None if blind is None else blind / times[:, None], models


def _added(total: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    total[at] += values
    return total


def _asked_still(
    model: Any, arrays: Any, at: np.ndarray, classes: tuple[str, ...], before: np.ndarray, *, where: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """(len(at), 68): how much lower the last class's probability is with each point held still; and the same of a
    network with random weights, None of what is no network."""
    from neuroface.evaluate.fold import predict
    from neuroface.explain.stilled import AS_IT_IS
    from neuroface.studies.keypoint_asks import lost_when_still

    _check_same(predict(model, arrays[AS_IT_IS][at], classes), before, where)
    random = None
    if hasattr(model, "network_"):
        from neuroface.explain.gradients import with_random_weights

        random = lost_when_still(with_random_weights(model), arrays, at, classes)
    return lost_when_still(model, arrays, at, classes), random


def _asked_gradient(
    model: Any, arrays: Any, at: np.ndarray, classes: tuple[str, ...], before: np.ndarray, *, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """(len(at), 68) gradient of the last class about each point; and the same with random weights."""
    from neuroface.evaluate.fold import predict
    from neuroface.explain import gradients
    from neuroface.explain.maps import inputs_for
    from neuroface.explain.stilled import AS_IT_IS
    from neuroface.studies.keypoint_asks import gradient_at_points

    _check_same(predict(model, inputs_for(model, np.asarray(arrays[AS_IT_IS][at])), classes), before, where)
    random = gradients.with_random_weights(model)
    return gradient_at_points(model, arrays, at, classes), gradient_at_points(random, arrays, at, classes)


def _check(g: np.ndarray, blind: np.ndarray | None) -> str:
    """How like the significance of points is to that of networks whose weights were drawn anew, in words."""
    if blind is None:
        return ""
    from scipy.stats import spearmanr

    from neuroface.studies.keypoint_checks import SEEN

    known = np.isfinite(g).any(axis=0) & np.isfinite(blind).any(axis=0)
    known &= np.nanmax(np.abs(np.where(known, g, 0.0)), axis=0) > SEEN
    rho = spearmanr(np.nanmean(np.abs(g[:, known]), axis=0), np.nanmean(np.abs(blind[:, known]), axis=0))[0]
    return (
        f"With the networks' weights drawn anew, significance correlates with this one by {rho:.2f} (Spearman, over "
        f"the {known.sum()} points that count); near 0 means that the map is about what was learnt, near 1 that it is "
        "about what is seen."
    )


def _check_same(now: np.ndarray, before: np.ndarray, where: str) -> None:
    apart = float(np.abs(now - before).max())
    if apart > TOLERANCE:
        raise DataError(
            f"{where}: its model now gives probabilities up to {apart:.2f} away from those in predictions.csv. "
            "Data or code have changed since; train again with another run=."
        )


def unit_of(kind: str, positive: str) -> str:
    if kind in MOVING:
        return f"change of the probability of {positive}"
    return f"integrated gradient for {positive}, log-odds per pixel"


def _truth(found: Found | None) -> str:
    if found is None:
        return ""
    return (
        f"In truth {found.points} of 68 points lose much of their movement. The ranking puts such a point above "
        f"another with probability {found.auc:.2f} (chance .5) and correlates with the movement lost by "
        f"{found.rho:.2f} (Spearman), by {found.rho_seen:.2f} over the {found.seen} points that the models look at."
    )


def _where_nothing_was_learnt(
    config: DictConfig, run: Run, samples: Samples, models: dict[str, Any], checks: int
) -> Blind | None:
    if not checks:
        return None
    from neuroface.studies.keypoint_checks import blind_of

    place = {str(name): i for i, name in enumerate(samples.meta["sample"])}
    folds = run.predictions.groupby("fold", sort=False)["sample"]
    rows = {str(name): np.array([place[sample] for sample in of]) for name, of in folds}
    return blind_of(config, samples, models, rows, run.classes, times=checks)


def _people(told: Told) -> pd.DataFrame:
    """Tidy: subject, y, point, name, g (mean of their samples), size (mean |g|)."""
    import pandas as pd

    from neuroface.explain.keypoints import of_people

    subject, y, signed, size = of_people(told)
    n = face.N_POINTS
    return pd.DataFrame(
        {
            "subject": np.repeat(subject, n),
            "y": np.repeat(y, n),
            "point": np.tile(np.arange(n), len(subject)),
            "name": np.tile(face.NAMES, len(subject)),
            "g": signed.ravel(),
            "size": size.ravel(),
        }
    )


def _samples_of(told: Told) -> dict[str, np.ndarray]:
    """Sample -> (68, 3): x, y, g, as the Emoface scripts write them."""
    return {
        name: np.column_stack([places, g]) for name, places, g in zip(told.sample, told.places, told.g, strict=True)
    }


def _pictures(samples: Samples, kind: str, told: Told) -> dict[str, np.ndarray]:
    """Class -> mean picture (S, S, 3) uint8 of its samples; nothing where faces were not seen."""
    from neuroface.explain.stilled import AS_IT_IS

    if kind in MOVING:
        return {}
    faces = samples.X.arrays[AS_IT_IS]  # type: ignore[union-attr]
    return {
        y: np.asarray(faces[told.y == y][..., :3], dtype=float).mean(axis=0).round().astype(np.uint8)
        for y in dict.fromkeys(told.y.tolist())
    }
