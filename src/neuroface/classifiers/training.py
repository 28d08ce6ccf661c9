"""The training of one network: epochs, the choice among them, and how it goes on after an interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neuroface.classifiers import checkpoint as checkpoints
from neuroface.classifiers.devices import chance, set_chance
from neuroface.classifiers.inputs import Inputs, Rows
from neuroface.classifiers.objectives import Objective
from neuroface.errors import RunFailedError

Forward = Callable[[Any, Any], Tensor]
PREDICTED_TOGETHER = 16  # rows at least, which need no memory for gradients
CHECKPOINT_S = 3.0  # at least so long between two checkpoints

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": lambda parameters, **keys: torch.optim.SGD(parameters, momentum=0.9, nesterov=True, **keys),
    "momentum": lambda parameters, **keys: torch.optim.SGD(parameters, momentum=0.9, **keys),
}
RISE = 0.1  # share of the epochs in which a warm schedule rises

# Learning rate relative to its base, of epoch e (from 0) of n.
SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "constant": lambda e, n: 1.0,
    "cosine": lambda e, n: (1 + math.cos(math.pi * e / n)) / 2,
    "warm_cosine": lambda e, n: min((e + 1) / (RISE * n), 1.0) * (1 + math.cos(math.pi * e / n)) / 2,
    "exponential": lambda e, n: 0.9**e,
    "warm_exponential": lambda e, n: min((e + 1) / (RISE * n), 1.0) * 0.9**e,
}


@dataclass(frozen=True)
class Tunables:
    """How to train; the keys of TorchClassifier of the same names say what each means."""

    max_epochs: int
    batch_size: int
    learning_rate: float
    optimiser: str
    schedule: str
    weight_decay: float
    clip_norm: float | None
    label_smoothing: float
    mixup: float
    patience: int
    precision: str
    compile: bool
    sampling: str
    save_every: int | None


@dataclass(eq=False)
class Training:
    """A network on its way. `run` leaves it at the chosen epoch, and `history` tells of every epoch.

    rows: prepared X (n, ...). targets: (n, n_classes) one-hot, then what else the objective learns. weights: (n,) with
    mean 1. learn, held: positions to learn from and to watch, disjoint; with nobody held out the last epoch is taken.
    generator: draws batches, mixup and augmentation; on the CPU, so that every device learns from the same.
    by_accuracy: the epoch is chosen by the accuracy of those watched, the last of equal ones, and training never stops
    early; otherwise by their loss. snapshot: told of the network's epoch, every `save_every` of them.
    """

    network: nn.Module
    inputs: Inputs
    objective: Objective
    tunables: Tunables
    rows: Rows
    targets: Tensor
    weights: Tensor
    learn: np.ndarray
    held: np.ndarray
    device: torch.device
    generator: torch.Generator
    n_classes: int
    by_accuracy: bool = False
    snapshot: Callable[[int], None] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0

    def __post_init__(self) -> None:
        tunables = self.tunables
        make = OPTIMISERS[tunables.optimiser]
        self.optimiser = make(self.network.parameters(), lr=tunables.learning_rate, weight_decay=tunables.weight_decay)
        self._forward = runner(self.network, self.tunables.precision, compile=tunables.compile)

    def run(self, keep: Path | None, identity: Mapping[str, Any]) -> None:
        """Train to the end, from a checkpoint at `keep` where there is one, else from the start.

        identity: what a checkpoint must agree with. Errors: RunFailedError naming the epoch whose loss is no number.
        """
        if keep is not None and keep.is_file():
            kept = checkpoints.read(keep, identity, self.device)
            if kept is not None:
                self._restore(kept)
        kept_at = time.monotonic()
        while not self._finished():
            self._epoch(len(self.history))
            if self.snapshot and self.tunables.save_every and len(self.history) % self.tunables.save_every == 0:
                self.snapshot(len(self.history))
            if keep is not None and time.monotonic() - kept_at >= CHECKPOINT_S:
                checkpoints.write(keep, identity, self._state())
                kept_at = time.monotonic()
        if self.best:
            self.network.load_state_dict(self.best)

    def _finished(self) -> bool:
        done = len(self.history)
        waited = bool(self.best) and not self.by_accuracy and done - self.best_epoch > self.tunables.patience
        return done >= self.tunables.max_epochs or waited

    def _epoch(self, epoch: int) -> None:
        """Learn once from every row, then judge the people held out."""
        rate = self.tunables.learning_rate * SCHEDULES[self.tunables.schedule](epoch, self.tunables.max_epochs)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.network.train()
        total = torch.zeros((), device=self.device)
        before = self.targets.clone() if self.objective.relabel else self.targets
        for at in self._batches():
            total += self._step(at, epoch) * (len(at) / len(self.learn))
        told = {"epoch": epoch + 1, "loss": self._number(total, epoch), "learning_rate": rate}
        if self.objective.relabel:
            told["relabelled"] = int((before != self.targets).any(dim=1).sum())
        if len(self.held):
            loss, accuracy = self._judged()
            told |= {"held_out_loss": self._number(loss, epoch), "held_out_accuracy": float(accuracy)}
            if not self.best or self._better(told, self.history[self.best_epoch - 1]):
                self.best = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
                self.best_epoch = epoch + 1
        self.history.append(told)

    def _better(self, told: Mapping[str, Any], best: Mapping[str, Any]) -> bool:
        if self.by_accuracy:
            return bool(told["held_out_accuracy"] >= best["held_out_accuracy"])
        return bool(told["held_out_loss"] < best["held_out_loss"])

    def _batches(self) -> list[Tensor]:
        """Row positions of one epoch, shuffled, in batches of nearly equal size: no small one is left over to drop,
        or to give batch normalisation a single row. Weighted sampling draws as many by their weights, with replacement.
        """
        size, n = self.tunables.batch_size, len(self.learn)
        count = math.ceil(n / size)
        if size > 1:
            count = min(count, max(1, n // 2))
        if self.tunables.sampling == "weighted":
            shares = self.weights[torch.from_numpy(self.learn).to(self.device)].cpu()
            order = torch.multinomial(shares, n, replacement=True, generator=self.generator)
        else:
            order = torch.randperm(n, generator=self.generator)
        return list(torch.from_numpy(self.learn)[order].tensor_split(count))

    def _step(self, at: Tensor, epoch: int) -> Tensor:
        """One step of the optimiser; the weighted loss of the batch, still on the device.

        Labels that the objective mends are mended by the outputs of this very step, as published self-cure networks do.
        """
        x, seen = self.inputs.batch(self.rows, at, self.device, self.generator)
        here = at.to(self.device)
        targets, weights = self.targets[here], self.weights[here]
        if self.tunables.sampling == "weighted":
            weights = torch.ones_like(weights)  # they have counted in the draw
        smoothing, classes = self.tunables.label_smoothing, targets[:, : self.n_classes]
        smooth = (1 - smoothing) * classes + smoothing / self.n_classes
        targets = torch.cat([smooth, targets[:, self.n_classes :]], dim=1)
        if self.tunables.mixup:
            x, seen, targets, weights = self._mixed(x, seen, targets, weights)
        outputs = self._forward(x, seen)
        loss = (weights * self.objective.losses(outputs, targets)).mean()
        if self.objective.penalty:
            loss = loss + self.objective.penalty(outputs)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.tunables.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.tunables.clip_norm)
        self.optimiser.step()
        if self.objective.relabel:
            self.targets[here] = self.objective.relabel(epoch + 1, outputs.detach(), self.targets[here])
        return loss.detach()

    def _mixed(self, x: Any, seen: Any, targets: Tensor, weights: Tensor) -> tuple[Any, Any, Tensor, Tensor]:
        """Each row with a share of another. A mixed series goes on as long as the longer; what has ended counts 0. Of
        the pictures of a part, a mixed one is there where both are.

        Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018.
        """
        share = self._beta(self.tunables.mixup)
        other = torch.randperm(len(targets), generator=self.generator).to(self.device)

        def mix(values: Tensor) -> Tensor:
            return share * values + (1 - share) * values[other]

        def together(mask: Tensor | None) -> Tensor | None:
            if mask is None:
                return None
            return mask & mask[other] if mask.ndim == 1 else mask | mask[other]

        if isinstance(x, dict):
            x, seen = {k: mix(v) for k, v in x.items()}, {k: together(v) for k, v in seen.items()}
        else:
            x, seen = mix(x), together(seen)
        return x, seen, mix(targets), mix(weights)

    def _beta(self, alpha: float) -> float:
        """One number of Beta(alpha, alpha), drawn by this training's own generator."""
        seed = int(torch.randint(2**31, (), generator=self.generator))
        return float(np.random.default_rng(seed).beta(alpha, alpha))

    def _judged(self) -> tuple[Tensor, Tensor]:
        """Weighted mean loss and accuracy of the rows held out."""
        outputs = outputs_of(self._forward, self.network, self.inputs, self.rows, self.held, self.tunables.batch_size)
        held = torch.from_numpy(self.held).to(self.device)
        targets, weights = self.targets[held], self.weights[held] / self.weights[held].sum()
        right = self.objective.probabilities(outputs).argmax(dim=1) == targets[:, : self.n_classes].argmax(dim=1)
        return weights @ self.objective.losses(outputs, targets), weights @ right.float()

    def _number(self, loss: Tensor, epoch: int) -> float:
        value = float(loss)
        if math.isfinite(value):
            return value
        raise RunFailedError(
            f"The loss of epoch {epoch + 1} is not a number. Lower classifier.learning_rate "
            f"({self.tunables.learning_rate:g}), or set classifier.clip_norm or classifier.precision=fp32."
        )

    def _state(self) -> dict[str, Any]:
        """Everything the next epoch depends on."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "best_epoch": self.best_epoch,
            "history": self.history,
            "generator": self.generator.get_state(),
            "chance": chance(self.device),
            **({"targets": self.targets} if self.objective.relabel else {}),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best, self.best_epoch, self.history = state["best"], state["best_epoch"], state["history"]
        self.targets = state.get("targets", self.targets)
        self.generator.set_state(state["generator"].cpu())
        set_chance(state["chance"], self.device)


def runner(network: nn.Module, precision: str, *, compile: bool = False) -> Forward:
    """The network's forward in the precision asked for, with float32 outputs."""
    forward = torch.compile(network) if compile else network

    def run(x: Any, seen: Any) -> Tensor:
        kind = next(network.parameters()).device.type
        with torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16"):
            return forward(x, seen).float()

    return run


@torch.no_grad()
def outputs_of(
    forward: Forward, network: nn.Module, inputs: Inputs, rows: Rows, positions: np.ndarray, batch_size: int
) -> Tensor:
    """(n, .) outputs of the rows at the given positions, without chance."""
    network.eval()
    device = next(network.parameters()).device
    batches = torch.from_numpy(positions).split(max(batch_size, PREDICTED_TOGETHER))
    return torch.cat([forward(*inputs.batch(rows, at, device)) for at in batches])
