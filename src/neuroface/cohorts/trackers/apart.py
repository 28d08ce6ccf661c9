"""HDF5 is read in a process of its own: on a damaged file its library may hang or crash, and a run must do neither.

`contents` is asked in the main process. The other one is started with the first file, stays for the next ones, and
hands over plain arrays; where a file ends it, or keeps it for too long, that file is refused and the next one gets a
new process. What both run is `contents(path)` of the module that reads the format.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np

from neuroface.errors import DataError, NeurofaceError
from neuroface.outside import DENSEST, MOST_BYTES

WAIT_S, BYTES_PER_S = 60.0, 2 << 20  # how long a file may take, and longer for a large one


def contents(module: str, path: Path) -> dict[str, np.ndarray]:
    """What `module` of this package finds in a file, by name. Errors: DataError."""
    with _LOCK:
        return _helper().ask(module, path)


def directly(module: str, path: Path) -> dict[str, np.ndarray]:
    """The same in this process. Errors: DataError, whatever the library raised."""
    reader = import_module(f"{__package__}.{module}")
    try:
        return reader.contents(path)
    except NeurofaceError:
        raise
    except Exception as error:  # of a damaged file the libraries raise whatever they stumble over
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path} cannot be read as {reader.KIND}, half a file perhaps: {what}") from error


def promised(array: Any, path: Path) -> Any:
    """An array that is not read yet, if a file of this size can hold it. Errors: DataError."""
    size = int(array.size) * array.dtype.itemsize
    if size > min(MOST_BYTES, DENSEST * path.stat().st_size):
        raise DataError(f"{path} is damaged: it promises an array of {array.shape}, more than it holds; copy it again")
    return array


class _Helper:
    """The other process, and how it is asked: a line of JSON there; one and, without an error, an npz back."""

    def __init__(self) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self.owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )
        atexit.register(self.end)

    @property
    def works(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                with suppress(OSError):  # what was not sent any more
                    if stream is not None:
                        stream.close()
        atexit.unregister(self.end)

    def ask(self, module: str, path: Path) -> dict[str, np.ndarray]:
        limit_s = WAIT_S + (path.stat().st_size / BYTES_PER_S if path.is_file() else 0.0)
        late = threading.Timer(limit_s, self._process.kill)
        late.start()
        try:
            asks, answers = self._process.stdin, self._process.stdout
            assert asks is not None
            assert answers is not None
            asks.write(_line({"module": module, "path": str(path.absolute()), "limit_s": limit_s}))
            asks.flush()
            told = json.loads(answers.readline())
            content = answers.read(told.get("bytes", 0))
            if len(content) < told.get("bytes", 0):
                raise EOFError
        except (OSError, EOFError, ValueError) as error:
            hung = not late.is_alive()
            self.end()
            how = f"did not come to an end in {limit_s:.0f} s" if hung else "broke down"
            raise DataError(f"{path} is damaged: the library that reads it {how}. Write or copy it again.") from error
        finally:
            late.cancel()
        if "error" in told:
            raise DataError(told["error"])
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)


_LOCK = threading.Lock()
_HELPERS: list[_Helper] = []


def _helper() -> _Helper:
    """The one that works; a process that was forked from another has none yet."""
    if not _HELPERS or not _HELPERS[-1].works:
        _HELPERS[:] = [_Helper()]
    return _HELPERS[-1]


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


def serve(asks: IO[bytes], answers: IO[bytes]) -> None:
    """In the other process: files until there are no more questions."""
    for line in asks:
        asked = json.loads(line)
        if hasattr(signal, "alarm"):  # it ends by itself, too, where whoever asked is no more
            signal.alarm(int(asked["limit_s"]) + 5)
        try:
            content = io.BytesIO()
            np.savez(content, **directly(asked["module"], Path(asked["path"])))  # type: ignore[arg-type]
            answers.write(_line({"bytes": content.tell()}) + content.getvalue())
        except NeurofaceError as error:
            answers.write(_line({"error": str(error)}))
        answers.flush()
        if hasattr(signal, "alarm"):
            signal.alarm(0)


if __name__ == "__main__":
    kept = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    with os.fdopen(kept, "wb") as out:
        serve(sys.stdin.buffer, out)
