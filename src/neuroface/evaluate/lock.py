"""One writer per run folder. The lock is the kernel's: it goes with its process, so a killed run leaves none behind."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuroface.errors import ConfigError


@contextmanager
def exclusive(path: Path, *, what: str = "Run folder", key: str = "run") -> Iterator[None]:
    """Hold the lock file at `path`; ConfigError naming the holder when another living process has it.

    what: the folder that is locked, in words; key: the word of the command line that names it.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise ConfigError(
                f"{what} {path.parent} is being written by {holder}. Wait until it ends, or choose another {key}=."
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
