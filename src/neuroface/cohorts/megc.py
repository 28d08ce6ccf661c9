"""The micro-expression composite of MEGC 2019 (SMIC, CASME II, SAMM) in the layout of HTNet's public code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.reading import Source, folder, given, read_rows, stream, unreadable
from neuroface.cohorts.stills import session_of, still
from neuroface.errors import DataError
from neuroface.recording.flow import PUBLISHED_POINTS, FlowImage
from neuroface.recording.images import image_files
from neuroface.types import Recording

TABLE = "combined_3_class2_for_optical_flow.csv"
CLASSES = "classes.csv"  # label,class; of folders that `neuroface prepare flow=true` wrote
COLUMNS = ("dataset", "sub", "filename_o", "label")
LABELS = {"0": "negative", "1": "positive", "2": "surprise"}
TASK = "micro-expression"
TEST, TRAIN = "u_test", "u_train"
# Where the public code keeps flow images: by subject, and all in one folder.
FLOW_FOLDERS = ("three_norm_u_v_os", "STSNet_whole_norm_u_v_os")
POINT_COLUMNS = tuple(f"{axis}{i}" for i in range(1, 6) for axis in "xy")


class MegcCohort:
    """Optical flow of micro-expressions in three classes: 442 of 68 people, from SMIC, CASME II and SAMM.

    Group is the database, the class belongs to the sample (protocol.target=label); subjects carry the name of their
    database, so that they stay distinct. Each recording's video is a `FlowImage`.
    root: the folder with combined_3_class2_for_optical_flow.csv. flow: the folder of flow images, below root; either
    <subject>/u_test/{0,1,2}/*.png or *.png; null: looked for under the names of the public code. Of
    <subject>/u_train, which holds everybody else's images once more, nothing is used. regions: a CSV below root with
    columns image,x1,y1,...,x5,y5 (28x28 px, see `flow.five_points`), image named as in the flow folder; null: the same
    points for all, those of the public code. A file classes.csv in root (label,class) gives the labels other names.
    """

    def __init__(
        self, *, root: str | Path | None, flow: str | Path | None = None, regions: str | Path | None = None
    ) -> None:
        self.root: str | Path = given(root, "cohort.root", f"the folder that holds {TABLE}")
        self.flow, self.regions = flow, regions

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in the order of the CSV. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        next_step = f"Set cohort.root to the folder that holds {TABLE}."
        _, rows = read_rows(root / TABLE, required=COLUMNS, next_step=next_step)
        found = FlowFolder(_flow_folder(root, self.flow))
        points = None if self.regions is None else _points(root / self.regions)
        labels = _labels(root / CLASSES)
        known = {_key(row) for row in rows}
        strays = len(set(found.files) - known)
        sources, told = [], set[str]()
        for row in rows:
            notes: dict[str, Any] = {}
            if row["sub"] not in told:
                own = found.own_in_training(row["sub"], {_key(r) for r in rows if r["sub"] == row["sub"]})
                notes = {"flow images of a person in their own u_train (not used)": own} if own else {}
            if not told and strays:
                notes["flow images that the CSV does not list"] = strays
            told.add(row["sub"])
            sources.append(_source(row, found, points, notes, labels))
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)


class FlowFolder:
    """Flow images by their name, {"sub01_EP02_01f": [file, ...]}, from either published layout.

    by_subject: whether it is <subject>/{u_train,u_test}/{0,1,2}; then only u_test is listed.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.by_subject = any(place.glob(f"*/{TEST}"))
        images = (
            [file for kind in sorted(place.glob(f"*/{TEST}/*")) if kind.is_dir() for file in image_files(kind)]
            if self.by_subject
            else image_files(place)
        )
        if not images:
            raise DataError(f"There is no flow image in {place}. Set cohort.flow to the folder that holds them.")
        self.files: dict[str, list[Path]] = {}
        for file in images:
            self.files.setdefault(file.stem.strip(), []).append(file)

    def file(self, row: Mapping[str, str]) -> Path:
        """The flow image of a row of the CSV. Errors: DataError when it is missing, doubled or filed as another's."""
        files = self.files.get(_key(row), [])
        if not files:
            raise DataError(f"has no flow image '{_key(row)} .png' in {self.place}")
        if len(files) > 1:
            places = ", ".join(str(file.relative_to(self.place).parent) for file in files)
            raise DataError(f"has {len(files)} flow images ({places})")
        if self.by_subject:
            subject, _, label = files[0].relative_to(self.place).parts[:3]
            if subject != row["sub"]:
                raise DataError(f"lies in the test folder of {subject}")
            if label != row["label"]:
                raise DataError(f"lies in {TEST}/{label}, and the CSV gives label {row['label']}")
        return files[0]

    def own_in_training(self, subject: str, keys: Collection[str]) -> int:
        """How many of a subject's own images stand in their own training folder, which is a leak."""
        kinds = [kind for kind in (self.place / subject / TRAIN).glob("*") if kind.is_dir()]
        return sum(file.stem.strip() in keys for kind in kinds for file in image_files(kind))


def _key(row: Mapping[str, str]) -> str:
    """Stem of a flow image, which has a blank after it; the CSV's imagename is another one for SMIC."""
    return f"{row['sub']}_{row['filename_o']}"


def _flow_folder(root: Path, flow: str | Path | None) -> Path:
    if flow is not None:
        return folder(root / flow, "cohort.flow")
    tried = [place / name for name in FLOW_FOLDERS for place in (root, root / "datasets")]
    there = [place for place in tried if place.is_dir()]
    if not there:
        names = ", ".join(str(place.relative_to(root)) for place in tried)
        raise DataError(f"{root} has none of {names}. Set cohort.flow to the folder of flow images.")
    return there[0]


def _labels(file: Path) -> Mapping[str, str]:
    """{label in the table: class}; those of the composite where no file says otherwise."""
    if not file.is_file():
        return LABELS
    _, rows = read_rows(file, required=("label", "class"), next_step="It names the classes of the labels 0, 1 and 2.")
    return {row["label"]: row["class"] for row in rows}


def _points(file: Path) -> dict[str, np.ndarray]:
    """{name of the image without its ending: (5, 2) px} of a CSV."""
    _, rows = read_rows(file, required=("image", *POINT_COLUMNS), next_step="Set cohort.regions to a CSV, or to null.")
    points = {}
    for row in rows:
        try:
            numbers = [float(row[name]) for name in POINT_COLUMNS]
        except ValueError as error:
            raise DataError(f"{file}, {row['image']}: {error}.") from error
        points[row["image"].removesuffix(".png").strip()] = np.reshape(numbers, (5, 2))
    return points


def _source(
    row: Mapping[str, str],
    found: FlowFolder,
    points: Mapping[str, np.ndarray] | None,
    notes: Mapping[str, Any],
    labels: Mapping[str, str],
) -> Source:
    who = {
        "subject": f"{row['dataset']}-{row['sub']}",
        "group": row["dataset"],
        "task": TASK,
        "session": session_of(row["filename_o"]),
    }
    if row["label"] not in labels:
        known = " or ".join(labels) if len(labels) < 3 else "0, 1 or 2"
        return Source(**who, read=unreadable(f"has label {row['label']!r} in the CSV; it must be {known}"))
    if points is not None and _key(row) not in points:
        return Source(**who, read=unreadable("has no points in cohort.regions"))
    where = PUBLISHED_POINTS if points is None else points[_key(row)]
    return Source(**who, read=partial(_read, row, found, where, notes=notes, label=labels[row["label"]], **who))


def _read(row: Mapping[str, str], found: FlowFolder, points: np.ndarray, **who: Any) -> Recording:
    return still(FlowImage(found.file(row), points=points), attributes={"database": row["dataset"]}, **who)
