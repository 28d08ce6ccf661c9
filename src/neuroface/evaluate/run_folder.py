"""The run folder: what was asked, how far it is, and files that are either complete or absent.

Light on purpose (standard library and yaml): a finished run is recognised without loading data or numerical libraries.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from neuroface.errors import ConfigError, RunFailedError, RunMismatchError
from neuroface.evaluate.lock import exclusive
from neuroface.evaluate.run_files import RUN_FILE, read_json, read_yaml

LOCK = ".lock"
PACKAGES = ("neuroface", "numpy", "pandas", "scipy", "scikit-learn", "joblib", "torch")
FILES = ("config.yaml", "splits.json", "audit.json", "predictions.csv", "scores.json")  # of a finished run
# What a run keeps before its first fold is finished: of no use to another science that takes the folder over.
UNDER_WAY = (".sums", "annotated", "checkpoints", "folds", "inner", "models", "null")
SUMMED = ("folds/", "null/")  # what a run continues from: their sums lie beside them
# What others read of a finished run: their sums lie apart, because a folder of models is read as it is.
SUMMED_APART = ("models/", "predictions.csv", "config.yaml", "splits.json")
SUMS = ".sums"
MISSING = "(absent)"
GIT_S = 10.0
SHOWN = 6  # differing keys in one message


class RunFolder:
    """A folder that holds one run: config.yaml, run.json, splits.json, folds/, null/, models/, predictions.csv, ...

    with RunFolder("runs/als").open(config) as folder: ...      locks it, starts it or continues it
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._is_open = False

    @property
    def facts(self) -> dict[str, Any]:
        """run.json, or {} when nothing was started here. DataError when it is damaged."""
        file = self.path / RUN_FILE
        return read_json(file, "digest", "status", "wall_s") if file.is_file() else {}

    def is_done(self, config: Mapping[str, Any]) -> bool:
        """Whether this very science is finished here.

        Raises RunMismatchError when the folder holds other science, ConfigError when it is no run folder at all.
        """
        self._refuse_foreign()
        facts = self._continued(config)
        return facts.get("status") == "done" and all((self.path / name).is_file() for name in FILES)

    @contextmanager
    def open(self, config: Mapping[str, Any], **facts: Any) -> Iterator[RunFolder]:
        """Start the run, or continue it when it was started with the same `config`; nobody else may write meanwhile.

        config: the resolved science part, plain values. facts: device, seeds and the like, for run.json.
        Raises RunMismatchError for other science, ConfigError for a folder that is no run (and touches nothing) or is
        being written by another process. `wall_s` in run.json adds up over interruptions; a run left unfinished, by an
        error or by Ctrl-C, is marked "incomplete".
        """
        digest_of(config)  # a config that cannot be written is refused before a folder is made
        self._refuse_foreign()
        self.path.mkdir(parents=True, exist_ok=True)
        with self.locked():
            self._start(config, facts)
            started, before = time.monotonic(), self.facts["wall_s"]
            self._is_open = True
            try:
                yield self
            except BaseException:
                with suppress(RunFailedError):  # a full disk: the first error is the one to tell
                    self._end(before + time.monotonic() - started)
                raise
            self._end(before + time.monotonic() - started)

    def _end(self, wall_s: float) -> None:
        self._is_open = False
        status = self.facts.get("status")
        self.update(status="incomplete" if status == "running" else status, wall_s=round(wall_s, 3))

    @contextmanager
    def locked(self) -> Iterator[RunFolder]:
        """Nobody else writes into this existing folder meanwhile; ConfigError naming who does. Changes no status."""
        with exclusive(self.path / LOCK):
            yield self

    def update(self, **facts: Any) -> None:
        """Set facts in run.json. RunFailedError where there is none: the disk that held it is gone."""
        known = self.facts
        if not known:
            raise RunFailedError(
                f"{self.path / RUN_FILE} is not there any more. What was finished before lies where the folder is now; "
                "bring its disk back, or the folder to its place, and give the same command again."
            )
        self.write_json(RUN_FILE, {**known, **facts})

    def write_json(self, name: str, value: Any) -> None:
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def write_text(self, name: str, text: str) -> None:
        self.write_bytes(name, text.encode("utf-8"))

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file of this run so that it is complete or absent, whenever the process or the machine stops."""
        target = self.path / name
        draft = target.with_name(f".{target.name}.tmp")
        try:
            # Moved, or on a disk that is gone: nothing is begun again in its place.
            if not self.path.is_dir() or (self._is_open and not (self.path / LOCK).exists()):
                raise FileNotFoundError(errno.ENOENT, "the run folder is not there any more")
            self._make_folder(Path(name).parent)
            if name.startswith((*SUMMED, *SUMMED_APART)):
                sums = self._sum_file(name)  # before the file: once that is there, it is judged by its sum
                self._make_folder(sums.parent.relative_to(self.path))
                sums.write_text(_sum(content), encoding="ascii")
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise RunFailedError(
                f"{target} could not be written: {error.strerror or error}. What was finished before is kept; make "
                "room, or the folder writable, and give the same command again."
            ) from error

    def _make_folder(self, name: Path) -> None:
        """A folder below the run's own, which is never made here: it may be moved at this very moment."""
        folder = self.path
        for part in name.parts:
            folder /= part
            folder.mkdir(exist_ok=True)

    def holds(self, name: str) -> bool:
        """Whether a file is there with the bytes that were written; one that changed since is told and taken away.

        A file of an older version, without a sum, counts as whole.
        """
        target = self.path / name
        if not target.is_file():
            return False
        if self._is_as_written(name):
            return True
        print(f"{target} is damaged (other bytes than were written): it is computed again", file=sys.stderr)
        target.unlink()
        return False

    def rotten(self) -> list[str]:
        """The files of a finished run, by their names in it, that hold other bytes than were written."""
        rooms = [name for name in (*SUMMED, *SUMMED_APART) if name.endswith("/")]
        found = [file for room in rooms for file in sorted((self.path / room).glob("[!.]*"))]
        single = [name for name in SUMMED_APART if name not in rooms]
        names = [*(file.relative_to(self.path).as_posix() for file in found), *single]
        return [name for name in names if (self.path / name).is_file() and not self._is_as_written(name)]

    def _is_as_written(self, name: str) -> bool:
        sums = self._sum_file(name)
        if not sums.is_file():  # of an older version
            return True
        return sums.read_text(encoding="ascii", errors="replace") == _sum((self.path / name).read_bytes())

    def _sum_file(self, name: str) -> Path:
        if name.startswith(SUMMED):
            return (self.path / name).with_name(f".{Path(name).name}.sha256")
        return self.path / SUMS / f"{name}.sha256"

    def _start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        known = self._continued(config)
        for draft in [*self.path.glob(".*.tmp"), *self.path.glob("*/.*.tmp")]:
            draft.unlink()
        if not known:
            for name in UNDER_WAY:
                shutil.rmtree(self.path / name, ignore_errors=True)
        first = {"status": "running", "digest": digest_of(config), "wall_s": 0.0}
        self.write_json(RUN_FILE, {**first, **known, **facts, "status": "running", **_environment()})
        # Also when it is there: a kill between the two files may have left the one of an earlier attempt.
        self.write_text("config.yaml", yaml.safe_dump(_plain(config), sort_keys=False, allow_unicode=True))

    def _continued(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What run.json knows of this very science; {} for a new run, or one that no fold was finished of.

        Raises RunMismatchError when the folder holds finished folds of other science.
        """
        facts = self.facts
        if facts and facts["digest"] != digest_of(config):
            if any((self.path / "folds").glob("*.csv")):
                raise self._mismatch(config)
            return {}
        return facts

    def _refuse_foreign(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise ConfigError(f"{self.path} is a file; run= needs a folder.")
        if self.path.is_dir() and not self.facts:
            held = sorted(p.name for p in self.path.iterdir() if p.name != LOCK and not p.name.endswith(".tmp"))
            if held:
                shown = ", ".join(held[:5]) + (", ..." if len(held) > 5 else "")
                raise ConfigError(
                    f"{self.path} is not a run folder: it holds {shown} but no run.json. Nothing was changed. "
                    "Choose another run=."
                )

    def _mismatch(self, config: Mapping[str, Any]) -> RunMismatchError:
        file = self.path / "config.yaml"
        old, new = _flat(read_yaml(file)) if file.is_file() else {}, _flat(_plain(config))
        differing = [
            f"{key} is {_shown(old, key)} there, {_shown(new, key)} here"
            for key in dict.fromkeys([*old, *new])
            if _shown(old, key) != _shown(new, key)
        ]
        if [key for key in {*old, *new} if _shown(old, key) != _shown(new, key)] == ["cohort.pseudonyms"]:
            key = (self.facts.get("paths") or {}).get("cohort.pseudonyms")
            names = f"the pseudonyms of {key}" if key else "people's own names"
            return RunMismatchError(
                f"Run folder {self.path} was made with {names}, and this command reads the same people under others. "
                f"{f'Give cohort.pseudonyms={key}' if key else 'Leave cohort.pseudonyms out'}, or choose another run=."
            )
        more = f"; and {len(differing) - SHOWN} more keys" if len(differing) > SHOWN else ""
        return RunMismatchError(
            f"Run folder {self.path} holds other science: {'; '.join(differing[:SHOWN])}{more}. "
            f"Choose another run=, or delete {self.path} to start again."
        )


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(config: Mapping[str, Any]) -> str:
    """SHA-256 of the config's canonical JSON: the order of keys does not matter, the type of a value does."""
    text = json.dumps(_plain(config), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any, key: str = "config") -> Any:
    """Lists for tuples, text for keys; ConfigError for what JSON and YAML cannot both hold."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, str(k) if key == "config" else f"{key}.{k}") for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, f"{key}[{i}]") for i, v in enumerate(value)]
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise ConfigError(f"{key} is {value!r} ({type(value).__name__}); a run's config holds plain values only.")


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping) and value:
        items = [_flat(v, f"{prefix}.{k}" if prefix else str(k)) for k, v in value.items()]
        return {key: leaf for item in items for key, leaf in item.items()}
    return {prefix: value}


def _shown(flat: Mapping[str, Any], key: str) -> str:
    return json.dumps(flat[key], ensure_ascii=False) if key in flat else MISSING


def _environment() -> dict[str, Any]:
    import importlib.metadata

    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"versions": versions, "git_commit": _git_commit()}


def _git_commit() -> str | None:
    """Commit of the checkout that this package runs from, with "-dirty" when files differ; None when installed.

    None, too, where git does not answer within GIT_S: a run does not wait for it.
    """
    import subprocess

    here = Path(__file__).resolve()
    git = ["git", "-C", str(here.parent)]
    try:
        known = [*git, "ls-files", "--error-unmatch", here.name]
        tracked = subprocess.run(known, capture_output=True, check=False, timeout=GIT_S)
        if tracked.returncode:
            return None
        describe = [*git, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
        return subprocess.run(describe, capture_output=True, text=True, check=True, timeout=GIT_S).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
