"""Where networks look, of a whole run: the check by shuffled labels, and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.classifiers.torch_classifier import TorchClassifier
    from neuroface.evaluate.permutations import Exchange
    from neuroface.explain.lights import LightAlbum
    from neuroface.report.run import Run
    from neuroface.types import Samples

DRAWS = 20  # of shuffled labels, of which one is taken
LEAST_PEOPLE = 3  # of an interval
NAMES = {"gradient": "integrated gradients", "cam": "Grad-CAM"}


def learnt_anew(
    config: DictConfig, samples: Samples, rows: pd.DataFrame, model: Any, fold: str,
    *, X: np.ndarray | None = None, number: int = 0, draws: int = DRAWS,
) -> Any:  # fmt: skip
    """A classifier as the fold's, from its training people, whose classes have changed hands between them.

    rows: of the fold's predictions. X: what it is given; None for the pictures of the samples. number: of the shuffle,
    the one of so many draws that tells least of the truth. None where it leaves a class without people. The affected
    side is not learnt: it would lead the network to where the true labels lie.
    """
    from neuroface.evaluate.fold import fit
    from neuroface.evaluate.permutations import Exchange
    from neuroface.evaluate.seeds import derive_seed
    from neuroface.evaluate.task import Task
    from neuroface.explain.maps import inputs_for
    from neuroface.studies.building import build_estimator

    asked = config.copy()
    if asked.classifier.get("side_weight"):
        asked.classifier.side_weight = 0.0
    if asked.classifier.get("epoch_selection") == "test_best":
        asked.classifier.epoch_selection = "last"
    OmegaConf.update(asked, "classifier.save_every", None, force_add=True)
    y, subject = np.asarray(samples.y, dtype=str), np.asarray(samples.subject, dtype=str)
    train = np.flatnonzero(~np.isin(subject, rows["subject"].to_numpy(str)))
    classes = tuple(str(name) for name in model.classes_)
    seed = int(config.get("seed", 0))
    codes = np.searchsorted(np.array(classes), y[train])
    anew = shuffled(Exchange(y[train], subject[train]), codes, seed=seed, draws=draws, first=number * draws)
    if len(set(anew.tolist())) < len(classes):
        return None
    task = Task(
        X=inputs_for(model, np.asarray(samples.X)[train]) if X is None else X[train],
        y=np.array(classes)[anew],
        subject=subject[train],
        classes=classes,
        estimator=build_estimator(asked),
        balance=bool(config.protocol.get("balance", True)),
        seed=seed,
    )
    return fit(task, np.arange(len(train)), derive_seed(seed, "shuffled", number, fold))


def shuffled(exchange: Exchange, codes: np.ndarray, *, seed: int, draws: int = DRAWS, first: int = 0) -> np.ndarray:
    """(n,) codes after changing hands: of so many draws that which tells least of the true ones.

    Few people often draw what they have, or its opposite, from which a network learns the same.
    """
    drawn = (exchange.permuted(codes, seed=seed, permutation=first + i) for i in range(draws))
    return min(drawn, key=lambda one: _told_by(one, codes))


def _told_by(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's mean square contingency of two sets of labels (n,): 0 where neither tells of the other."""
    counts = np.zeros((other.max() + 1, max(one.max(), other.max()) + 1))
    np.add.at(counts, (other, one), 1)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    known = expected > 0
    return float(((counts - expected)[known] ** 2 / expected[known]).sum() / counts.sum())


def share_right(model: TorchClassifier, X: np.ndarray, rows: pd.DataFrame) -> tuple[int, float, float]:
    """People of a fold, and the share of their samples that this model and the run's own decide rightly."""
    y = rows["y"].to_numpy(str)
    again = np.asarray(model.predict(X), dtype=str)
    return int(rows["subject"].nunique()), float((again == y).mean()), float((rows["predicted"] == y).mean())


def write(
    run: Run,
    album: LightAlbum,
    out: Path,
    *,
    right: Sequence[tuple[int, float, float]],
    further: Mapping[str, str],
) -> Path:
    """explain.html of what the album holds, and the files beside it; returns the page."""
    from neuroface.explain.lights import REAL
    from neuroface.report.light_page import CHECKS, render

    means, everybody, sides, checks = album.means(), album.everybody(), album.sides(), bounded(album.checks())
    return render(
        run, album.table, checks, sides, out,
        classes={
            f"{name} ({one.people[REAL]} people)": (one.picture, one.maps[REAL]) for name, one in means.items()
        },
        check_maps={
            f"{CHECKS[kind]} ({everybody.people[kind]} people)": (everybody.picture, maps)
            for kind, maps in everybody.maps.items()
        },
        time={name: one.time for name, one in means.items() if one.time},
        samples=[(row["sample"], _title(row), picture, maps) for row, picture, maps in album.drawn],
        notes=notes(checks, right),
        further=further,
        oriented=bool(len(sides)),
    )  # fmt: skip


def notes(checks: pd.DataFrame, right: Sequence[tuple[int, float, float]]) -> list[str]:
    """Both checks in words, with their numbers."""
    random = checks[checks["check"] == "random"]
    like = "; ".join(f"{_interval(row)}" for row in random.to_dict("records"))
    told = [
        f"Weights drawn anew: how like a person's map is to that of the same network without what it learnt (rank "
        f"correlation over places, mean over people): {like}. Near 0 a map is about what was learnt, near 1 about the "
        "picture alone."
    ]
    anew = checks[checks["check"] == "shuffled"]
    if not len(anew):
        return [*told, "Shuffled labels: not looked at (refits=0, or a class was left without people)."]
    people = sum(n for n, _, _ in right)
    again, own = (sum(n * values[k] for n, *values in right) / people for k in (0, 1))
    like = "; ".join(f"{_interval(row)}" for row in anew.to_dict("records"))
    light = "; ".join(
        f"{NAMES[row['method']]} {100 * row['brightest']:.0f} %, as learnt {100 * row['brightest_real']:.0f} %"
        for row in anew.to_dict("records")
    )
    told.append(
        f"Shuffled labels: {len(right)} {'network' if len(right) == 1 else 'networks'} learnt from labels that had "
        f"changed hands between people, and decided {100 * again:.0f} % of the samples of {people} people rightly, as "
        f"learnt {100 * own:.0f} %. Likeness of their maps: {like}. On the brightest tenth of a map lies {light}; 10 % "
        "would be even."
    )
    return told


def in_short(album: LightAlbum) -> str:
    """A line per check."""
    told = {"random": "random weights", "shuffled": "shuffled labels"}
    return "\n".join(
        f"likeness to {told[row['check']]}: {_interval(row)}, {row['people']} people"
        for row in bounded(album.checks()).to_dict("records")
    )


def bounded(checks: pd.DataFrame) -> pd.DataFrame:
    """Checks whose intervals stay within what a rank correlation can be; of too few people they have none."""
    enough = checks["people"] >= LEAST_PEOPLE
    ends = {name: checks[name].astype(float).clip(-1, 1).where(enough) for name in ("low", "high")}
    return checks.assign(**ends)


def _interval(row: Mapping[Any, Any]) -> str:
    ends = "" if np.isnan(row["low"]) else f" [{row['low']:.2f}, {row['high']:.2f}]"
    return f"{NAMES[row['method']]} {row['like']:.2f}{ends}"


def _title(row: Mapping[str, str]) -> str:
    side = f" · {row['side']} side affected" if row["side"] else ""
    return f"{row['sample']} · true {row['y']} · predicted {row['predicted']}{side}"
