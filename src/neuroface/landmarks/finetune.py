"""Fine-tuning a landmark network on annotated faces, as an estimator: fit on some people, predict on others."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from torch import Tensor, nn

from neuroface import face
from neuroface.errors import ConfigError, DataError, RunMismatchError, did_you_mean
from neuroface.landmarks import engines, heatmaps, losses, shape_basis, weights
from neuroface.landmarks.augment import Augmentation, middle
from neuroface.landmarks.fan import FAN, STRIDE
from neuroface.landmarks.placement import Placement, Portions, in_order
from neuroface.landmarks.training import JUDGED_BATCH, OPTIMISERS, Objective, Plan, Training, Views, wants_basis
from neuroface.processor import check_precision

CHOICES = {
    "parts": ("last_stack", "heads", "all"),
    "optimiser": tuple(OPTIMISERS),
    "schedule": ("steps", "cosine"),
    "precision": ("fp32", "bf16"),
    "cache": ("disk", "none"),
}
N_HOURGLASS = 2  # of FAN.last_parts: the hourglass and the block after it; the rest are heads
RECIPE_FILE = "recipe.json"
NOT_IDENTITY = ("device", "cache", "allow_download")  # how a training is run, not what comes out of it


class FineTune(BaseEstimator):
    """A FAN whose last part learns from annotated faces; what it learned before stays in the rest.

    weights, allow_download: the network to begin with; see weights.load. parts: what learns: "last_stack" (the last
    hourglass and its heads), "heads" (only what follows the hourglass) or "all"; the rest is frozen, its batch
    normalisation too. loss: a function of neuroface.landmarks.losses; None is the adaptive wing. optimiser: rmsprop or
    adamw. learning_rate, schedule, drops: see training.Plan. epochs, batch_size. augmentation, copies: each epoch shows
    the next of `copies` views of every face, the first as it is, the others changed (None: Augmentation()); with
    parts=all every epoch changes them anew. inner_share: share of the people that are held out to choose the epoch
    (epoch 0 is the network as it was); 0 takes the last epoch. precision: fp32 or bf16. device: auto, cpu, cuda,
    cuda:1. cache: "disk" keeps what the frozen part makes of every view in a memory map while training; "none" computes
    it each time, with the same result. random_state: of views, their order, and who is held out.
    Parts and loss are those of Guarin et al. (FG 2020), the optimiser that of Bulat & Tzimiropoulos (ICCV 2017).
    After `fit`: fan_, epoch_ (the chosen one), fitted_on_, history_ (per epoch: epoch, learning_rate, loss, nrmse,
    nrmse_<label>; errors are shares of the distance of the inner canthi, jaw left out).
    """

    def __init__(
        self,
        *,
        weights: Literal["official", "bundled"] | str | Path = "bundled",
        allow_download: bool = False,
        parts: str = "last_stack",
        loss: Callable[..., Tensor] | None = None,
        optimiser: str = "rmsprop",
        learning_rate: float = 1e-4,
        schedule: str = "steps",
        drops: tuple[float, ...] = (0.375, 0.75),
        epochs: int = 40,
        batch_size: int = 10,
        augmentation: Augmentation | None = None,
        copies: int = 4,
        inner_share: float = 0.15,
        precision: str = "fp32",
        device: str = "auto",
        cache: str = "disk",
        random_state: int = 0,
    ) -> None:
        self.weights = weights
        self.allow_download = allow_download
        self.parts = parts
        self.loss = loss
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.drops = drops
        self.epochs = epochs
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.copies = copies
        self.inner_share = inner_share
        self.precision = precision
        self.device = device
        self.cache = cache
        self.random_state = random_state
        self._validate()

    def check(self) -> None:
        """ConfigError for what cannot be here, before anything is fitted: the device, or its arithmetic."""
        check_precision(self.precision, engines.place(self.device), key="finetune.precision")

    def _validate(self) -> None:
        for key, options in CHOICES.items():
            value = getattr(self, key)
            if value not in options:
                raise ConfigError(f"finetune.{key}={value}: there is no such choice." + did_you_mean(value, options))
        for key in ("epochs", "batch_size", "copies"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"finetune.{key} must be a whole number of at least 1; got {value!r}.")
        if not self.learning_rate > 0:
            raise ConfigError(f"finetune.learning_rate must be more than 0; got {self.learning_rate!r}.")
        if not 0 <= self.inner_share < 1:
            raise ConfigError(f"finetune.inner_share is a share of people, 0 to below 1; got {self.inner_share!r}.")

    def fit(
        self,
        crops: np.ndarray,
        points: np.ndarray,
        *,
        groups: np.ndarray,
        labels: np.ndarray | None = None,
        checkpoint: Path | None = None,
    ) -> FineTune:
        """Learn from crops (n, S, S, 3) uint8 RGB and their landmarks (n, 68, 2) px of the crop; NaN is masked.

        S is the side of the network's input, or more by an even number of px that augmentation may bring into view.
        groups: (n,) who each row shows. labels: (n,) what people are grouped by (HC, ALS, ...), for history_ alone.
        checkpoint: folder from which an interrupted training goes on to the same result; left empty at the end.
        Errors: DataError for rows that do not fit together or too few people; ConfigError for crops of a size the
        network does not take, and for a loss that is no number any more; RunMismatchError for a folder with the
        checkpoint of another training.
        """
        self.check()
        points, people = np.asarray(points, dtype=np.float32), np.asarray(groups).astype(str)
        _check_rows(crops, points, people)
        known = None if labels is None else np.asarray(labels).astype(str)
        rows = np.flatnonzero(~_held_out(people, self.inner_share, self.random_state))
        with _workshop(checkpoint) as folder:
            self._same_training(folder, crops, points, people)
            training = self._training(folder, crops, points, rows=rows, people=people, labels=known)
            training.run()
            (folder / RECIPE_FILE).unlink()
        self.fan_, self.history_, self.epoch_ = training.fan, training.epochs.history, training.epochs.best_epoch
        self.fitted_on_ = weights.fitted_on(self.weights) | frozenset(people.tolist())
        return self

    def untrained(self) -> FineTune:
        """The same with the network as it is before fitting."""
        other = clone(self)
        other.fan_, other.history_, other.epoch_ = self._start(), [], 0
        other.fitted_on_ = weights.fitted_on(self.weights)
        return other

    def predict(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks (n, 68, 2) px of the crop, and scores (n, 68) 0..1, of crops (n, S, S, 3) uint8 as `fit` takes."""
        placement, portions = Placement(self.device, self.precision), Portions()
        fan = placement.network(self.fan_)
        points, score = np.empty((len(crops), face.N_POINTS, 2)), np.empty((len(crops), face.N_POINTS))
        for rows in in_order(np.arange(len(crops)), JUDGED_BATCH):
            found = portions(lambda some: _read(fan, crops[some], placement), rows)
            points[rows] = np.concatenate([at for at, _ in found])
            score[rows] = np.concatenate([height for _, height in found])
        return points, score

    def saved(self) -> tuple[str, bytes]:
        """("safetensors", content) of a weight file that `weights.load` reads, with whom the network was fitted on."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "fan.safetensors"
            weights.save(self.fan_, file, about={"epoch": str(self.epoch_)}, fitted_on=self.fitted_on_)
            return "safetensors", file.read_bytes()

    def _start(self) -> FAN:
        return weights.load(self.weights, allow_download=self.allow_download)

    def _training(
        self, folder: Path, crops: np.ndarray, points: np.ndarray, *, rows: np.ndarray, **who: Any
    ) -> Training:
        placement = Placement(self.device, self.precision)
        fan = placement.network(self._start())
        loss = self.loss or losses.adaptive_wing
        basis = shape_basis.fit(points[rows]) if wants_basis(loss) else None
        return Training(
            fan,
            _free(fan, self.parts),
            Views(crops, points, fan.size, self.augmentation or Augmentation(), self.random_state),
            Objective(loss, placement, basis),
            Plan(
                optimiser=self.optimiser,
                learning_rate=self.learning_rate,
                schedule=self.schedule,
                drops=tuple(self.drops),
                epochs=self.epochs,
                batch_size=self.batch_size,
                copies=self.copies,
                seed=self.random_state,
            ),
            rows=rows,
            folder=folder,
            cached=self.cache == "disk",
            **who,
        )

    def _same_training(self, folder: Path, crops: np.ndarray, points: np.ndarray, people: np.ndarray) -> None:
        """Note what this training is, or compare it with what is noted. Errors: RunMismatchError where they differ."""
        keys = self.get_params(deep=False).items()
        recipe = {key: _told(value) for key, value in keys if key not in NOT_IDENTITY}
        start = weights.find(self.weights, allow_download=self.allow_download)
        recipe |= {"faces": _digest(crops, points, people), "weights": _file_digest(start)}
        file = folder / RECIPE_FILE
        if not file.is_file():
            file.write_text(json.dumps(recipe), encoding="utf-8")
            return
        before = json.loads(file.read_text(encoding="utf-8"))
        other = sorted(key for key in recipe.keys() | before.keys() if recipe.get(key) != before.get(key))
        if other:
            raise RunMismatchError(
                f"{folder} holds another training, which differs in: {', '.join(other)}. Choose another folder, or "
                "delete this one to start again."
            )


def _free(fan: FAN, parts: str) -> nn.Module:
    """Freeze a network but for the parts that learn; those parts."""
    last = fan.last_parts()
    free: nn.Module = fan
    if parts != "all":
        free = nn.ModuleList(last if parts == "last_stack" else last[N_HOURGLASS:])
    fan.requires_grad_(False)
    return free.requires_grad_(True)


@torch.no_grad()
def _read(fan: FAN, crops: np.ndarray, placement: Placement) -> tuple[np.ndarray, np.ndarray]:
    """Points (B, 68, 2) px of the crop and scores (B, 68)."""
    pictures, _ = middle(crops, np.empty((len(crops), 0, 2)), fan.size)
    with placement.autocast():
        maps = fan(placement.pictures(pictures))[-1]
    points, score = heatmaps.decode(maps)
    border = (crops.shape[1] - fan.size) // 2
    return heatmaps.to_crop(points, stride=STRIDE).cpu().numpy() + border, score.clamp(0, 1).cpu().numpy()


def _check_rows(crops: np.ndarray, points: np.ndarray, people: np.ndarray) -> None:
    n = len(crops)
    if points.shape != (n, face.N_POINTS, 2) or people.shape != (n,) or not n:
        raise DataError(
            f"{n} crops, points {points.shape} and {people.shape} people: ({n}, {face.N_POINTS}, 2) points and one "
            "person per crop are needed, and at least one crop."
        )
    if crops.ndim != 4 or crops.shape[1] != crops.shape[2] or crops.shape[3] != 3 or crops.dtype != np.uint8:
        raise DataError(f"Crops must be (n, S, S, 3) uint8; got {crops.shape} {crops.dtype}.")
    empty = np.flatnonzero(~np.isfinite(points).all(axis=2).any(axis=1))
    if len(empty):
        raise DataError(f"{len(empty)} of {n} crops have no landmark, the first is row {empty[0]}. Leave them out.")


def _held_out(people: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(n,) bool: rows of the people who choose the epoch; at least one of them unless the share is 0."""
    names = np.unique(people)
    if share == 0:
        return np.zeros(len(people), dtype=bool)
    if len(names) < 2:
        raise DataError(
            f"All faces are of {names[0]}, so nobody can be held out to choose the epoch. Set finetune.inner_share=0 "
            "to take the last one."
        )
    count = min(max(1, round(share * len(names))), len(names) - 1)
    return np.isin(people, np.random.default_rng([seed, 0]).permutation(names)[:count])


@contextmanager
def _workshop(checkpoint: Path | None) -> Iterator[Path]:
    """The folder to work in: the given one, or one that is gone afterwards."""
    if checkpoint is not None:
        checkpoint.mkdir(parents=True, exist_ok=True)
        yield checkpoint
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _told(value: Any) -> Any:
    """A key's value as JSON tells it, the same in every process."""
    if isinstance(value, partial):
        return {"function": _told(value.func), **value.keywords}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if callable(value):
        return f"{value.__module__}.{value.__qualname__}"
    return list(value) if isinstance(value, tuple | list) else value


def _digest(crops: np.ndarray, points: np.ndarray, people: np.ndarray) -> str:
    digest = hashlib.sha256("\x1f".join(people).encode() + points.tobytes())
    for crop in crops:
        digest.update(np.ascontiguousarray(crop).data)
    return digest.hexdigest()


def _file_digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
