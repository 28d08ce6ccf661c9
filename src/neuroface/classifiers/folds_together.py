"""Trains the networks of many folds as one program, to the predictions of training them one by one.

Small networks on a GPU wait for launches, not for arithmetic; stacked parameters make one launch serve every fold.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from neuroface.classifiers.devices import chance, set_chance
from neuroface.classifiers.inputs import SOLE
from neuroface.classifiers.lstm import LSTM
from neuroface.classifiers.mlp import MLP
from neuroface.classifiers.tcn import TCN
from neuroface.classifiers.training import SCHEDULES, Training
from neuroface.errors import ConfigError, RunFailedError

FOLDS_AT_ONCE = 64  # bounds memory: the activations of this many networks are held at a time
BETAS, EPSILON = (0.9, 0.999), 1e-8  # torch.optim.AdamW's own
CLIP_EPSILON = 1e-6  # torch.nn.utils.clip_grad_norm_'s own
NETWORKS = (LSTM, MLP, TCN)
Failures = dict[int, RunFailedError]


def check_settings(estimator: Any) -> None:
    """ConfigError naming every key of a TorchClassifier that only one-by-one training serves."""
    served: dict[str, Any] = {
        "optimiser": "adamw",
        "mixup": 0,
        "augment": None,
        "sampling": "shuffled",
        "side_weight": 0,
        "label_noise": 0,
        "precision": "fp32",
        "compile": False,
        "save_every": None,
    }
    wrong = [
        f"classifier.{key}={getattr(estimator, key)} (only {value})"
        for key, value in served.items()
        if getattr(estimator, key) != value
    ]
    if not isinstance(estimator.loss, str):
        wrong.append("classifier.loss of its own (only cross_entropy or ordinal)")
    if estimator.epoch_selection == "test_best":
        wrong.append("classifier.epoch_selection=test_best (only inner_people or last)")
    if wrong:
        raise _refused(", ".join(wrong))


def check_network(network: nn.Module) -> None:
    """ConfigError for a network whose rows depend on each other or whose layers are not known to stack."""
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules()):
        raise _refused(f"classifier.network={type(network).__name__}, whose batch normalisation would see padding rows")
    if not isinstance(network, NETWORKS):
        known = ", ".join(one.__name__ for one in NETWORKS)
        raise _refused(f"classifier.network={type(network).__name__} (only {known})")


def _refused(why: str) -> ConfigError:
    return ConfigError(f"execution.folds_together=true cannot train {why}. Set execution.folds_together=false.")


def run_together(trainings: Sequence[Training], chances: Sequence[dict[str, Tensor]]) -> Failures:
    """Runs trainings to their ends as `Training.run` would. Returns why some failed, by their position.

    chances: the states of torch's generators after each network was made. Trainings are done in groups of
    FOLDS_AT_ONCE of equal outputs, because only equal shapes stack.
    """
    by_outputs: dict[int, list[int]] = {}
    for position, training in enumerate(trainings):
        by_outputs.setdefault(training.n_classes, []).append(position)
    failures: Failures = {}
    for alike in by_outputs.values():
        for start in range(0, len(alike), FOLDS_AT_ONCE):
            group = alike[start : start + FOLDS_AT_ONCE]
            found = Together([trainings[i] for i in group], [chances[i] for i in group]).run()
            failures |= {group[i]: error for i, error in found.items()}
    return failures


class Together:
    """Trainings of F networks of the same shapes; what is stacked has F as its first axis."""

    def __init__(self, trainings: Sequence[Training], chances: Sequence[dict[str, Tensor]]) -> None:
        first = trainings[0]
        self.trainings, self.chances, self.device = trainings, list(chances), first.device
        self.tunables, self.objective = first.tunables, first.objective
        self.failures: Failures = {}
        self.x = _stacked([one.rows.tensors[SOLE] for one in trainings]).to(self.device)
        lengths = [one.rows.lengths.get(SOLE) for one in trainings]
        self.lengths = _stacked([one for one in lengths if one is not None]) if lengths[0] is not None else None
        self.targets = _stacked([one.targets for one in trainings])
        self.weights = _stacked([one.weights for one in trainings])
        self.dropped = _dropout_calls(first.network, self.x.shape[-1], series=self.lengths is not None)
        self.masks = Masks()
        self.network = stackable(first.network, self.masks)
        parameters, _ = stack_module_state([one.network for one in trainings])
        self.parameters = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        self.means = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.squares = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.steps = torch.zeros(len(trainings), device=self.device)

    def run(self) -> Failures:
        """Every training to its end. Returns the failures by position."""
        while running := [i for i, one in enumerate(self.trainings) if i not in self.failures and not one._finished()]:
            self._epoch(running)
        for i, training in enumerate(self.trainings):
            training.network.load_state_dict(training.best or self._state_of(i))
        return self.failures

    def _state_of(self, fold: int) -> dict[str, Tensor]:
        return {name: value[fold].detach().clone() for name, value in self.parameters.items()}

    def _epoch(self, running: Sequence[int]) -> None:
        """One epoch of the folds that still learn; the parameters of the others stay as they are."""
        epoch = len(self.trainings[running[0]].history)
        rate = self.tunables.learning_rate * SCHEDULES[self.tunables.schedule](epoch, self.tunables.max_epochs)
        batches = {i: self.trainings[i]._batches() for i in running}
        drawn = {i: self._draw(i, batches[i]) for i in running}
        totals = torch.zeros(len(self.trainings), device=self.device)
        for step in range(max(map(len, batches.values()))):
            at = {i: one[step] for i, one in batches.items() if step < len(one)}
            totals += self._step(at, {i: drawn[i][step] for i in at}, rate)
        self._tell(running, epoch, rate, totals)

    def _draw(self, fold: int, batches: Sequence[Tensor]) -> list[list[Tensor]]:
        """What one-by-one training of the fold would drop out in each batch of an epoch: factors (B, [T,] width)."""
        if not self.dropped:
            return [[] for _ in batches]
        masks = []
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            set_chance(self.chances[fold], self.device)
            for at in batches:
                frames = int(self.lengths[fold][at].max()) if self.lengths is not None else 0
                shapes = [(len(at), *([frames] if timed else []), width) for timed, width, _ in self.dropped]
                ones = [torch.ones(shape, device=self.device) for shape in shapes]
                masks.append([functional.dropout(one, call[2]) for one, call in zip(ones, self.dropped, strict=True)])
            self.chances[fold] = chance(self.device)
        return masks

    def _rows(self, at: dict[int, Tensor]) -> tuple[Tensor, Tensor | None, Tensor, Tensor, Tensor]:
        """x (F, B, ...), seen (F, B, T) or None, targets (F, B, K), weights (F, B) and rows (F,) of ragged batches.

        A batch is filled up with rows of weight 0; a fold without a batch has only those.
        """
        sizes = torch.tensor([len(at.get(i, ())) for i in range(len(self.trainings))])
        positions = torch.zeros(len(sizes), int(sizes.max()), dtype=torch.long)
        for i, rows in at.items():
            positions[i, : len(rows)] = rows
        real = (torch.arange(positions.shape[1]) < sizes[:, None]).to(self.device)
        folds = torch.arange(len(sizes))[:, None]
        lengths = None if self.lengths is None else self.lengths[folds, positions]
        folds, positions = folds.to(self.device), positions.to(self.device)
        x, seen = self.x[folds, positions], None
        if lengths is not None:
            x = x[:, :, : int(lengths.max())]
            seen = (torch.arange(x.shape[2]) < lengths[..., None]).to(self.device)
        weights = self.weights[folds, positions] * real
        return x, seen, self.targets[folds, positions], weights, sizes.to(self.device)

    def _step(self, at: dict[int, Tensor], drawn: dict[int, list[Tensor]], rate: float) -> Tensor:
        """One step of AdamW in every fold that has a batch. (F,) their losses, weighted by their share of an epoch."""
        x, seen, targets, weights, sizes = self._rows(at)
        smoothing, classes = self.tunables.label_smoothing, self.trainings[0].n_classes
        masks = [
            self._padded([drawn[i][k] if i in drawn else None for i in range(len(sizes))], x)
            for k in range(len(self.dropped))
        ]
        self.network.train()
        outputs = self._forward(x, seen, masks)
        losses = self._losses(outputs, (1 - smoothing) * targets + smoothing / classes)
        losses = (weights * losses).sum(dim=1) / sizes.clamp(min=1)
        names, values = list(self.parameters), list(self.parameters.values())
        gradients = torch.autograd.grad(losses.sum(), values)
        with torch.no_grad():
            self._update(dict(zip(names, self._clipped(gradients), strict=True)), sizes > 0, rate)
        learnt = torch.tensor([len(one.learn) for one in self.trainings], device=self.device)
        return losses.detach() * sizes / learnt

    def _padded(self, masks: Sequence[Tensor | None], x: Tensor) -> Tensor:
        """(F, B, [T,] width) factors of one dropout call, 1 where x (F, B, ...) is filled up."""
        shape = next(one.shape for one in masks if one is not None)
        full = torch.ones(len(masks), x.shape[1], *(x.shape[2:3] if len(shape) == 3 else ()), shape[-1])
        full = full.to(self.device)
        for fold, mask in enumerate(masks):
            if mask is not None:
                full[fold][tuple(slice(n) for n in mask.shape)] = mask
        return full

    def _forward(self, x: Tensor, seen: Tensor | None, masks: Sequence[Tensor] = ()) -> Tensor:
        """(F, B, K) outputs of each fold's network for its own rows."""

        def one(parameters: dict[str, Tensor], x: Tensor, seen: Tensor | None, masks: Sequence[Tensor]) -> Tensor:
            self.masks.waiting = iter(masks)
            return functional_call(self.network, parameters, (x, seen))

        return vmap(one, in_dims=(0, 0, None if seen is None else 0, 0))(self.parameters, x, seen, list(masks))

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(F, B) unweighted losses."""
        flat = self.objective.losses(outputs.flatten(0, 1), targets.flatten(0, 1))
        return flat.unflatten(0, outputs.shape[:2])

    def _clipped(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """The gradients, each fold's together no longer than clip_norm."""
        limit = self.tunables.clip_norm
        if limit is None:
            return list(gradients)
        norms = torch.stack([one.flatten(1).norm(dim=1) for one in gradients]).norm(dim=0)
        factors = (limit / (norms + CLIP_EPSILON)).clamp(max=1)
        return [one * _over(factors, one) for one in gradients]

    def _update(self, gradients: dict[str, Tensor], active: Tensor, rate: float) -> None:
        """AdamW (Loshchilov & Hutter, ICLR 2019) as torch does it, in the folds that are active (F,)."""
        self.steps += active
        taken = self.steps.clamp(min=1).double()
        corrections = [(1 - beta**taken).float() for beta in BETAS]
        for name, gradient in gradients.items():
            parameter, on = self.parameters[name], _over(active, gradient)
            mean = torch.lerp(self.means[name], gradient, 1 - BETAS[0])
            square = BETAS[1] * self.squares[name] + (1 - BETAS[1]) * gradient**2
            below = square.sqrt() / _over(corrections[1], square).sqrt() + EPSILON
            moved = parameter * (1 - rate * self.tunables.weight_decay)
            moved = moved - rate / _over(corrections[0], mean) * mean / below
            self.means[name] = torch.where(on, mean, self.means[name])
            self.squares[name] = torch.where(on, square, self.squares[name])
            parameter.copy_(torch.where(on, moved, parameter))

    @torch.no_grad()
    def _judged(self, running: Sequence[int]) -> tuple[Tensor, list[float]]:
        """Weighted mean loss and accuracy of each fold's people held out."""
        held = {i: torch.from_numpy(self.trainings[i].held) for i in running if len(self.trainings[i].held)}
        if not held:
            return torch.empty(0), []
        x, seen, targets, weights, _ = self._rows(held)
        self.network.eval()
        outputs = self._forward(x, seen)
        right = self.objective.probabilities(outputs.flatten(0, 1)).argmax(dim=1).unflatten(0, outputs.shape[:2])
        weights = weights / weights.sum(dim=1, keepdim=True)
        losses = (weights * self._losses(outputs, targets)).sum(dim=1)
        return losses.cpu(), (weights * (right == targets.argmax(dim=2))).sum(dim=1).tolist()

    def _tell(self, running: Sequence[int], epoch: int, rate: float, totals: Tensor) -> None:
        """Each running fold's history, and its best state where this epoch is it."""
        learnt, (losses, accuracies) = totals.cpu(), self._judged(running)
        for i in running:
            training = self.trainings[i]
            try:
                told = {"epoch": epoch + 1, "loss": training._number(learnt[i], epoch), "learning_rate": rate}
                if len(training.held):
                    told |= {"held_out_loss": training._number(losses[i], epoch), "held_out_accuracy": accuracies[i]}
            except RunFailedError as error:
                self.failures[i] = error
                continue
            if len(training.held) and (
                not training.best or training._better(told, training.history[training.best_epoch - 1])
            ):
                training.best, training.best_epoch = self._state_of(i), epoch + 1
            training.history.append(told)


class Masks:
    """What is to be dropped out in the forward under way, in the order of the calls."""

    waiting: Iterator[Tensor] = iter(())


class DrawnDropout(nn.Module):
    """Dropout by factors that were drawn before."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self.masks = masks

    def forward(self, x: Tensor) -> Tensor:
        return x * next(self.masks.waiting) if self.training else x


class Recurrence(nn.Module):
    """nn.LSTM of one layer and one direction, batch first, with its parameters, step by step: nn.LSTM has no vmap."""

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor
    bias_ih_l0: Tensor
    bias_hh_l0: Tensor

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        for name, value in lstm.named_parameters():
            self.register_parameter(name, value)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """x: (B, T, C). (B, T, hidden) states, and None for the last ones, which nobody asks for."""
        weight = self.weight_hh_l0
        given = functional.linear(x, self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
        state = cell = x.new_zeros(x.shape[0], weight.shape[1])
        states = []
        for now in given.unbind(dim=1):
            enter, forget, new, out = (now + state @ weight.T).chunk(4, dim=1)
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            state = out.sigmoid() * cell.tanh()
            states.append(state)
        return torch.stack(states, dim=1), None


def stackable(network: nn.Module, masks: Masks) -> nn.Module:
    """A copy of the network with the same names of parameters, made of what vmap can do."""
    network = copy.deepcopy(network)
    made: dict[type[nn.Module], Callable[[Any], nn.Module]] = {
        nn.LSTM: Recurrence,
        nn.Dropout: lambda _: DrawnDropout(masks),
    }
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) in made:
                setattr(parent, name, made[type(child)](child))
    return network


def _dropout_calls(network: nn.Module, channels: int, *, series: bool) -> list[tuple[bool, int, float]]:
    """(has a time axis, width, probability) of each call of a dropout in one forward, in order."""
    calls: list[tuple[bool, int, float]] = []

    def note(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        assert isinstance(module, nn.Dropout)
        calls.append((given[0].ndim == 3, given[0].shape[-1], module.p))

    hooks = [one.register_forward_pre_hook(note) for one in network.modules() if isinstance(one, nn.Dropout)]
    device = next(network.parameters()).device
    x = torch.zeros((2, 3, channels) if series else (2, channels), device=device)
    with torch.no_grad():
        network.eval()(x, torch.ones(2, 3, dtype=torch.bool, device=device) if series else None)
    network.train()
    for hook in hooks:
        hook.remove()
    return calls


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    """(F, n, ...) of F tensors (n_f, ...), filled up with 0; n is the largest n_f."""
    return nn.utils.rnn.pad_sequence(list(tensors), batch_first=True)


def _over(values: Tensor, like: Tensor) -> Tensor:
    """values (F,) shaped to multiply `like` (F, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))
