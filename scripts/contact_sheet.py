"""Draws docs/images/contact_sheet.png: rendered synthetic faces, by look, group and task.

python scripts/contact_sheet.py [OUT.png]
Nobody on it exists. Each face stands at the middle of the first repetition of its task.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from neuroface import face
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.types import Recording

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "contact_sheet.png"
TASKS = {"REST": "rest", "OPEN": "open", "SPREAD": "spread", "KISS": "kiss", "BROW": "brows", "BIGSMILE": "smile"}
PEOPLE = {"HC": 2, "ALS": 1, "PS": 6}  # which person of each group
TILE, MARGIN = 150, 24  # px
FACE_HEIGHT_SHARE = 0.62  # brow to chin in a tile


def main() -> None:
    """Both looks, a row per group, a column per task, and one row of depth."""
    rows = [_row(look, group) for look in ("lab", "wild") for group in PEOPLE]
    rows.append(_row("lab", "PS", depth=True))
    sheet = np.vstack([_header(), *rows])
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.parent.mkdir(parents=True, exist_ok=True)
    colors = cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(out), colors // 8 * 8, [cv2.IMWRITE_PNG_COMPRESSION, 9])  # fewer shades pack tighter
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB, {sheet.shape[1]} x {sheet.shape[0]} px")


def _row(look: str, group: str, *, depth: bool = False) -> np.ndarray:
    noise = 1.0 if depth else 0.0  # noise of colour would only make the file large
    cohort = SyntheticCohort(
        people={group: PEOPLE[group]}, tasks=list(TASKS), effect=1.4, modality="rgbd", look=look, aligned=True,
        sensor="sr300", sensor_noise=noise,
    )  # fmt: skip
    recordings = [r for r in cohort.recordings() if r.subject.endswith(f"{PEOPLE[group]:03d}")]
    label = _label(TILE, MARGIN, f"{look} {group}" + (" depth" if depth else ""))
    return np.hstack([cv2.rotate(label, cv2.ROTATE_90_COUNTERCLOCKWISE), *(_tile(r, depth) for r in recordings)])


def _tile(recording: Recording, depth: bool) -> np.ndarray:
    first = recording.repetitions[0]
    number = (first.start + first.stop) // 2
    frame = next(recording.video.frames(number, number + 1))
    image = _shades(frame.depth * recording.camera.depth_unit_mm) if depth else frame.color
    points = recording.truth.pixels.points[number]
    middle, height = points[[*face.RIGID, face.CHIN]].mean(axis=0), np.ptp(points[:, 1])
    half = 0.5 * height / FACE_HEIGHT_SHARE
    scale = TILE / (2 * half)
    place = np.array([[scale, 0, TILE / 2 - scale * middle[0]], [0, scale, 0.45 * TILE - scale * middle[1]]])
    how = cv2.INTER_NEAREST if depth else cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(
        image, place, (TILE, TILE), flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=(225, 225, 225)
    )


def _shades(z_mm: np.ndarray) -> np.ndarray:
    """(H, W, 3): near is bright; missing is dark red."""
    near = np.percentile(z_mm[z_mm > 0], 0.5)
    grey = np.clip(255 - (z_mm - near) * 1.8, 30, 255).astype(np.uint8)
    out = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    out[z_mm == 0] = (90, 0, 0)
    return out


def _label(width: int, height: int, text: str) -> np.ndarray:
    out = np.full((height, width, 3), 255, dtype=np.uint8)
    (length, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    at = ((width - length) // 2, height - 9)
    return cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)


def _header() -> np.ndarray:
    return np.hstack([_label(MARGIN, MARGIN, ""), *(_label(TILE, MARGIN, name) for name in TASKS.values())])


if __name__ == "__main__":
    main()
