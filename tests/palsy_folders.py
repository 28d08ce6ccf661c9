"""Tiny folders in the layouts of public face sets: megc, fnp, ckplus, meei; drawn here, nobody in them exists."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

MEGC_TABLE = "combined_3_class2_for_optical_flow.csv"
MEGC_COLUMNS = ("dataset", "sub", "filename_o", "label", "apex", "imagename", "sub_filename")
# dataset, sub, filename_o, label: two people of each database, each with all three classes.
MEGC_ROWS = (
    *[("casme2", f"sub{p:02d}", f"EP{p:02d}_0{c}f", c) for p in (1, 2) for c in range(3)],
    *[("smic", f"s{p:02d}", f"s{p:02d}_{name}_01", c) for p in (1, 2) for c, name in enumerate(("ne", "po", "sur"))],
    *[("samm", f"00{p}", f"00{p}_1_{c + 2}", c) for p in (6, 7) for c in range(3)],
)


def flow_picture(label: int, seed: int, size: int = 28) -> np.ndarray:
    """(size, size, 3) uint8 as OpenCV stores it, channels u, v, strain: a bump in another place for each class."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    centre = ((0.3, 0.35), (0.75, 0.5), (0.3, 0.7))[label]
    bump = np.exp(-((x - centre[1]) ** 2 + (y - centre[0]) ** 2) / 0.02)
    channels = np.stack([bump, 1 - bump, bump**2], axis=-1) + 0.1 * rng.standard_normal((size, size, 3))
    return (255 * np.clip(channels, 0, 1)).astype(np.uint8)


def write_megc(
    folder: Path,
    rows: Sequence[tuple[str, str, str, int]] = MEGC_ROWS,
    *,
    layout: str = "by_subject",
    with_training: bool = True,
) -> Path:
    """`folder` with the CSV and datasets/three_norm_u_v_os by subject, or datasets/STSNet_whole_norm_u_v_os "flat"."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / MEGC_TABLE).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(MEGC_COLUMNS)
        for dataset, sub, name, label in rows:
            short = name.replace("s0", "s", 1) if dataset == "smic" else name
            writer.writerow([dataset, sub, name, label, "", f"{sub}_{short}.jpg", ""])
    for seed, (_, sub, name, label) in enumerate(rows):
        picture, file = flow_picture(label, seed), f"{sub}_{name} .png"
        if layout == "flat":
            write_image(folder / "datasets" / "STSNet_whole_norm_u_v_os" / file, picture)
            continue
        place = folder / "datasets" / "three_norm_u_v_os"
        write_image(place / sub / "u_test" / str(label) / file, picture)
        others = sorted({row[1] for row in rows} - {sub}) if with_training else []
        for other in others:
            write_image(place / other / "u_train" / str(label) / file, picture)
    return folder


def face_picture(asymmetry: float, seed: int, size: int = 64) -> np.ndarray:
    """(size, size, 3) uint8: eyes and a mouth, one corner of which hangs by `asymmetry` (0..1) fifths of the face.

    seed: whose skin it is; people with one skin would be copies of each other.
    """
    rng = np.random.default_rng(seed)
    image = np.full((size, size, 3), 150, dtype=np.uint8)
    for x in (0.33, 0.67):
        cv2.circle(image, (round(x * size), round(0.38 * size)), size // 12, (40, 40, 40), -1)
    right, left = (round(0.32 * size), round(0.72 * size)), (round(0.68 * size), round((0.72 + 0.2 * asymmetry) * size))
    cv2.line(image, right, left, (30, 30, 120), max(size // 20, 1))
    own = cv2.resize(rng.normal(0, 25, (4, 4)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + own[..., None] + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def write_fnp(folder: Path, people: Mapping[str, int], *, sides: Sequence[str] = ("left", "right")) -> Path:
    """grade_<k>/<person>_<side>.jpg for each person of `people` {name: grade}."""
    for number, (person, grade) in enumerate(people.items()):
        for side in sides:
            picture = face_picture((grade - 1) / 5, number)
            picture = picture if side == "left" else picture[:, ::-1]
            write_image(folder / f"grade_{grade}" / f"{person}_{side}.jpg", picture)
    return folder


def write_ckplus(
    folder: Path, sequences: Mapping[tuple[str, str], int | None], *, n_images: int = 4, landmarks: bool = True
) -> Path:
    """cohn-kanade-images, Emotion and Landmarks for {(subject, sequence): code of the emotion or None}."""
    for number, ((subject, sequence), emotion) in enumerate(sequences.items()):
        place = Path(subject) / sequence
        for i in range(1, n_images + 1):
            stem = f"{subject}_{sequence}_{i:08d}"
            write_image(folder / "cohn-kanade-images" / place / f"{stem}.png", face_picture(i / n_images, number))
            if landmarks:
                write_text(
                    folder / "Landmarks" / place / f"{stem}_landmarks.txt",
                    "".join(f"   {10 + p + i:.7e}   {20 + p:.7e}\n" for p in range(68)),
                )
        (folder / "Emotion" / place).mkdir(parents=True)
        if emotion is not None:
            name = f"{subject}_{sequence}_{n_images:08d}_emotion.txt"
            write_text(folder / "Emotion" / place / name, f"   {emotion:.7e}\n")
    return folder


def write_meei(folder: Path, people: Sequence[str] = ("MildFlaccid1", "CompleteSynkinetic2", "Normal3")) -> Path:
    """Flaccid/MildFlaccid/MildFlaccid1/MildFlaccid1_1.jpg .. _8.jpg and so on; Normal/Normal3/ for normal people."""
    for number, person in enumerate(people):
        kind = person.rstrip("0123456789")
        group = next((g for g in ("Flaccid", "Synkinetic") if kind.endswith(g)), "Normal")
        place = folder / group / person if group == "Normal" else folder / group / kind / person
        for i in range(1, 9):
            write_image(place / f"{person}_{i}.jpg", face_picture(0.5, number))
    return folder


def write_image(file: Path, image: np.ndarray) -> None:
    """Write an image; its channels in OpenCV's order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(file.suffix, image)[1].tobytes())


def write_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
