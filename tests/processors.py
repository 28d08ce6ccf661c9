"""Marks of tests that need what not every processor has."""

from __future__ import annotations

import pytest
import torch

from neuroface.processor import has_bf16

needs_bf16 = pytest.mark.skipif(not has_bf16(torch.device("cpu")), reason="this processor has no bf16 arithmetic")
