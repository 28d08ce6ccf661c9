"""Where networks run: device, precision, and what to do when the memory there is too small for a batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from neuroface.errors import ConfigError
from neuroface.landmarks.fan import FAN

Result = TypeVar("Result")


@dataclass(frozen=True)
class Placement:
    """device: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1". precision: "fp32", or "bf16" by autocast."""

    device_name: str
    precision: str

    @property
    def device(self) -> torch.device:
        if self.device_name == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device_name)

    def network(self, fan: FAN) -> FAN:
        """The network on the device, channels last."""
        return fan.to(self.device).to(memory_format=torch.channels_last)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def pictures(self, views: np.ndarray) -> Tensor:
        """(B, 3, size, size) 0..1, channels last, on the device, of (B, size, size, 3) uint8."""
        return torch.from_numpy(np.ascontiguousarray(views)).to(self.device).permute(0, 3, 1, 2).float().div_(255)

    def tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device, torch.float32)


class Portions:
    """Work on rows, in ever smaller portions once the device's memory has proved too small for all at once."""

    def __init__(self) -> None:
        self.number = 1

    def __call__(
        self, work: Callable[[np.ndarray], Result], rows: np.ndarray, *, begin: Callable[[], None] | None = None
    ) -> list[Result]:
        """What `work` returns for each portion of the rows; on lack of memory all begins again with halved portions.

        begin: called before the first portion, each time. Errors: ConfigError when a single row does not fit.
        """
        while True:
            portions = np.array_split(rows, min(self.number, len(rows)))
            try:
                if begin:
                    begin()
                return [work(portion) for portion in portions]
            except torch.cuda.OutOfMemoryError as error:
                if len(portions) == len(rows):
                    raise ConfigError(
                        "A single image does not fit into the memory of the device. Choose a smaller network, or "
                        "device=cpu."
                    ) from error
            self.number *= 2
            torch.cuda.empty_cache()
            warnings.warn(
                f"The memory of the device does not hold {len(portions[0])} images at once; each batch is now computed "
                f"in {self.number} portions. Where batch normalisation learns, it sees one portion at a time.",
                stacklevel=2,
            )


def in_order(rows: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Rows in batches, as they come."""
    for start in range(0, len(rows), batch_size):
        yield rows[start : start + batch_size]
