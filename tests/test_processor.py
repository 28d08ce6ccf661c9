from __future__ import annotations

import pytest
import torch

from neuroface import processor
from neuroface.errors import ConfigError
from processors import needs_bf16

CPU = torch.device("cpu")


@needs_bf16
@pytest.mark.parametrize("lesser", ["AVX2", "AVX512_CORE"])
def test_a_processor_that_passes_for_a_lesser_one_has_no_bf16(lesser, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", lesser)
    assert not processor.has_bf16(CPU)


@needs_bf16
def test_torch_that_may_not_use_wide_vectors_has_none_either(monkeypatch):
    """What torch says of itself under ATEN_CPU_CAPABILITY=avx2."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert not processor.has_bf16(CPU)


@pytest.mark.parametrize(("device", "what"), [("cpu", "processor"), ("cuda", "GPU")])
def test_a_precision_that_is_not_to_be_had_is_refused_with_the_way_out(device, what, monkeypatch):
    monkeypatch.setattr(processor, "has_bf16", lambda device: False)
    with pytest.raises(ConfigError) as error:
        processor.check_precision("bf16", torch.device(device), key="classifier.precision")
    assert str(error.value) == (
        f"classifier.precision=bf16: this {what} has no bf16 arithmetic (avx512_bf16 or amx). Set "
        "classifier.precision=fp32."
    )
    processor.check_precision("fp32", torch.device(device), key="classifier.precision")
