"""From X of a view to tensors: tables are imputed, everything is standardised, all of it learnt from training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroface.errors import DataError
from neuroface.types import Parts

KINDS = {2: "table", 3: "series", 4: "image", 5: "clip"}  # of X, by its number of axes
SOLE = "X"  # name of the only part when X is not made of several
# Tensors up to this size are held on the GPU; larger ones travel batch by batch.
HELD_ON_DEVICE = 2 << 30

Augment = Callable[[Tensor, torch.Generator | None], Tensor]


@dataclass(frozen=True, eq=False)
class Part:
    """What was learnt of one view.

    shape: of one sample; the length of a series is that of the longest seen, and no limit. fill: (d,) medians that
    stand for missing values of a table. centre, scale: (d,) or (C,) per feature or channel.
    """

    kind: str
    shape: tuple[int, ...]
    fill: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    @staticmethod
    def fitted(X: np.ndarray) -> Part:
        """From training rows X. Errors: DataError for a shape of no view, or a series with gaps."""
        kind = kind_of(X)
        fill = np.zeros(0)
        if kind == "table":
            fill = _medians(X)
            values = np.where(np.isnan(X), fill, X)
        elif kind == "series":
            lengths = series_lengths(X)
            values = np.concatenate([row[:length] for row, length in zip(X, lengths, strict=True)])
        else:
            return Part(kind, X.shape[1:], fill, *_channel_moments(X))
        return Part(
            kind, X.shape[1:], fill, values.mean(axis=0, dtype=float), _positive(values.std(axis=0, dtype=float))
        )

    def checked(self, X: np.ndarray, name: str) -> np.ndarray:
        """X, or DataError when it is not shaped as what was learnt from."""
        free = 2 if self.kind == "series" else 1
        if X.ndim != len(self.shape) + 1 or X.shape[free:] != self.shape[free - 1 :]:
            raise DataError(f"{name} has samples of shape {X.shape[1:]}; the network was made for {self.shape}.")
        return X

    def tensor(self, X: np.ndarray) -> Tensor:
        """Tables and series standardised, float32, 0 where a series has ended; pictures as they are."""
        if self.kind in ("image", "clip"):
            return torch.from_numpy(np.ascontiguousarray(X))
        filled = np.where(np.isnan(X), self.fill, X) if self.kind == "table" else X
        return torch.from_numpy(np.nan_to_num((filled - self.centre) / self.scale).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Rows:
    """Prepared rows: tensors (n, ...) by part, and the lengths (n,) of those that are series."""

    tensors: Mapping[str, Tensor]
    lengths: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a network needs to know to read X; `parts` by name, SOLE when X is one array.

    augment: done to pictures before they are scaled, f(pixels (B, [T,] H, W, C), generator on the CPU) -> the same with
    perhaps fewer frames or pixels; with None for generator it does what prediction needs, without chance.
    """

    parts: Mapping[str, Part]
    augment: Augment | None = None

    @staticmethod
    def fitted(X: np.ndarray | Parts, augment: Augment | None = None) -> Inputs:
        """Learnt from training rows X; of several parts, from the pictures that are there."""
        return Inputs({name: Part.fitted(_there(array, name)) for name, array in arrays_of(X).items()}, augment)

    @property
    def shape(self) -> Any:
        """Shape of one sample as a network sees it; by name for several parts."""
        shapes = {name: self._seen_shape(part) for name, part in self.parts.items()}
        return shapes.get(SOLE, shapes)

    def _seen_shape(self, part: Part) -> tuple[int, ...]:
        if self.augment is None or part.kind not in ("image", "clip"):
            return part.shape
        return tuple(self.augment(torch.zeros((1, *part.shape), dtype=torch.uint8), None).shape[1:])

    def rows(self, X: np.ndarray | Parts, device: torch.device) -> Rows:
        """All rows of X as tensors, on the device where they fit there.

        Errors: DataError when X is not made as what was learnt from.
        """
        arrays = arrays_of(X)
        if arrays.keys() != self.parts.keys():
            raise DataError(f"X holds the views {sorted(arrays)}; the network was made for {sorted(self.parts)}.")
        tensors, lengths = {}, {}
        for name, part in self.parts.items():
            array = part.checked(arrays[name], name)
            if part.kind == "series":
                lengths[name] = torch.from_numpy(series_lengths(array))
            tensor = part.tensor(array)
            tensors[name] = tensor.to(device) if tensor.nbytes <= HELD_ON_DEVICE else tensor
        return Rows(tensors, lengths)

    def batch(
        self, rows: Rows, at: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> tuple[Any, Any]:
        """(x, seen) of the rows `at` (a tensor on the CPU), as `forward` of a network takes them.

        x: float32 (B, *shape); series are cut to the longest of the batch. seen: (B, T) bool where a series goes on;
        (B,) bool which pictures of a part are there, those of zeros alone being missing; None for what is neither.
        Both are by name for several parts. generator: draws the augmentation; None, no chance.
        """
        x: dict[str, Tensor] = {}
        seen: dict[str, Tensor | None] = {}
        for name, part in self.parts.items():
            tensor = rows.tensors[name]
            picked = tensor.index_select(0, at.to(tensor.device)).to(device)
            seen[name] = None
            if part.kind == "series":
                lengths = rows.lengths[name][at]
                picked = picked[:, : int(lengths.max())]
                seen[name] = (torch.arange(picked.shape[1]) < lengths[:, None]).to(device)
            elif part.kind != "table":
                seen[name] = None if name == SOLE else picked.bool().flatten(1).any(dim=1)
                picked = picked if self.augment is None else self.augment(picked, generator)
                picked = _scaled(picked, part.centre, part.scale)
            x[name] = picked
        return (x[SOLE], seen[SOLE]) if SOLE in x else (x, seen)


def _scaled(pixels: Tensor, centre: np.ndarray, scale: np.ndarray) -> Tensor:
    """float32 pixels (..., W, C), each channel less its centre, over its scale; rows at once are 8 times faster."""
    rows = pixels.flatten(-2).float()
    mean, spread = (
        torch.as_tensor(values, dtype=torch.float32, device=pixels.device).repeat(pixels.shape[-2])
        for values in (centre, scale)
    )
    return rows.sub_(mean).div_(spread).unflatten(-1, pixels.shape[-2:])


def _there(X: np.ndarray, name: str) -> np.ndarray:
    """The rows of a part without the pictures that are missing, all zeros; all of them where every one is."""
    if name == SOLE or X.ndim not in KINDS or KINDS[X.ndim] not in ("image", "clip"):
        return X
    there = np.array([row.any() for row in X], dtype=bool)
    return X[there] if there.any() and not there.all() else X


def arrays_of(X: np.ndarray | Parts) -> dict[str, np.ndarray]:
    """The arrays of X by the names of its parts."""
    return dict(X.arrays) if isinstance(X, Parts) else {SOLE: X}


def kind_of(X: np.ndarray) -> str:
    """table, series, image or clip. Errors: DataError for another number of axes."""
    if X.ndim not in KINDS:
        known = ", ".join(f"{kind} of {axes}" for axes, kind in KINDS.items())
        raise DataError(f"X has {X.ndim} axes; a network reads a {known} axes, the first of them samples.")
    return KINDS[X.ndim]


def series_lengths(X: np.ndarray) -> np.ndarray:
    """(n,) frames of each series before its padding. X: (n, T, C), NaN in all channels after the end.

    Errors: DataError for a series of no frame, or with a gap.
    """
    missing = np.isnan(X)
    seen = ~missing.all(axis=2)
    lengths = seen.sum(axis=1)
    inside = np.arange(X.shape[1]) < lengths[:, None]
    gaps = (lengths == 0) | (seen != inside).any(axis=1) | (missing.any(axis=2) & inside).any(axis=1)
    if gaps.any():
        raise DataError(
            f"{gaps.sum()} of {len(X)} series hold no frame, or missing values before their end; the first is number "
            f"{np.flatnonzero(gaps)[0]}. A view must fill the gaps of a series and pad only after its end."
        )
    return lengths


def _medians(X: np.ndarray) -> np.ndarray:
    """(d,) median of each column's finite values; 0 for a column that is empty, as there is nothing to learn from."""
    known = ~np.isnan(X).all(axis=0)
    medians = np.zeros(X.shape[1])
    medians[known] = np.nanmedian(X[:, known], axis=0)
    return medians


def _channel_moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(C,) mean and standard deviation of each channel of pictures, sample after sample so that little is held."""
    total, squares = np.zeros(X.shape[-1]), np.zeros(X.shape[-1])
    for sample in X:
        flat = np.asarray(sample, dtype=float).reshape(-1, X.shape[-1])
        total += flat.sum(axis=0)
        squares += np.einsum("ij,ij->j", flat, flat)
    count = X[..., 0].size
    mean = total / count
    return mean, _positive(np.sqrt(np.maximum(squares / count - mean**2, 0)))


def _positive(spread: np.ndarray) -> np.ndarray:
    """The standard deviations, 1 for what does not vary."""
    return np.where(spread > 1e-8, spread, 1.0)
