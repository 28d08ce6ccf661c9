"""Fine-tuning a landmark network on annotated faces, as an estimator: fit on some people, predict on others."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from neuroface.errors import ConfigError, DataError, RunMismatchError, did_you_mean
from neuroface.landmarks import augment, heatmaps, losses, metrics, shape_basis, weights
from neuroface.landmarks.augment import Augmentation
from neuroface.landmarks.fan import FAN, STRIDE
from neuroface.landmarks.training import (
    Epochs,
    Objective,
    Placement,
    Portions,
    Views,
    in_order,
    learning_rate,
    shuffled,
    wants_basis,
)
from neuroface.landmarks.trunk_cache import TrunkCache

PARTS = ("last_stack", "heads", "all")
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    # 0.99 is torch's, and that of the Torch7 code that FAN was published with
    "rmsprop": torch.optim.RMSprop,
    "adamw": torch.optim.AdamW,
}
CHOICES = {
    "parts": PARTS,
    "optimiser": tuple(OPTIMISERS),
    "schedule": ("steps", "cosine"),
    "precision": ("fp32", "bf16"),
    "cache": ("disk", "none"),
}
CHECKPOINT_FILE, RECIPE_FILE = "checkpoint.pt", "recipe.json"
INNER_BATCH = 32
# neither changes what comes out
NOT_IDENTITY = ("device", "cache", "allow_download")


class FineTune(BaseEstimator):
    """A FAN whose last part learns from annotated faces; what it learned before stays in the rest.

    weights, allow_download: the network to begin with; see weights.load. parts: what learns: "last_stack" (the last
    hourglass and its heads), "heads" (only what follows the hourglass), or "all"; the rest is frozen, its batch
    normalisation too. loss: function of neuroface.landmarks.losses; None is the adaptive wing. optimiser: rmsprop or
    adamw. learning_rate, schedule, drops: see training.learning_rate. epochs, batch_size. augmentation, copies: each
    epoch shows the next of `copies` views of every face, the first as it is, the others changed; with parts=all every
    epoch changes them anew. inner_share: share of the people that are held out of the training to choose the epoch
    (0: the last one is taken); epoch 0 is the network as it was. precision: fp32 or bf16. device: auto, cpu, cuda...
    random_state: of views, their order, and who is held out. cache: "disk" keeps the frozen part's features of every
    view in a memory map while training; "none" computes them each time, with the same result.
    The defaults of the optimiser are those FAN was trained with (Bulat & Tzimiropoulos, ICCV 2017), what is frozen and
    the loss those of Guarin et al., FG 2020.
    After `fit`: fan_, history_ (one dict per epoch: loss, nrmse, nrmse_<label>), epoch_ (the chosen one), fitted_on_.
    """

    def __init__(
        self,
        *,
        weights: str = "bundled",
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

    def _validate(self) -> None:
        for key, options in CHOICES.items():
            if getattr(self, key) not in options:
                raise ConfigError(
                    f"finetune.{key}={getattr(self, key)}: there is no such choice."
                    + did_you_mean(getattr(self, key), options)
                )
        for key in ("epochs", "batch_size", "copies"):
            if isinstance(getattr(self, key), bool) or not isinstance(getattr(self, key), int) or getattr(self, key) < 1:
                raise ConfigError(f"finetune.{key} must be a whole number of at least 1; got {getattr(self, key)!r}.")
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

        S is the network's input, or larger by an even number of px that augmentation may bring into view. groups: (n,)
        who each row shows. labels: (n,) what people are grouped by (HC, ALS, ...), for history_ alone. checkpoint: a
        folder from which an interrupted training goes on, to the same result; emptied at the end.
        Errors: DataError for rows that do not fit together or too few people; ConfigError for crops of a size the
        network does not take, and for a loss that is no number any more; RunMismatchError for the checkpoint of
        another training.
        """
        points, groups = np.asarray(points, dtype=np.float32), np.asarray(groups).astype(str)
        _check_rows(crops, points, groups)
        inner = _held_out(groups, self.inner_share, self.random_state)
        with _workshop(checkpoint) as folder:
            self._same_training(folder, crops, points, groups)
            training = _Training(self, folder, crops, points, inner)
            training.label(groups, labels)
            training.run()
        self.fan_, self.history_, self.epoch_ = training.fan.cpu().eval(), training.epochs.history, training.chosen
        self.fitted_on_ = weights.fitted_on(self.weights) | frozenset(groups.tolist())
        return self

    def untrained(self) -> FineTune:
        """The same with the network as it is before fitting."""
        from sklearn.base import clone

        other = clone(self)
        other.fan_, other.history_, other.epoch_ = self._start(), [], 0
        other.fitted_on_ = weights.fitted_on(self.weights)
        return other

    def predict(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks (n, 68, 2) px of the crop and scores (n, 68) for crops (n, S, S, 3) uint8 as given to `fit`."""
        placement = self._placement()
        fan = self.fan_.to(placement.device, memory_format=torch.channels_last)
        portions = Portions(INNER_BATCH)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for rows in in_order(np.arange(len(crops)), INNER_BATCH):
            found += portions(lambda some: _read(fan, crops[some], placement), rows)
        if not found:
            return np.empty((0, fan.landmarks, 2)), np.empty((0, fan.landmarks))
        return np.concatenate([at for at, _ in found]), np.concatenate([score for _, score in found])

    def saved(self) -> tuple[str, bytes]:
        """("safetensors", bytes): the fitted network as a weight file that `weights.load` reads."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "fan.safetensors"
            weights.save(self.fan_, file, about={"epoch": str(self.epoch_)}, fitted_on=self.fitted_on_)
            return "safetensors", file.read_bytes()

    def _start(self) -> FAN:
        return weights.load(self.weights, allow_download=self.allow_download)

    def _placement(self) -> Placement:
        name = ("cuda" if torch.cuda.is_available() else "cpu") if self.device == "auto" else self.device
        return Placement(torch.device(name), self.precision)

    def _same_training(self, folder: Path, crops: np.ndarray, points: np.ndarray, groups: np.ndarray) -> None:
        """Note what this training is, or compare with what is noted. Errors: RunMismatchError where they differ."""
        file = folder / RECIPE_FILE
        recipe = {key: _told(value) for key, value in self.get_params(deep=False).items() if key not in NOT_IDENTITY}
        recipe |= {"faces": _digest(crops, points, groups)}
        if not file.is_file():
            file.write_text(json.dumps(recipe))
            return
        before = json.loads(file.read_text())
        other = sorted(key for key in recipe.keys() | before.keys() if recipe.get(key) != before.get(key))
        if other:
            raise RunMismatchError(
                f"{folder} holds a checkpoint of another training; {', '.join(other)} differ. Choose another folder, "
                "or delete this one to start again."
            )


class _Training:
    """One fit: the network, its views, the cache and the epochs."""

    def __init__(
        self, chosen: FineTune, folder: Path, crops: np.ndarray, points: np.ndarray, inner: np.ndarray
    ) -> None:
        self.keys, self.folder, self.placement = chosen, folder, chosen._placement()
        self.fan = chosen._start().to(self.placement.device, memory_format=torch.channels_last)
        self.parts = _unfreeze(self.fan, chosen.parts)
        self.whole = chosen.parts == "all"
        self.augmentation = chosen.augmentation or Augmentation()
        self.rows, self.inner_rows = np.flatnonzero(~inner), np.flatnonzero(inner)
        self.views = Views(crops, points, self.fan.size, self.augmentation, chosen.random_state)
        basis = None
        loss = chosen.loss or losses.adaptive_wing
        if wants_basis(loss):
            basis = shape_basis.fit(points[self.rows])
        self.objective = Objective(loss, basis, self.placement)
        self.portions = Portions(chosen.batch_size)
        optimiser = OPTIMISERS[chosen.optimiser](self.parts.parameters(), lr=chosen.learning_rate)
        self.epochs = Epochs(self.parts, optimiser)
        self.copies = chosen.epochs if self.whole else chosen.copies
        self.trunk = None if self.whole or chosen.cache == "none" else self._cached_trunk()

    def label(self, groups: np.ndarray, labels: np.ndarray | None) -> None:
        """Who the inner held-out rows show, and what each is labelled."""
        self.people = groups[self.inner_rows]
        self.labels = None if labels is None else np.asarray(labels).astype(str)[self.inner_rows]

    def run(self) -> None:
        """All epochs that are not done; leaves the network at its best epoch, and the folder without large files."""
        file = self.folder / CHECKPOINT_FILE
        if file.is_file():
            self.epochs.restore(file, self.placement.device)
        else:
            self._finish_epoch({"epoch": 0})
        while self.epochs.done < self.keys.epochs:
            self._finish_epoch(self._epoch(self.epochs.done + 1))
            self.epochs.save(file)
        self.parts.load_state_dict(self.epochs.best)
        self.chosen = self.epochs.best_epoch
        if self.trunk is not None:
            self.trunk.remove()
        file.unlink(missing_ok=True)
        (self.folder / RECIPE_FILE).unlink()

    def _epoch(self, epoch: int) -> dict[str, Any]:
        self.fan.eval()
        self.parts.train()
        copy, total, n_batches = (epoch - 1) % self.copies, 0.0, -(-len(self.rows) // self.keys.batch_size)
        batches = shuffled(len(self.rows), self.keys.batch_size, seed=self.keys.random_state, epoch=epoch)
        for number, batch in enumerate(batches):
            rate = learning_rate(
                self.keys.learning_rate,
                self.keys.schedule,
                tuple(self.keys.drops),
                (epoch - 1 + number / n_batches) / self.keys.epochs,
            )
            for group in self.epochs.optimiser.param_groups:
                group["lr"] = rate
            total += len(batch) * self._step(batch, copy)
            if not np.isfinite(total):
                raise ConfigError(
                    f"The loss is no number any more in epoch {epoch}, at learning rate {rate:.1e}. Set a smaller "
                    "finetune.learning_rate."
                )
        return {"epoch": epoch, "learning_rate": rate, "loss": total / len(self.rows)}

    def _step(self, batch: np.ndarray, copy: int) -> float:
        """One step of the optimiser on positions `batch` among the training rows; the mean loss."""

        def backward(portion: np.ndarray) -> float:
            if portion[0] == batch[0]:  # the first portion, also when a batch begins anew in smaller ones
                self.epochs.optimiser.zero_grad()
            loss = self._loss(portion, copy) * (len(portion) / len(batch))
            loss.backward()
            return float(loss.detach())

        losses_of_portions = self.portions(backward, batch)
        self.epochs.optimiser.step()
        return sum(losses_of_portions)

    def _loss(self, portion: np.ndarray, copy: int) -> Tensor:
        rows = self.rows[portion]
        if self.trunk is not None:
            points = self.points[copy * len(self.rows) + portion]
            features = self.trunk[copy * len(self.rows) + portion].to(self.placement.device)
        else:
            pictures, points = self.views(rows, copy)
            features = None if self.whole else self._features(pictures)
        with self.placement.autocast():
            predicted = self.fan(self.placement.pictures(pictures)) if features is None else [self.fan.last(features)]
        return self.objective(predicted, points, self.fan.size)

    def _features(self, pictures: np.ndarray) -> Tensor:
        with torch.no_grad(), self.placement.autocast():
            return self.fan.trunk(self.placement.pictures(pictures))
