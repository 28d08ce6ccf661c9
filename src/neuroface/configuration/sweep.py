"""Several runs from one command (`-m`), and Hydra's own flags."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from shutil import which

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from neuroface.configuration.compose import compose, explained, quoted, without_null
from neuroface.configuration.search_path import hydra_context, searchpath, split_searchpath
from neuroface.configuration.tree import config_dir
from neuroface.errors import AuditError, ConfigError, NeurofaceError, RunFailedError
from neuroface.places import file_error

# The key that says where a verb writes.
PLACES = {"train": "run", "features": "out", "landmarks": "out", "prepare": "out", "eval": "out"}

# Launchers of Hydra that an extra brings: its name, and the distribution.
EXTRAS = {
    "joblib": ("joblib", "hydra-joblib-launcher"),
    "submitit_local": ("slurm", "hydra-submitit-launcher"),
    "submitit_slurm": ("slurm", "hydra-submitit-launcher"),
}

Run = Callable[[list[str]], None]
After = Callable[[list[list[str]]], None]


def with_flags(verb: str, words: list[str], run: Run, after: After | None = None) -> None:
    """`-m` runs every combination here, one after the other; other flags and launchers are Hydra's.

    after: is given the words of all runs that were started here, once they have ended.
    Errors: ConfigError if no run can start; RunFailedError if some of several failed.
    """
    flags = {word for word in words if word.startswith("-")}
    overrides = [word for word in words if word not in flags]
    ours = flags <= {"-m", "--multirun"} and not any(o.startswith(("hydra/", "hydra.sweep")) for o in overrides)
    if ours:
        run_all(verb, jobs(overrides), run, after)
    else:
        if flags & {"-m", "--multirun"}:
            theirs = ("hydra/", "hydra.sweep", "hydra.launcher")
            check_places(verb, jobs([word for word in overrides if not word.startswith(theirs)]))
        _hand_over(verb, words, run)


def jobs(overrides: list[str]) -> list[list[str]]:
    """The overrides of each run: every combination of comma-separated values, ranges and globs over options."""
    overrides, folders = split_searchpath(overrides)
    with hydra_context(folders), explained("train", overrides):
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        parsed = parser.parse_overrides([quoted(o, each=True) for o in overrides])
        combinations = BasicSweeper.split_arguments(parsed, None)[0]
    return [[*combination, *searchpath(folders)] for combination in combinations]


def run_all(verb: str, runs: list[list[str]], run: Run, after: After | None = None) -> None:
    """Run each of several; what cannot start is told before the others begin, and a failing one does not stop them."""
    check_places(verb, runs)
    failures = _that_cannot_start(verb, runs)
    if len(failures) == len(runs):
        raise ConfigError("\n".join(dict.fromkeys(map(str, failures.values()))))
    for name, error in failures.items():
        print(f"neuroface: {name}: {error}", file=sys.stderr)
    for number, overrides in enumerate(runs, 1):
        name = " ".join(overrides)
        if name in failures:
            continue
        print(f"{name} ({number}/{len(runs)})", file=sys.stderr, flush=True)
        try:
            with _files_in_words():
                run(overrides)
        except NeurofaceError as error:
            print(f"neuroface: {name}: {error}", file=sys.stderr)
            failures[name] = error
    if after is not None:
        after([overrides for overrides in runs if not isinstance(failures.get(" ".join(overrides)), ConfigError)])
    if len(failures) == len(runs) and all(isinstance(error, ConfigError) for error in failures.values()):
        raise ConfigError(f"none of the {len(runs)} runs could start, as told above.")
    if failures and all(isinstance(error, AuditError) for error in failures.values()):
        raise AuditError(f"the audits of {len(failures)} of {len(runs)} runs are not clean: {'; '.join(failures)}.")
    if failures:
        raise RunFailedError(f"{len(failures)} of {len(runs)} runs failed: {'; '.join(failures)}.")


def check_places(verb: str, runs: list[list[str]]) -> None:
    """ConfigError when several runs would write to one place; what cannot be composed is told elsewhere."""
    key = PLACES.get(verb)
    if key is None or len(runs) < 2:
        return
    places: dict[str, list[list[str]]] = {}
    for overrides in runs:
        try:
            config, choices = compose(verb, overrides)
        except ConfigError:
            continue
        place = config.get(key) or (f"runs/{choices['experiment']}" if choices.get("experiment") else None)
        if place:
            places.setdefault(str(place), []).append(overrides)
    for place, there in places.items():
        if len(there) > 1:
            leave = "leave run= out, which gives each a folder of its own, or " if key == "run" else ""
            raise ConfigError(
                f"{len(there)} of the {len(runs)} runs would write to one place, {key}={place}: {_differing(there)}. "
                f"Nothing was started; {leave}start them one by one, each with its own {key}=."
            )


def _differing(runs: list[list[str]]) -> str:
    """What tells runs apart, of the first few: the words that not all of them have."""
    own = [" ".join(word for word in words if any(word not in other for other in runs)) for words in runs]
    return "; ".join(own[:4]) + ("; ..." if len(own) > 4 else "")


def _that_cannot_start(verb: str, runs: list[list[str]]) -> dict[str, NeurofaceError]:
    failures: dict[str, NeurofaceError] = {}
    for overrides in runs:
        try:
            compose(verb, overrides)
        except ConfigError as error:
            failures[" ".join(overrides)] = error
    return failures


@contextmanager
def _files_in_words() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise file_error(error) from error


def _check_launcher(words: list[str]) -> None:
    """ConfigError for a launcher whose extra is not installed, and for Slurm's where there is no Slurm."""
    for name in (word.partition("=")[2] for word in words if word.startswith("hydra/launcher=")):
        if name in EXTRAS:
            extra, distribution = EXTRAS[name]
            try:
                metadata.version(distribution)
            except metadata.PackageNotFoundError as error:
                raise ConfigError(f"hydra/launcher={name} needs pip install 'neuroface[{extra}]'.") from error
        if name == "submitit_slurm" and which("srun") is None:
            raise ConfigError(
                f"hydra/launcher={name}: there is no srun here, so this is no machine of a Slurm cluster. Give the "
                "command there, or hydra/launcher=submitit_local on this one."
            )


def _hand_over(verb: str, words: list[str], run: Run) -> None:
    """Let Hydra read the words, as another launcher or --cfg needs; what it raises comes back as our errors."""
    _check_launcher(words)

    def job(_: DictConfig) -> None:
        given = HydraConfig.get().overrides
        overrides = [*given.task, *(word for word in given.hydra if word.startswith("hydra.searchpath="))]
        state = GlobalHydra.instance().hydra
        try:
            run(overrides)
        except NeurofaceError as error:
            print(f"neuroface: {' '.join(overrides)}: {error}", file=sys.stderr)
            raise
        finally:
            GlobalHydra.instance().hydra = state

    application = hydra.main(config_path=str(config_dir()), config_name=verb, version_base="1.3")(job)
    overrides, folders = split_searchpath([word for word in words if "=" in word and not word.startswith("-")])
    with hydra_context(folders):
        words = without_null(words)
    words.sort(key=lambda word: word not in ("-m", "--multirun"))  # Hydra takes no overrides on both sides of them
    before, sys.argv = sys.argv, [f"neuroface {verb}", *words]
    full, os.environ["HYDRA_FULL_ERROR"] = os.environ.get("HYDRA_FULL_ERROR"), "1"  # raise instead of printing
    try:
        application()
    except HydraException as error:
        with hydra_context(folders), explained(verb, overrides):
            raise error
    except NeurofaceError as error:
        raise RunFailedError("not every run was finished; what was is kept, and the same command goes on.") from error
    finally:
        sys.argv = before
        os.environ.pop("HYDRA_FULL_ERROR") if full is None else os.environ.update(HYDRA_FULL_ERROR=full)
