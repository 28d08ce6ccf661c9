from __future__ import annotations

import multiprocessing

import pytest
import torch

from neuroface.classifiers import devices
from neuroface.errors import ConfigError, NeurofaceError


@pytest.mark.parametrize(("name", "expected"), [("MainProcess", 0), ("LokyProcess-1", 1), ("LokyProcess-5", 1)])
def test_processes_take_turns_over_the_gpus(monkeypatch, name, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(multiprocessing.current_process(), "name", name)
    assert devices.device_of("auto") == torch.device("cuda", expected)


def test_auto_is_the_cpu_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert devices.device_of("auto") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:3"])
def test_a_gpu_that_is_not_there_is_told(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ConfigError, match=f"execution.device={name}: 0 GPUs are found here. Choose auto or cpu."):
        devices.device_of(name)


def test_no_such_device():
    with pytest.raises(ConfigError, match=r"execution.device=gpu: there is no such device. Choose auto, cpu or cuda."):
        devices.device_of("gpu")


def test_memory_that_ran_out_says_what_to_do():
    with (
        pytest.raises(NeurofaceError, match=r"GPU memory ran out with batches of 64. Lower classifier.batch_size"),
        devices.memory_told(64),
    ):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
