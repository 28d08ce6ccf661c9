"""Files and folders that cannot be read or written: found out before anything is computed, and told in words."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from neuroface.errors import ConfigError, RunFailedError


def file_error(error: OSError) -> ConfigError:
    """What the operating system refused, where, and the next step."""
    where = f"{error.filename}: " if error.filename else ""
    return ConfigError(
        f"{where}{error.strerror or error}. See that the place exists, that you may read and write there and that the "
        "disk is not full, or choose another with run=, out= or the cohort's keys."
    )


def check_writable(key: str, path: Path, *, file: bool = False) -> None:
    """Raise ConfigError unless `path`, a folder or a file that may not exist yet, can be written; leaves nothing there.

    key: the word of the command line that names the path. A file is tried in the nearest folder that exists, because
    permissions alone do not tell: the administrator may write everywhere, except where the file system says no.
    """
    if file and path.is_dir():
        raise ConfigError(f"{key}={path}: there is a folder of that name. Name a file.")
    if not file and path.exists() and not path.is_dir():
        raise ConfigError(f"{key}={path}: there is a file of that name. Name a folder.")
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    try:
        if there.is_dir():
            tempfile.TemporaryFile(dir=there).close()
        elif there == path:
            path.open("ab").close()
        else:
            raise NotADirectoryError(20, "is a file, not a folder", str(there))
    except OSError as error:
        message = f"{key}={path}: cannot write to {there} ({error.strerror}). Choose another place."
        raise ConfigError(message) from error


def begin_folder(folder: Path) -> None:
    """In a worker: an empty folder, whatever an earlier one left there. RunFailedError where its parent is gone."""
    if not folder.parent.is_dir():
        raise RunFailedError(
            f"{folder.parent} is not there any more, or cannot be seen by a worker: its disk is gone, or not shared. "
            "Give the same command again when it is back."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
