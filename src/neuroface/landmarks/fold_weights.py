"""Which network of a fine-tuning run may judge a person: the one of the fold that held the person out."""

from __future__ import annotations

import json
from pathlib import Path

from neuroface.errors import ConfigError, DataError, WeightsNotFoundError

SPLITS = "splits.json"
NAMED = ("official", "bundled")  # whatever lies under these names in the working directory


def weights_for(weights: str, subject: str) -> tuple[str, bool]:
    """The weights to detect a subject's landmarks with, and whether a fold of a run held that subject out.

    weights: a run folder with splits.json ({fold: {"test": [...], "train": [...]}}) and models/<fold>.safetensors; what
    is no folder is returned as it is, as held out. Somebody whom no fold tests has the network of the fold that was
    trained on most people, the first of equals.
    Errors: ConfigError for a folder that is no such run, DataError for splits that cannot be read,
    WeightsNotFoundError for a fold without its network.
    """
    folder = Path(weights).expanduser()
    if weights in NAMED or not folder.is_dir():
        return weights, True
    splits = _splits(folder)
    tested = next((fold for fold, sides in splits.items() if subject in sides["test"]), None)
    fold = tested or max(splits, key=lambda name: len(splits[name]["train"]))
    file = folder / "models" / f"{fold}.safetensors"
    if not file.is_file():
        raise WeightsNotFoundError(
            f"landmarks.weights={weights}: there is no {file}. The run is not finished, or its models were not kept "
            "(execution.save_models=true); give its train command again."
        )
    return str(file), tested is not None


def _splits(folder: Path) -> dict[str, dict[str, list[str]]]:
    file = folder / SPLITS
    if not file.is_file():
        raise ConfigError(
            f"landmarks.weights={folder} is a folder without {SPLITS}. Name a weight file, or the folder of a run of "
            "neuroface train experiment=fan_finetune."
        )
    try:
        folds = json.loads(file.read_text(encoding="utf-8")).items()
        return {fold: {side: [str(who) for who in sides[side]] for side in ("test", "train")} for fold, sides in folds}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{file} does not say which subject is tested in which fold ({error}). Give the run's train command again."
        ) from error
