"""Where networks are computed, and that it comes out the same each time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from neuroface.errors import ConfigError, NeurofaceError


def device_of(name: str) -> torch.device:
    """The device to work on. "auto": a GPU where there is one; processes take turns over several.

    Errors: ConfigError for one that is not there.
    """
    if name == "auto":
        count = torch.cuda.device_count()
        number = multiprocessing.current_process().name.rpartition("-")[2]  # joblib's workers: LokyProcess-3
        return torch.device("cuda", int(number) % count if number.isdigit() else 0) if count else torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"execution.device={name}: there is no such device. Choose auto, cpu or cuda.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"execution.device={name}: {torch.cuda.device_count()} GPUs are found here. Choose auto or cpu."
        )
    return device


@contextmanager
def reproducible(seed: int, device: torch.device) -> Iterator[None]:
    """torch's chance starts from the seed, algorithms do not vary, and outside nothing changes."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        torch.manual_seed(seed)
        yield


@contextmanager
def memory_told(batch_size: int) -> Iterator[None]:
    """Running out of GPU memory as an error that says what to do."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise NeurofaceError(
            f"GPU memory ran out with batches of {batch_size}. Lower classifier.batch_size, or set "
            "classifier.precision=bf16, fewer execution.n_jobs, or execution.device=cpu."
        ) from error


def chance(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's own generators, which draw what a network drops out."""
    states = {"cpu": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def set_chance(states: Mapping[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"].cpu())
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)
