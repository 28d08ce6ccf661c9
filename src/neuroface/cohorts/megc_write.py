"""Optical flow in the layout that the public code of HTNet and STSTNet reads, and cohort=megc reads back."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.megc import CLASSES, FLOW_FOLDERS, POINT_COLUMNS, TABLE, TEST, TRAIN
from neuroface.errors import DataError
from neuroface.recording import flow

PARTS, FACES, REGIONS = "components", "datasets/combined_datasets_whole", "regions.csv"
BY_SUBJECT, FLAT = (f"datasets/{name}" for name in FLOW_FOLDERS)
PICTURED = ("u", "v", "strain")  # what the public pictures hold: horizontal, vertical, optical strain
COLUMNS = ("dataset", "sub", "filename_o", "label", "apex", "imagename", "sub_filename")
OURS = ("onset", "onset_s", "apex_s", "source")


@dataclass(frozen=True, eq=False)
class Item:
    """One movement. found: (size, size, 2) px, right and down; points: (5, 2) px of it; face: the apex, RGB.

    onset, apex: frames of the video, from 0; the same in seconds. source: what the recording is called.
    """

    dataset: str
    subject: str
    name: str
    group: str
    onset: int
    apex: int
    onset_s: float
    apex_s: float
    source: str
    found: np.ndarray
    points: np.ndarray
    face: np.ndarray


def write(items: Iterable[Item], out: Path, classes: Sequence[str]) -> list[Item]:
    """Write every movement below `out`, an empty or absent folder, and the tables; label k is classes[k].

    A person's u_test holds their own pictures and u_train everybody else's, for a network that is tested on them.
    Errors: DataError for a folder that holds anything, and for two movements of one name.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty. Choose an empty folder with out=.")
    written: list[Item] = []
    seen: set[str] = set()
    for item in items:
        if stem(item).casefold() in seen:
            raise DataError(f"{stem(item)} stands in the cohort more than once.")
        seen.add(stem(item).casefold())
        _pictures(item, out, classes)
        written.append(item)
    for person in dict.fromkeys(item.subject for item in written):
        for item in written:
            kind = TEST if item.subject == person else TRAIN
            _link(out / FLAT / f"{stem(item)} .png", out / BY_SUBJECT / person / kind / _label(item, classes))
    _tables(written, out, classes)
    return written


def stem(item: Item) -> str:
    return f"{item.subject}_{item.name}"


def _label(item: Item, classes: Sequence[str]) -> str:
    return str(list(classes).index(item.group))


def _pictures(item: Item, out: Path, classes: Sequence[str]) -> None:
    """The picture of three channels, each component by itself as numbers and in grey, and the face at the apex."""
    import cv2

    parts = flow.components(item.found, flow.KINDS)
    grey = dict(zip(flow.KINDS, np.moveaxis(flow.to_uint8(parts), -1, 0), strict=True))
    # that code writes with OpenCV, whose first channel is the file's blue one
    pictures = {FLAT: (f"{stem(item)} .png", np.stack([grey[kind] for kind in PICTURED], axis=-1))}
    pictures |= {f"{PARTS}/{kind}": (f"{stem(item)}.png", picture) for kind, picture in grey.items()}
    pictures[FACES] = (f"{stem(item)}.png", item.face[..., ::-1])
    for place, (name, picture) in pictures.items():
        (out / place).mkdir(parents=True, exist_ok=True)
        coded, content = cv2.imencode(".png", np.ascontiguousarray(picture))
        assert coded
        (out / place / name).write_bytes(content.tobytes())
    numbers = dict(zip(flow.KINDS, np.moveaxis(parts.astype(np.float32), -1, 0), strict=True))
    np.savez(out / PARTS / f"{stem(item)}.npz", onset=item.onset, apex=item.apex, **numbers)


def _link(file: Path, folder: Path) -> None:
    """The file once more, in another folder; a copy only where the disk knows no second name for a file."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, folder / file.name)
    except OSError:
        shutil.copy2(file, folder / file.name)


def _tables(written: Sequence[Item], out: Path, classes: Sequence[str]) -> None:
    theirs = [(i.dataset, i.subject, i.name, _label(i, classes), i.apex, f"{stem(i)}.png", stem(i)) for i in written]
    ours = [(i.onset, f"{i.onset_s:.6f}", f"{i.apex_s:.6f}", i.source) for i in written]
    rows = [(*a, *b) for a, b in zip(theirs, ours, strict=True)]
    _table(out / TABLE, (*COLUMNS, *OURS), rows)
    _table(out / CLASSES, ("label", "class"), [[k, name] for k, name in enumerate(classes)])
    scale = [flow.POINTS_SIZE / i.found.shape[0] for i in written]
    points = [((i.points + 0.5) * by - 0.5).ravel() for i, by in zip(written, scale, strict=True)]
    regions = [[f"{stem(i)} .png", *(f"{x:.4f}" for x in p)] for i, p in zip(written, points, strict=True)]
    _table(out / REGIONS, ("image", *POINT_COLUMNS), regions)


def _table(file: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as table:
        csv.writer(table, lineterminator="\n").writerows([header, *rows])
