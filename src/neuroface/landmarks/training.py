"""The training loop of a landmark network: epochs over views of faces, a checkpoint after each, the best one kept."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import heatmaps, metrics
from neuroface.landmarks.augment import Augmentation, middle
from neuroface.landmarks.fan import FAN, STRIDE
from neuroface.landmarks.placement import Placement, Portions, in_order
from neuroface.landmarks.shape_basis import ShapeBasis
from neuroface.landmarks.trunk_cache import TrunkCache

CHECKPOINT_FILE, TRUNK_FILE = "checkpoint.pt", "trunk"
WARM_UP = 0.05  # share of a cosine schedule in which the learning rate rises from 0
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "rmsprop": torch.optim.RMSprop,
    "adamw": torch.optim.AdamW,
}
JUDGED_BATCH = 32  # images at once where nothing learns


@dataclass(frozen=True, eq=False)
class Views:
    """What a network is shown of annotated faces.

    crops: (n, S, S, 3) uint8, S at least `size`. points: (n, 68, 2) px of the crop. A view depends on the seed, the
    row and the number of the copy alone; copy 0 is the middle of the crop as it is.
    """

    crops: np.ndarray
    points: np.ndarray
    size: int
    augmentation: Augmentation
    seed: int

    def __call__(self, rows: np.ndarray, copy: int) -> tuple[np.ndarray, np.ndarray]:
        """(B, size, size, 3) uint8 and (B, 68, 2) px of the view."""
        if copy == 0:
            return middle(self.crops[rows], self.points[rows], self.size)
        views = [self._changed(int(row), copy) for row in rows]
        return np.stack([picture for picture, _ in views]), np.stack([points for _, points in views])

    def _changed(self, row: int, copy: int) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng([self.seed, copy, row])
        return self.augmentation(self.crops[row], self.points[row], self.size, generator)


@dataclass(frozen=True, eq=False)
class Objective:
    """How wrong heat-maps are: a loss of neuroface.landmarks.losses against maps drawn around the points.

    basis: of the training people, for a loss that also wants maps of the smoothed points.
    """

    loss: Callable[..., Tensor]
    placement: Placement
    basis: ShapeBasis | None = None

    def __call__(self, predicted: list[Tensor], points: np.ndarray) -> Tensor:
        """The sum over the heat-maps of all stacks. points: (B, 68, 2) px of the view; NaN or outside is masked."""
        cells = predicted[-1].shape[-1]
        truth = heatmaps.from_crop(self.placement.tensor(points), stride=STRIDE)
        keys: dict[str, Any] = {"seen": ((truth > -0.5) & (truth < cells - 0.5)).all(dim=-1)}
        if self.basis is not None:
            smoothed = self.placement.tensor(self.basis.smooth(points))
            keys["smoothed"] = heatmaps.draw(heatmaps.from_crop(smoothed, stride=STRIDE), cells)
        target = heatmaps.draw(truth, cells)
        # of the layout of the target: element-wise work on two layouts takes three times as long
        return torch.stack([self.loss(maps.float().contiguous(), target, **keys) for maps in predicted]).sum()


def wants_basis(loss: Callable[..., Tensor]) -> bool:
    """Whether a loss also compares with heat-maps of the points as a shape basis smooths them."""
    return "smoothed" in inspect.signature(loss).parameters


@dataclass(frozen=True)
class Plan:
    """How long and how fast a network learns.

    schedule "steps": the learning rate falls to a tenth after each share of the training in `drops`; "cosine": it rises
    over the first 5 %, then falls as half a cosine to 0.
    """

    optimiser: str
    learning_rate: float
    schedule: str
    drops: tuple[float, ...]
    epochs: int
    batch_size: int
    copies: int
    seed: int

    def rate(self, progress: float) -> float:
        """The learning rate at `progress`, 0..1, of the training."""
        if self.schedule == "steps":
            return self.learning_rate * 0.1 ** sum(progress >= drop for drop in self.drops)
        if progress < WARM_UP:
            return self.learning_rate * progress / WARM_UP
        return float(self.learning_rate * (1 + np.cos(np.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)

    def batches(self, n: int, epoch: int) -> Iterator[tuple[float, np.ndarray]]:
        """(learning rate, positions) of an epoch's batches; their order depends on the seed and the epoch alone."""
        order = np.random.default_rng([self.seed, epoch]).permutation(n)
        count = -(-n // self.batch_size)  # of even sizes: batch normalisation fails on a last batch of one
        for number, batch in enumerate(np.array_split(order, count)):
            yield self.rate((epoch - 1 + number / count) / self.epochs), batch


@dataclass(eq=False)
class Epochs:
    """Where a training is: how many epochs are done, what was noted of each, and the trainable parts at their best."""

    done: int = -1
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    best_error: float = float("inf")

    def note(self, entry: dict[str, Any], parts: nn.Module) -> None:
        """An epoch is over. Without an error of inner held-out people the last epoch is the best."""
        self.done = entry["epoch"]
        self.history.append(entry)
        error = entry.get("nrmse", float("-inf"))
        if error < self.best_error or "nrmse" not in entry:
            self.best_epoch, self.best_error = self.done, error
            self.best = {name: value.detach().cpu().clone() for name, value in parts.state_dict().items()}


class Training:
    """One network that learns from some rows and is judged by others after each epoch.

    parts: what of `fan` learns, or `fan` itself. rows: (m,) numbers of the rows to learn from; the others judge.
    people: (n,) who each row shows. labels: (n,) what people are grouped by, or None. folder: where the checkpoint
    lives, and with `cached` the features of what is frozen.
    """

    def __init__(
        self,
        fan: FAN,
        parts: nn.Module,
        views: Views,
        objective: Objective,
        plan: Plan,
        *,
        rows: np.ndarray,
        people: np.ndarray,
        labels: np.ndarray | None,
        folder: Path,
        cached: bool,
    ) -> None:
        self.fan, self.parts, self.objective, self.plan = fan, parts, objective, plan
        self.placement, self.portions, self.folder = objective.placement, Portions(), folder
        self.rows, self.people, self.labels = rows, people, labels
        self.judged, self.truth = _judges(views, rows)
        self.optimiser = OPTIMISERS[plan.optimiser](parts.parameters(), lr=plan.learning_rate)
        self.epochs = Epochs()
        self.views, self.whole, self.cache = views, parts is fan, None
        if cached and not self.whole:
            n, file = len(views.points), folder / TRUNK_FILE
            self.cache = TrunkCache(file, views, self._frozen, n=n, varied=rows, copies=plan.copies)

    def run(self) -> None:
        """The epochs that are not done yet; leaves the network at its best epoch, and nothing in the folder."""
        file = self.folder / CHECKPOINT_FILE
        if file.is_file():
            self._restore(file)
        while self.epochs.done < self.plan.epochs:
            epoch = self.epochs.done + 1
            learned = self._learn(epoch) if epoch else {}
            self.epochs.note({"epoch": epoch, **learned, **self._judge()}, self.parts)
            self._save(file)
        self.parts.load_state_dict(self.epochs.best)
        self.fan.eval()
        if self.cache is not None:
            self.cache.remove()
        file.unlink()

    def _learn(self, epoch: int) -> dict[str, float]:
        """One epoch; its last learning rate and mean loss."""
        self.fan.eval()
        self.parts.train()
        # the whole network is computed anew each time, so what it sees may as well be new each time
        copy, total, rate = epoch - 1 if self.whole else (epoch - 1) % self.plan.copies, 0.0, 0.0
        for rate, batch in self.plan.batches(len(self.rows), epoch):
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            total += len(batch) * self._step(self.rows[batch], copy)
            if not np.isfinite(total):
                raise ConfigError(
                    f"The loss is no number any more in epoch {epoch}, at learning rate {rate:.1e}. Set a smaller "
                    "finetune.learning_rate."
                )
        return {"learning_rate": rate, "loss": total / len(self.rows)}

    def _step(self, rows: np.ndarray, copy: int) -> float:
        """One step of the optimiser; the mean loss before it."""

        def backward(portion: np.ndarray) -> float:
            predicted, points = self._heatmaps(portion, copy)
            loss = self.objective(predicted, points) * (len(portion) / len(rows))
            loss.backward()
            return float(loss.detach())

        losses = self.portions(backward, rows, begin=self.optimiser.zero_grad)
        self.optimiser.step()
        return sum(losses)

    def _heatmaps(self, rows: np.ndarray, copy: int) -> tuple[list[Tensor], np.ndarray]:
        """Those of all stacks that learn, and the points (B, 68, 2) px of the views."""
        if self.cache is not None:
            features, points = self.cache(rows, copy)
            features = features.to(self.placement.device)
        else:
            pictures, points = self.views(rows, copy)
            features = self.placement.pictures(pictures) if self.whole else self._frozen(pictures)
        with self.placement.autocast():
            return (self.fan(features) if self.whole else [self.fan.last(features)]), points

    def _frozen(self, pictures: np.ndarray) -> Tensor:
        """(B, C, h, w): what the part that does not learn makes of pictures."""

        def trunk(rows: np.ndarray) -> Tensor:
            with torch.no_grad(), self.placement.autocast():
                return self.fan.trunk(self.placement.pictures(pictures[rows]))

        return torch.cat(self.portions(trunk, np.arange(len(pictures))))

    @torch.no_grad()
    def _judge(self) -> dict[str, float]:
        """Error of the people held out, each weighing 1: nrmse, and nrmse_<label> of those with a label."""
        if not len(self.judged):
            return {}
        self.fan.eval()
        found = []
        for rows in in_order(self.judged, JUDGED_BATCH):
            found += self.portions(self._points, rows)
        errors = metrics.errors(np.concatenate(found), self.truth)
        return _per_person(errors, self.people[self.judged], None if self.labels is None else self.labels[self.judged])

    def _points(self, rows: np.ndarray) -> np.ndarray:
        """(B, 68, 2) px of the view, as predicted."""
        points, _ = heatmaps.decode(self._heatmaps(rows, 0)[0][-1])
        return heatmaps.to_crop(points, stride=STRIDE).cpu().numpy()

    def _save(self, file: Path) -> None:
        """The file appears whole or not at all."""
        learned, steps = self.parts.state_dict(), self.optimiser.state_dict()
        state = {"parts": learned, "optimiser": steps, "epochs": vars(self.epochs)}
        half = file.with_name(f"{file.name}.half")
        torch.save(state, half)
        half.replace(file)

    def _restore(self, file: Path) -> None:
        """Errors: DataError for a file that cannot be read."""
        try:
            state = torch.load(file, map_location=self.placement.device, weights_only=True)
        except Exception as error:  # torch raises one of half a dozen kinds, by how the file is wrong
            raise DataError(f"{file} is no checkpoint, or it is damaged. Delete its folder to train again.") from error
        self.parts.load_state_dict(state["parts"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epochs = Epochs(**state["epochs"])


def _judges(views: Views, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows not among `rows` that can be scored, and their points (k, 68, 2) px of the view."""
    others = np.setdiff1d(np.arange(len(views.points)), rows)
    canthi = views.points[others][:, [face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER]]
    judged = others[np.isfinite(canthi).all(axis=(1, 2))]
    if len(others) and not len(judged):
        raise DataError(
            "None of the inner held-out faces has both inner canthi marked, by whose distance errors are divided. Set "
            "finetune.inner_share=0 to train without judging epochs."
        )
    _, points = views(judged, 0)
    return judged, points


def _per_person(errors: np.ndarray, people: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """Mean over people of each one's mean error, of all and by label."""
    means = {person: errors[people == person].mean() for person in np.unique(people)}
    found = {"nrmse": float(np.mean(list(means.values())))}
    for label in [] if labels is None else np.unique(labels):
        found[f"nrmse_{label}"] = float(np.mean([means[person] for person in np.unique(people[labels == label])]))
    return found
