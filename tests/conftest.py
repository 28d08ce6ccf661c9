"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# As the command line does, before torch starts its threads: two of them beside a busy neighbour are many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "300")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of openly licensed recordings beside the checkout; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data pack is not beside this checkout (../shared/data)")
    return SHARED_DATA
