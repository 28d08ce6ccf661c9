"""Features of the frozen part of a network, computed once and kept in a memory map on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

# numpy has no bfloat16: its bits are kept as whole numbers
STORED = {torch.float32: np.dtype(np.float32), torch.bfloat16: np.dtype(np.int16)}


class TrunkCache:
    """(n, C, h, w) features in a file. `dtype`: torch.float32, or torch.bfloat16 for half the space.

    Kept with channels last, as convolutions want them. The file appears under its name when it is whole, so one that is
    there is used as it is: name it after what is in it.
    """

    def __init__(self, file: Path, shape: tuple[int, int, int, int], *, dtype: torch.dtype) -> None:
        self.file, self.dtype = file, dtype
        n, channels, height, width = shape
        self._shape = (n, height, width, channels)
        self._map: np.ndarray | None = None

    def fill(self, batches: Iterator[tuple[np.ndarray, Callable[[], Tensor]]]) -> None:
        """Write (rows, what computes their features (B, C, h, w)) for all rows, unless the file is there."""
        if not self.file.is_file():
            half = self.file.with_name(f"{self.file.name}.half")
            written = np.memmap(half, dtype=STORED[self.dtype], mode="w+", shape=self._shape)
            for rows, compute in batches:
                written[rows] = self._bits(compute())
            written.flush()
            del written
            half.replace(self.file)

    def __getitem__(self, rows: np.ndarray) -> Tensor:
        """(B, C, h, w), channels last, of the given rows; a copy, so that pages of the file need not stay in memory."""
        if self._map is None:
            self._map = np.memmap(self.file, dtype=STORED[self.dtype], mode="r", shape=self._shape)
        return torch.from_numpy(self._map[rows]).view(self.dtype).permute(0, 3, 1, 2)

    def remove(self) -> None:
        """Delete the file."""
        self._map = None
        self.file.unlink(missing_ok=True)

    def _bits(self, features: Tensor) -> np.ndarray:
        stored = features.detach().to("cpu", self.dtype).permute(0, 2, 3, 1).contiguous()
        return stored.view(torch.int16).numpy() if self.dtype is torch.bfloat16 else stored.numpy()
