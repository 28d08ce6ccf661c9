"""Files that hold 68 landmarks: 300-W .pts, dlib XML, and the per-frame tables of Toronto NeuroFace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from neuroface import face, outside
from neuroface.errors import DataError

# Column names of the Toronto NeuroFace release: Frame,x1,y1,...,x68,y68 and Frame,x1,y1,x2,y2.
FRAME = "Frame"
LANDMARK_COLUMNS = tuple(f"{axis}{point}" for point in range(1, face.N_POINTS + 1) for axis in "xy")
BOX_COLUMNS = ("x1", "y1", "x2", "y2")
PTS_FIRST_PIXEL = 1  # 300-W counts pixels from 1 (Sagonas et al., IMAVIS 2016; its tools were written in MATLAB)


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """One face of a dlib XML file. image: as named there. box: (4,) px, left top right bottom. points: (68, 2) px."""

    image: str
    box: np.ndarray
    points: np.ndarray


def read_pts(file: Path) -> np.ndarray:
    """(68, 2) px, the first pixel at 0: points of a 300-W .pts file, which itself counts from 1.

    Errors: DataError when it is missing, is no .pts file or does not hold 68 points.
    """
    lines = [line.strip() for line in _text(file).splitlines() if line.strip()]
    if "{" not in lines or "}" not in lines:
        raise DataError(f"{file} is not a .pts file: its points must stand between {{ and }}")
    cells = [line.split() for line in lines[lines.index("{") + 1 : lines.index("}")]]
    if len(cells) != face.N_POINTS:
        raise DataError(f"{file} holds {len(cells)} points; {face.N_POINTS} are needed")
    if any(len(row) != 2 for row in cells):
        raise DataError(f"{file}: each point must be two numbers, x and y")
    return _numbers(cells, file) - PTS_FIRST_PIXEL


def read_dlib_xml(file: Path) -> list[AnnotatedImage]:
    """Every whole annotated face of a dlib training file, in its order; see `read_dlib_faces`."""
    return read_dlib_faces(file)[0]


def read_dlib_faces(file: Path) -> tuple[list[AnnotatedImage], dict[str, int]]:
    """Every whole annotated face of a dlib training file, in its order, and what was passed over.

    Pixels count from 0.
    Parts are taken by their number, whatever their order. Boxes that dlib is told to ignore, and those that do not have
    exactly the parts 0 to 67, are passed over and counted. Errors: DataError for a file without any whole face.
    """
    try:
        images = list(outside.read_xml(_text(file)).iter("image"))
    except ValueError as error:
        raise DataError(f"{file} cannot be read as XML: {error}") from error
    faces: list[AnnotatedImage] = []
    wrong: list[str] = []
    ignored = 0
    for image in images:
        name = image.get("file", "(an image without a name)")
        for box in image.iter("box"):
            if box.get("ignore", "0").strip().lower() in ("1", "true"):
                ignored += 1
                continue
            parts = {_part_name(part): (part.get("x"), part.get("y")) for part in box.iter("part")}
            if set(parts) != set(range(face.N_POINTS)):
                texts = "".join(f", one named {part!r}" for part in parts if isinstance(part, str))
                wrong.append(f"{name} ({len(parts)}{texts})")
                continue
            left, top, width, height = _numbers([[box.get(k) for k in ("left", "top", "width", "height")]], file)[0]
            points = _numbers([parts[point] for point in range(face.N_POINTS)], file)
            faces.append(AnnotatedImage(name, np.array([left, top, left + width, top + height]), points))
    if not faces and wrong:
        raise DataError(f"{file}: parts 0 to {face.N_POINTS - 1} are needed, others are in {', '.join(wrong)}")
    if not faces:
        raise DataError(f"{file} holds no annotated face; it needs <image> with <box> with <part>")
    counts = {"boxes_to_ignore": ignored, "faces_without_68_parts": len(wrong)}
    return faces, {name: count for name, count in counts.items() if count}


def _part_name(part: Element) -> int | str:
    """The number that names a part, or the text where it is no number."""
    name = part.get("name", "")
    return int(name) if name.isdecimal() else name


def read_annotated_frames(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """(n,) frame numbers, increasing, and (n, 68, 2) px: a NeuroFace landmark file, both counted as the file counts."""
    frames, numbers = _read_frame_table(file, LANDMARK_COLUMNS)
    return frames, numbers.reshape(len(frames), face.N_POINTS, 2)


def read_boxes(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """(n,) frame numbers, increasing, and (n, 4) px left top right bottom: a NeuroFace box file, as the file counts."""
    return _read_frame_table(file, BOX_COLUMNS)


def write_annotated_frames(file: Path, frames: np.ndarray, points: np.ndarray) -> None:
    """Write a NeuroFace landmark file. frames: (n,) numbers; points: (n, 68, 2) px, rounded to a thousandth."""
    _write_frame_table(file, LANDMARK_COLUMNS, frames, points.reshape(len(points), -1))


def write_boxes(file: Path, frames: np.ndarray, boxes: np.ndarray) -> None:
    """Write a NeuroFace box file. frames: (n,) numbers; boxes: (n, 4) px left top right bottom."""
    _write_frame_table(file, BOX_COLUMNS, frames, boxes)


def _read_frame_table(file: Path, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) int and (n, len(columns)) float: rows in order of the frame; blanks and a byte order mark are skipped."""
    lines = [line for line in _text(file).splitlines() if line.strip(" ,\t")]
    if not lines:
        raise DataError(f"{file} is empty; its first line must name the columns")
    header = [name.strip() for name in lines[0].split(",")]
    if header != [FRAME, *columns]:
        raise DataError(f"{file} has {_columns(header)}; {_columns([FRAME, *columns])} are needed")
    cells = [line.split(",") for line in lines[1:]]
    for row in cells:
        if len(row) != len(header):
            raise DataError(f"{file}, frame {row[0].strip()}: {len(row)} cells, but {len(header)} columns")
    if not cells:
        raise DataError(f"{file} lists no frame")
    table = _numbers(cells, file)
    frames = table[:, 0].astype(int)
    if not (frames == table[:, 0]).all() or (frames < 0).any():
        raise DataError(f"{file}: frames must be whole numbers of at least 0")
    twice = [str(frame) for frame, times in Counter(frames.tolist()).items() if times > 1]
    if twice:
        raise DataError(f"{file} lists frame {', '.join(twice)} more than once")
    order = np.argsort(frames)
    return frames[order], table[order, 1:]


def _columns(names: Sequence[str]) -> str:
    """What a header holds, short: its length, beginning and end."""
    return f"{len(names)} columns ({', '.join([*names[:3], '...', names[-1]]) if len(names) > 5 else ', '.join(names)})"


def _write_frame_table(file: Path, columns: Sequence[str], frames: np.ndarray, numbers: np.ndarray) -> None:
    rows = [f"{frame}," + ",".join(f"{value:.3f}" for value in row) for frame, row in zip(frames, numbers, strict=True)]
    file.write_text("\n".join([",".join([FRAME, *columns]), *rows]) + "\n", encoding="utf-8")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"There is no file {file}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as text: {error}") from error


def _numbers(cells: Sequence[Sequence[str | None]], file: Path) -> np.ndarray:
    """(n, d) float; DataError when a cell is no finite number."""
    try:
        numbers = np.array(cells, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{file} holds something that is not a number: {error}") from error
    if not np.isfinite(numbers).all():
        raise DataError(f"{file} holds {(~np.isfinite(numbers)).sum()} cells that are not finite numbers")
    return numbers
