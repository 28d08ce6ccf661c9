"""Significance of key points after labels were shuffled, of networks: folds learnt anew, beside the same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from neuroface.studies.keypoint_checks import SEEN

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.explain.keypoints import Told
    from neuroface.report.run import Run
    from neuroface.types import Samples

FEWEST = 4  # folds learnt anew before a p is told; below it the shuffle that tells least of the truth is taken


@dataclass(frozen=True, eq=False)
class Anew:
    """One fold. own, shuffled: (68,) mean |g| over its people, of its model and of one learnt from shuffled labels.
    people: how many. right, own_right: share of their samples that the two decide rightly."""

    own: np.ndarray
    shuffled: np.ndarray
    people: int
    right: float
    own_right: float


def learnt_again(
    config: DictConfig, run: Run, samples: Samples, models: Mapping[str, Any], told: Told, times: int, progress: Any
) -> list[Anew]:
    """models: of each fold. told: of all samples, as the models say. times: from fold to fold, and round again."""
    from neuroface.evaluate.fold import predict
    from neuroface.explain.maps import inputs_for
    from neuroface.explain.stilled import AS_IT_IS
    from neuroface.studies.keypoint_asks import gradient_at_points, lost_when_still
    from neuroface.studies.lights import DRAWS, learnt_anew

    place = {str(name): i for i, name in enumerate(samples.meta["sample"])}
    arrays: Any = samples.X.arrays  # type: ignore[union-attr]
    folds = [(str(name), rows) for name, rows in run.predictions.groupby("fold", sort=False)]
    moving = samples.view == "stilled"
    found = []
    for number in range(times):
        progress("folds learnt from shuffled labels", number, times)
        name, rows = folds[number % len(folds)]
        model, at = models[name], np.array([place[sample] for sample in rows["sample"]])
        X = np.asarray(arrays[AS_IT_IS])
        X = X if moving else inputs_for(model, X)
        draws = DRAWS if times < FEWEST else 1
        again = learnt_anew(config, samples, rows, model, name, X=X, number=number, draws=draws)
        if again is None:
            continue
        ask = lost_when_still if moving else gradient_at_points
        y = rows["y"].astype(str).to_numpy()
        right = [
            float((np.array(run.classes)[predict(one, X[at], run.classes).argmax(axis=1)] == y).mean())
            for one in (again, model)
        ]
        own, shuffled = (_significance(told, at, g) for g in (told.g[at], ask(again, arrays, at, run.classes)))
        found.append(Anew(own, shuffled, int(rows["subject"].nunique()), *right))
    return found


def _significance(told: Told, at: np.ndarray, g: np.ndarray) -> np.ndarray:
    """(68,) of the people of the samples `at`, whose g (len(at), 68) is."""
    from neuroface.explain import keypoints

    names = ("places", "moved", "sample", "subject", "y", "side")
    here = replace(told, g=g, **{name: getattr(told, name)[at] for name in names})
    return np.asarray(np.nanmean(keypoints.of_people(keypoints.oriented(here))[3], axis=0))


def beside_anew(points: pd.DataFrame, anew: Sequence[Anew]) -> tuple[pd.DataFrame, list[str]]:
    """The table, from FEWEST folds with columns shuffled_mean, shuffled_high (95 %), p_shuffled and p_any; in words.

    Each fold's people are compared with themselves: p is how often the shuffled model's significance is as large.
    """
    from scipy.stats import spearmanr

    own, shuffled = (np.stack([getattr(one, name) for one in anew]) for name in ("own", "shuffled"))
    people = sum(one.people for one in anew)
    right, own_right = (
        100 * sum(one.people * getattr(one, name) for one in anew) / people for name in ("right", "own_right")
    )
    known = np.isfinite(own).all(axis=0) & np.isfinite(shuffled).all(axis=0) & (own.mean(axis=0) > SEEN)
    rho = float(spearmanr(own[:, known].mean(axis=0), shuffled[:, known].mean(axis=0))[0])
    said = (
        f"Shuffled labels: {len(anew)} {'model' if len(anew) == 1 else 'models'} learnt from labels that had changed "
        f"hands between people decided {right:.0f} % of the samples of {people} people rightly, as learnt "
        f"{own_right:.0f} %. Of the same people the mean significance is {shuffled[:, known].mean():.3g}, with the "
        f"true labels {own[:, known].mean():.3g}, and over the {known.sum()} points that count the two correlate by "
        f"{rho:.2f} (Spearman): near 1 the ranking is about what is seen, not about what was learnt of it."
    )
    if len(anew) < FEWEST:
        return points, [said]
    largest = np.nanmax(shuffled, axis=1)
    points = points.assign(
        shuffled_mean=shuffled.mean(axis=0),
        shuffled_high=np.quantile(shuffled, 0.95, axis=0),
        p_shuffled=(1 + (shuffled >= own).sum(axis=0)) / (len(anew) + 1),
        p_any=(1 + (largest[:, None] >= own).sum(axis=0)) / (len(anew) + 1),
    )
    first = points.nsmallest(1, "rank").iloc[0]
    said += (
        f" The first point, {first['name']}, is reached by the largest of any point of a shuffled model with p = "
        f"{first['p_any']:.3f}."
    )
    return points, [said]
