"""Features of the frozen part of a network, computed once for every view and kept in a memory map on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroface.landmarks.placement import in_order

# numpy has no bfloat16: its bits are kept as whole numbers
STORED: dict[torch.dtype, Any] = {torch.float32: np.dtype(np.float32), torch.bfloat16: np.dtype(np.int16)}
BATCH = 32

Draw = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


class TrunkCache:
    """What a frozen network makes of views: (rows, copy) -> features (B, C, h, w) and points (B, 68, 2) px of the view.

    file: the memory map, which appears under its name when it is whole; one that is there is used as it is. draw:
    (rows, copy) -> pictures (B, size, size, 3) uint8 and points. features: pictures -> (B, C, h, w) float32, or
    bfloat16 for half the space. n: how many rows there are, all kept as copy 0; varied: (m,) those rows of which copies
    1.. are kept, too. Kept with channels last, as convolutions want them.
    """

    def __init__(
        self,
        file: Path,
        draw: Draw,
        features: Callable[[np.ndarray], Tensor],
        *,
        n: int,
        varied: np.ndarray,
        copies: int,
    ) -> None:
        self.file, self._n, self._n_varied = file, n, len(varied)
        self._rank = np.full(n, -1)
        self._rank[varied] = np.arange(len(varied))
        sources = [(np.arange(n), 0), *((varied, copy) for copy in range(1, copies))]
        batches = [(rows, copy) for all_rows, copy in sources for rows in in_order(all_rows, BATCH)]
        self._points = np.concatenate([draw(rows, copy)[1] for rows, copy in batches])
        sample = features(draw(np.arange(1), 0)[0])
        self._dtype, shape = sample.dtype, (len(self._points), *sample.shape[2:], sample.shape[1])
        if not file.is_file():
            self._write(shape, (features(draw(rows, copy)[0]) for rows, copy in batches))
        self._map = np.memmap(file, dtype=STORED[self._dtype], mode="r", shape=shape)

    def __call__(self, rows: np.ndarray, copy: int) -> tuple[Tensor, np.ndarray]:
        """Features on the CPU, channels last, a copy of what is on disk; and points."""
        at = rows if copy == 0 else self._n + (copy - 1) * self._n_varied + self._rank[rows]
        return torch.from_numpy(self._map[at]).view(self._dtype).permute(0, 3, 1, 2), self._points[at]

    def remove(self) -> None:
        """Delete the file."""
        del self._map
        self.file.unlink()

    def _write(self, shape: tuple[int, ...], features: Iterable[Tensor]) -> None:
        half = self.file.with_name(f"{self.file.name}.half")
        written = np.memmap(half, dtype=STORED[self._dtype], mode="w+", shape=shape)
        start = 0
        for batch in features:
            stored = batch.detach().cpu().permute(0, 2, 3, 1).contiguous()
            bits = stored.view(torch.int16) if self._dtype is torch.bfloat16 else stored
            written[start : start + len(bits)] = bits.numpy()
            start += len(bits)
        written.flush()
        del written
        half.replace(self.file)
