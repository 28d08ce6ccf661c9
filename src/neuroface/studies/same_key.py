"""People of a finished run under the pseudonyms of one key: what reads recordings again must use the same one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.configuration.identity import key_of
from neuroface.errors import ConfigError
from neuroface.evaluate.run_files import read_yaml
from neuroface.evaluate.run_folder import RunFolder


def refuse_lost_key(run: Path) -> None:
    """Before the people of a run are read again. ConfigError where their key file is gone: a new one would be drawn."""
    place = _key_file(run)
    if place and not Path(place).expanduser().is_file():
        raise ConfigError(
            f"{run} knows its people by the pseudonyms of {place}, which is not there. Put the file back: nobody of "
            "the run can be found among the recordings without it."
        )


def check_key(run: Path, config: DictConfig, *, word: str = "run") -> None:
    """Before other recordings are judged by what a run learnt. word: of the command line, that names the run.

    ConfigError where the run has a key that is there, and the recordings are read under another one or none; where it
    is not there, as of a run of somebody else, it is said on standard error that copies of people cannot be told.
    """
    there, here = _pseudonyms(run), config.cohort.get("pseudonyms")
    if there is None or (here and key_of(here) == there):
        return
    place = _key_file(run)
    named = f"{word}={run} knows its people by pseudonyms" + (f" of {place}" if place else "")
    read = f"those of {here}" if here else "people's own names"
    told = f"{named}, and these recordings are read under {read}: whether somebody was among its people cannot be told."
    if place and Path(place).expanduser().is_file():
        raise ConfigError(f"{told} Add cohort.pseudonyms={place}; who is new is added to it.")
    print(told, file=sys.stderr)


def _pseudonyms(run: Path) -> str | None:
    file = run / "config.yaml"
    science: dict[str, Any] = read_yaml(file) if file.is_file() else {}
    return (science.get("cohort") or {}).get("pseudonyms")


def _key_file(run: Path) -> str | None:
    return (RunFolder(run).facts.get("paths") or {}).get("cohort.pseudonyms")
