"""TensorBoard event files of a finished run, written without torch."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neuroface.report import run as runs
from neuroface.report.run import Run

EVENT_FILE = "events.out.tfevents.0000000000.neuroface"  # no time, host or process in the name: same run, same files


def write(folder: Path | str) -> Path:
    """One sub-folder per fold with its scalars and, of a network, its training; and `summary` with the run's scores
    and the report's figures.

    folder: a finished run; figures are the PNG files that html.render left in report/, so render first. What an
    earlier call wrote is replaced. Returns the tensorboard folder. The same run gives the same bytes.
    """
    run = runs.read(folder)
    out = run.folder / "tensorboard"
    shutil.rmtree(out, ignore_errors=True)
    training = _training_people(run.folder)
    for fold, rows in run.predictions.groupby("fold", sort=False):
        scalars = _fold_scalars(run, rows, training.get(str(fold)))
        _write_events(out / str(fold), scalars, curves=_training_curves(run.folder, str(fold)))
    _write_events(out / "summary", _scores(run.scores), images=_images(run.folder / "report"))
    return out


def _fold_scalars(run: Run, rows: pd.DataFrame, n_training: int | None) -> dict[str, float]:
    found = {f"test/p_{name}": float(rows[f"p_{name}"].mean()) for name in run.classes}
    true_class = [row[f"p_{row['y']}"] for row in rows.to_dict("records")]
    found["test/p_true_class"] = sum(true_class) / len(true_class)
    found["n/test_samples"] = len(rows)
    found["n/test_people"] = rows["subject"].nunique()
    if n_training is not None:
        found["n/training_people"] = n_training
    if "threshold" in rows and rows["threshold"].notna().any():
        found["threshold"] = float(rows["threshold"].mean())
    return found


def _training_curves(folder: Path, fold: str) -> list[dict[str, float]]:
    """Per epoch what a network's training told, `epoch` among it; nothing for a fold that kept none."""
    path = folder / "models" / f"{fold}.history.json"
    return json.loads(path.read_text(encoding="utf-8"))["epochs"] if path.is_file() else []


def _training_people(folder: Path) -> dict[str, int]:
    """Fold -> number of people it was trained on; nothing where splits.json is absent."""
    path = folder / "splits.json"
    if not path.is_file():
        return {}
    splits = json.loads(path.read_text(encoding="utf-8"))
    return {str(fold): len(people["train"]) for fold, people in splits.items()}


def _scores(scores: Mapping[Any, Any], prefix: str = "") -> dict[str, float]:
    """Every number in scores.json, by its path: subject/auc, subject/auc_ci/0, ..."""
    found: dict[str, float] = {}
    for name, value in scores.items():
        nested = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(nested, Mapping):
            found |= _scores(nested, f"{prefix}{name}/")
        elif isinstance(nested, int | float) and not isinstance(nested, bool):
            found[f"{prefix}{name}"] = float(nested)
    return found


def _images(report: Path) -> dict[str, bytes]:
    return {f"figures/{path.stem}": path.read_bytes() for path in sorted(report.glob("*.png"))}


def _write_events(
    folder: Path,
    scalars: Mapping[str, float],
    *,
    images: Mapping[str, bytes] | None = None,
    curves: Sequence[Mapping[str, float]] = (),
) -> None:
    """One event file. curves: one mapping per epoch, whose "epoch" is its step."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
    for tag, data in (images or {}).items():
        width, height = struct.unpack(">II", data[16:24])  # PNG: the header chunk starts with both
        image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=data)
        values.append(Summary.Value(tag=tag, image=image))
    events = [Event(file_version="brain.Event:2"), Event(step=0, summary=Summary(value=values))]
    for told in curves:
        points = [Summary.Value(tag=f"training/{k}", simple_value=v) for k, v in told.items() if k != "epoch"]
        events.append(Event(step=int(told["epoch"]), summary=Summary(value=points)))
    folder.mkdir(parents=True)
    with (folder / EVENT_FILE).open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
        writer.flush()
