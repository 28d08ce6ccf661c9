"""Fixtures every test may use."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from checks import give_memory_back

# Examples take as long as they take: a busy machine is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# As the command line does, before torch starts its threads: two of them beside a busy neighbour are many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "300")
# What tests make of videos is not kept in the user's cache; workers of pytest-xdist share the folder of their parent.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["NEUROFACE_USER_CACHE"] = os.environ.get("XDG_CACHE_HOME", "")
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="neuroface-tests-")
    atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def _memory_given_back():
    """What a file of tests has needed, large networks above all, is not kept by the worker that goes on to the next."""
    yield
    give_memory_back()


SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of openly licensed recordings beside the checkout; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data pack is not beside this checkout (../shared/data)")
    return SHARED_DATA
