"""Files and folders by what they hold, not by their names or places: moved data are the same data, others are not."""

from __future__ import annotations

import glob
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SMALL = 1 << 20  # bytes up to which a file is read anew each time it is asked for
# A file written so lately may change once more within one tick of the file system's clock, and is not remembered.
# Git's index knows the same trouble as "racy" entries.
SETTLED_S = 2.0
RUN_FILE = "run.json"  # what makes a folder a run of neuroface
KEPT = ".recordings"  # a folder from which neuroface goes on with writing recordings; no part of what they hold
# What a run keeps for those who go on from its networks; its logs and reports may be written anew.
READ_OF_A_RUN = ("splits.json", "models")


def is_there(place: str) -> bool:
    """Whether a path, folder or glob names anything."""
    try:
        return bool(place) and (Path(place).expanduser().exists() or bool(_matching(place)))
    except (OSError, ValueError, RuntimeError):  # a text that cannot be a path: too long, with a zero in it
        return False


def digest_of(place: str) -> str:
    """16 hexadecimal digits of the files that a path, folder or glob names.

    Names below a folder count, the folder's own and its place do not. Links are followed. Of a run of neuroface its
    networks count; runs that lie below another folder do not.
    """
    root = Path(place).expanduser()
    if root.is_file():
        return digest_of_file(root)[:16]
    files = _files_of(root) if root.is_dir() else _matching(place)
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(root).as_posix() if root.is_dir() else file.name
        digest.update(f"{name}\0{digest_of_file(file)}\n".encode())
    return digest.hexdigest()[:16]


def files_below(folder: Path, *, without_runs: bool = False) -> list[Path]:
    """The files in a folder and below it, sorted; links are followed, but for one to a folder that it lies in.

    A folder that may not be looked into has none. without_runs: pass over the run folders of neuroface.
    """
    return sorted(_walk(folder, (), without_runs))


def about(place: Path) -> list[list[Any]]:
    """What changes when one of the files of a place does, without reading them: path, size, times of change.

    The second time, of the entry itself, changes also where a copy carries the first one along.
    """
    return [[str(file.resolve()), *_state(file)] for file in (files_below(place) if place.is_dir() else [place])]


def digest_of_file(file: Path) -> str:
    """SHA-256 of a file; a large one is read once and remembered until it changes."""
    if file.stat().st_size <= SMALL:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    known = _memory() / hashlib.sha256(repr((str(file.resolve()), *_state(file))).encode()).hexdigest()
    try:
        remembered = known.read_text(encoding="ascii")
    except (OSError, ValueError):
        remembered = ""
    if len(remembered) == 64:
        return remembered
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if time.time() - file.stat().st_mtime > SETTLED_S:
        _remember(known, found)
    return found


def user_cache() -> Path:
    """neuroface's folder in the user's cache (XDG_CACHE_HOME, or else ~/.cache)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "neuroface"


def _files_of(root: Path) -> list[Path]:
    if not (root / RUN_FILE).is_file():
        return files_below(root, without_runs=True)
    return [file for file in files_below(root) if file.relative_to(root).parts[0] in READ_OF_A_RUN]


def _matching(place: str) -> list[Path]:
    """The files that a glob names, sorted."""
    if not glob.has_magic(place):
        return []
    return sorted(filter(Path.is_file, map(Path, glob.glob(str(Path(place).expanduser()), recursive=True))))  # noqa: PTH207


def _walk(folder: Path, above: tuple[tuple[int, int], ...], without_runs: bool) -> Iterator[Path]:
    try:
        state, inside = folder.stat(), list(folder.iterdir())
    except PermissionError:
        return
    own = (state.st_dev, state.st_ino)
    if own in above or (without_runs and above and (folder / RUN_FILE).is_file()):
        return
    for entry in inside:
        if entry.name == KEPT:
            continue
        if entry.is_dir():
            yield from _walk(entry, (*above, own), without_runs)
        elif entry.is_file():
            yield entry


def _state(file: Path) -> tuple[int, int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _memory() -> Path:
    return user_cache() / "files"


def _remember(known: Path, found: str) -> None:
    """Keep a digest for the next time; where that cannot be, the file is read again."""
    draft = known.with_name(f"{known.name}.{os.getpid()}")
    try:
        known.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(found, encoding="ascii")
        draft.replace(known)
    except OSError:
        draft.unlink(missing_ok=True)
