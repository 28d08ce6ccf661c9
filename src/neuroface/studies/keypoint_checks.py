"""Significance of key points where nothing was learnt, of models of features: columns mixed up, labels shuffled."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from neuroface import face

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.explain.keypoints import Told
    from neuroface.types import Samples

SEEN = 1e-9  # significance of a point that some feature touches is more
SCRAMBLES = 5  # orders of the columns; their mean is one significance


@dataclass(frozen=True, eq=False)
class Blind:
    """g of the same samples where nothing was learnt. scrambled: (n, 68) |g|, models whose columns changed places.
    shuffled: (times, n, 68) models fitted anew on shuffled labels; times may be 0."""

    scrambled: np.ndarray
    shuffled: np.ndarray


def blind_of(
    config: DictConfig, samples: Samples, models: Mapping[str, Any], rows: Mapping[str, np.ndarray],
    classes: tuple[str, ...], *, times: int,
) -> Blind:  # fmt: skip
    """models: fold -> its model. rows: fold -> the samples it judges. times: of shuffling; 0 of what is slow to fit."""
    from neuroface.evaluate.permutations import Exchange
    from neuroface.evaluate.seeds import derive_seed
    from neuroface.evaluate.splits import Fold
    from neuroface.evaluate.task import Task
    from neuroface.explain import sanity
    from neuroface.explain.importance import Judge
    from neuroface.studies.building import build_estimator

    arrays: Any = samples.X.arrays  # type: ignore[union-attr]
    X, subject = arrays["as_it_is"], np.asarray(samples.subject, dtype=str)
    y = np.asarray(samples.y, dtype=str)
    task = Task(
        X=X, y=y, subject=subject, classes=classes, estimator=build_estimator(config),
        balance=bool(config.protocol.get("balance", True)), seed=int(config.get("seed", 0)),
    )  # fmt: skip
    times = 0 if getattr(task.estimator, "costly", False) else times
    exchange = Exchange(y, subject)
    codes = np.array([classes.index(name) for name in y.tolist()])
    shuffled_y = np.stack([exchange.permuted(codes, seed=task.seed, permutation=i) for i in range(times)] or [codes])
    rng = np.random.default_rng(derive_seed(task.seed, "scrambled points"))
    orders = [sanity.derangement(rng, X.shape[1]) for _ in range(SCRAMBLES)]
    n = len(samples)
    scrambled, shuffled = np.zeros((n, face.N_POINTS)), np.zeros((times, n, face.N_POINTS))
    count = np.zeros(n)
    for name, at in rows.items():
        variants = np.concatenate([X[at], *(arrays[str(i)][at] for i in range(face.N_POINTS))])
        judge = Judge(name, partial(_ask, models[name], classes), at)
        for order in orders:
            scrambled[at] += np.abs(_lost(sanity.scrambled(judge, X, order)(variants), len(at))) / len(orders)
        if times:
            train = np.flatnonzero(~np.isin(subject, subject[at]))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they were told when the run was made
                told = sanity.refitted(task, Fold(name, train, at), shuffled_y, variants)
            shuffled[:, at] += np.stack([_lost(one, len(at)) for one in told])
        count[at] += 1
    return Blind(scrambled / count[:, None], shuffled / count[:, None])


def _ask(model: Any, classes: tuple[str, ...], X: np.ndarray) -> np.ndarray:
    from neuroface.evaluate.fold import predict

    return predict(model, X, classes)


def _lost(said: np.ndarray, n: int) -> np.ndarray:
    """(n, 68): by how much the last class's probability is lower with each point held still; said: (69 n, k)."""
    p = said[:, -1].reshape(1 + face.N_POINTS, n)
    return (p[0] - p[1:]).T


def beside(told: Told, points: pd.DataFrame, blind: Blind, *, positive: str) -> tuple[pd.DataFrame, list[str]]:
    """The table with columns shuffled_mean, shuffled_high (95 %), p_shuffled, p_any; and both checks in words.

    p_any: how often any point reaches the significance under shuffled labels.
    """
    from scipy.stats import spearmanr

    from neuroface.evaluate.statistics import permutation_p
    from neuroface.explain import keypoints

    def significance(g: np.ndarray) -> np.ndarray:
        of = keypoints.oriented(replace(told, g=g))
        return np.nanmean(keypoints.of_people(of)[3], axis=0)

    real = points["significance"].to_numpy(float)
    seen = real > SEEN
    rho = float(spearmanr(real[seen], significance(blind.scrambled)[seen])[0]) if seen.sum() > 2 else float("nan")
    said = [
        f"Models whose columns changed places: over the {seen.sum()} points that the models look at, significance "
        f"correlates with theirs by {rho:.2f} (Spearman); near 1 it is about what the features see of a point, not "
        "about what was learnt from them."
    ]
    if not len(blind.shuffled):
        return points, said
    null = np.stack([significance(one) for one in blind.shuffled])
    largest = null.max(axis=1)
    points = points.assign(
        shuffled_mean=null.mean(axis=0),
        shuffled_high=np.quantile(null, 0.95, axis=0),
        p_shuffled=[permutation_p(value, one) for value, one in zip(real, null.T, strict=True)],
        p_any=[permutation_p(value, largest) for value in real],
    )
    first = points.nsmallest(1, "rank").iloc[0]
    said.append(
        f"Shuffled labels, {len(null)} times, everything fitted again: the mean significance is {null.mean():.3g}, "
        f"with the true labels {real.mean():.3g}; that of the first point, {first['name']}, is reached by the largest "
        f"of any point with p = {first['p_any']:.3f}."
    )
    found = [keypoints.found(told, points.assign(significance=one), positive=positive) for one in null]
    known = [one for one in found if one is not None]
    if known:
        auc, rho_seen = (
            f"{np.nanmean(values):.2f} (5 to 95 %: {np.nanquantile(values, 0.05):.2f} to "
            f"{np.nanquantile(values, 0.95):.2f})"
            for values in ([one.auc for one in known], [one.rho_seen for one in known])
        )
        said.append(
            f"Rankings under shuffled labels put a point that loses movement above another with probability {auc}, and "
            f"correlate with the movement lost by {rho_seen} over the points that the models look at."
        )
    return points, said
