"""Grammatical Facial Expressions of Brazilian Sign Language: two signers before a Kinect, 100 points with depth.

Data: Freitas, Barbosa & Peres, Grammatical Facial Expressions, UCI Machine Learning Repository, 2014 (CC BY 4.0), as a
pack of one .npz per recording (timestamp_s, x_px, y_px, z_mm, target), index.csv and gfe100_to_ibug68.json. Nobody here
is a patient and no label is clinical: what is computed shows that the software runs, nothing more.

Left and right. The source calls the eye with the smaller image x "left" (true of every frame's median in all 16
recordings), the map gives it to the person's right, which is so in an unmirrored image. Whether the recording software
mirrored its image is not documented and the points cannot tell. Use side-blind measures only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from neuroface import face
from neuroface.cohorts import gfe_uci, native
from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.reading import Source, folder, given, read_rows, stream
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.types import Camera, Recording, Repetition

GROUP = "signer"
INDEX = "index.csv"
N_SOURCE_POINTS = 100

# Focal length: NUI_CAMERA_COLOR_NOMINAL_FOCAL_LENGTH_IN_PIXELS = 531.15 at 640 x 480, NuiImageCamera.h of the Kinect
# for Windows SDK 1.8, whose face tracker reports points in this image. Nominal: no calibration of the device exists.
KINECT_V1 = Camera(
    fx=531.15,
    fy=531.15,
    cx=320.0,
    cy=240.0,
    width=640,
    height=480,
    depth_unit_mm=1.0,
    nominal=True,
    model="Kinect v1 colour camera, nominal",
)


class GfeCohort:
    """Signers' facial expressions recorded with a Kinect; real, healthy, and labelled frame by frame.

    root: the folder of the pack, or of the text files as UCI gives them out.
    expression: one that every signer recorded, or "all" of those.
    """

    def __init__(self, *, root: str | Path | None, expression: str = "all") -> None:
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the recordings")
        self.expression = expression

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """One recording per signer and expression (the task), with repetitions labelled "expression" and "other".

        Errors: ConfigError for an expression that not every signer recorded; one DataError at the end for all
        recordings that cannot be read.
        """
        root = folder(self.root, "cohort.root")
        catalogue = self._catalogue(root)
        packed, own_map = (root / INDEX).is_file(), root / "gfe100_to_ibug68.json"
        weights = read_map(own_map) if packed or own_map.is_file() else gfe_uci.default_weights()
        sources = []
        for name, signer, expression in catalogue:
            arrays = partial(_arrays, root / f"{name}.npz") if packed else partial(gfe_uci.read, root, name)
            files = INDEX if packed else gfe_uci.FILES
            sources.append(
                Source(signer, GROUP, expression, partial(_read, arrays, files, signer, expression, weights))
            )
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)

    def _catalogue(self, root: Path) -> list[tuple[str, str, str]]:
        """(file name, signer, expression) of what is asked for: of index.csv or, without one, of UCI's text files."""
        rows = gfe_uci.found(root)
        if (root / INDEX).is_file() or not rows:
            next_step = f"Set cohort.root to the folder of the pack, or of {gfe_uci.FILES}."
            _, listed = read_rows(root / INDEX, required=("recording", "signer", "expression"), next_step=next_step)
            rows = [(row["recording"], row["signer"], row["expression"]) for row in listed]
        signers: dict[str, set[str]] = {}
        for _, signer, expression in rows:
            signers.setdefault(expression, set()).add(signer)
        everybody = set().union(*signers.values())
        shared = [expression for expression, who in signers.items() if who == everybody]
        if self.expression != "all" and self.expression not in shared:
            who = ", ".join(sorted(signers.get(self.expression, ())))
            why = (
                f"was recorded by signer {who} only"
                if who
                else f"is not in {INDEX if (root / INDEX).is_file() else root}"
            )
            raise ConfigError(
                f"cohort.expression={self.expression} {why}." + did_you_mean(self.expression, ["all", *shared])
            )
        asked = shared if self.expression == "all" else [self.expression]
        return [row for row in rows if row[2] in asked]


def read_map(file: Path) -> np.ndarray:
    """(68, 100): how much each source point counts in each landmark; rows add up to 1.

    The file's `map` gives for each landmark a source index, a list of indices to average, or a fractional index between
    two neighbours.
    """
    weights = np.zeros((face.N_POINTS, N_SOURCE_POINTS))
    try:
        for landmark, source in native.read_json(file)["map"].items():
            for index in source if isinstance(source, list) else [source]:
                below = int(np.floor(index))
                share = 1 / len(source) if isinstance(source, list) else 1.0
                weights[int(landmark), below] += share * (1 - (index - below))
                if index > below:
                    weights[int(landmark), below + 1] += share * (index - below)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise DataError(f"{file} is not a map from 68 landmarks to {N_SOURCE_POINTS} points: {error!r}.") from error
    unmapped = np.flatnonzero(~np.isclose(weights.sum(axis=1), 1))
    if len(unmapped):
        raise DataError(f"{file} has no source for landmark {', '.join(map(str, unmapped))}.")
    return weights


def repair_milliseconds(timestamps_s: np.ndarray) -> tuple[np.ndarray, int]:
    """(T,) s with the milliseconds of the source read as they were meant, and how many were changed.

    The source wrote milliseconds without leading zeros: 1.47 stands for 1.047 s, so that the clock seems to run
    backwards about once a second. From the end backwards, a time later than its successor whose milliseconds are a
    multiple of 10 (or of 100) is read with one (or two) leading zeros, if it then fits. A misread time before a long
    gap breaks no order, cannot be told from a right one, and stays: it is at most 0.9 s late.
    """
    times = np.array(timestamps_s, dtype=float)
    repaired = 0
    for at in range(len(times) - 2, -1, -1):
        if times[at] <= times[at + 1]:
            continue
        second = np.floor(times[at])
        milliseconds = round((times[at] - second) * 1000)
        for zeros in (10, 100):
            if milliseconds % zeros == 0 and second + milliseconds / zeros / 1000 <= times[at + 1] + 1e-6:
                times[at] = second + milliseconds / zeros / 1000
                repaired += 1
                break
    return times, repaired


def to_landmarks(
    x_px: np.ndarray, y_px: np.ndarray, z_mm: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(T, 68, 2) px and (T, 68) mm depth, NaN where missing, from (T, 100) source points.

    A landmark between source points has the mean depth of those that were seen (0 was not seen): on the nose bridge of
    signer B one of the two sides is hidden in up to three quarters of the frames, and the sides differ by 4 to 9 mm,
    one or two steps of the sensor.
    """
    pixels = np.stack([np.asarray(x_px, float) @ weights.T, np.asarray(y_px, float) @ weights.T], axis=-1)
    seen = (z_mm > 0).astype(float) @ weights.T
    with np.errstate(invalid="ignore"):
        return pixels, np.where(seen > 0, (np.asarray(z_mm, float) @ weights.T) / seen, np.nan)


def runs(target: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) of each unbroken run of frames with target 1; target: (T,) 0 or 1."""
    edges = np.diff(np.concatenate([[0], (np.asarray(target) == 1).astype(int), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def matched_stretches(positive: Sequence[tuple[int, int]], n_frames: int) -> list[tuple[int, int]]:
    """For each run, a stretch of as many frames outside all runs, as long as there is room; no two overlap.

    Longest runs choose first, because they fit in fewest places. A run takes the gap that follows it, else the one
    before it, else the nearest by count, and there the middle of what is free, farthest from the edges of the labels.
    (With neighbouring gaps alone, signer B's doubt_question would have 7 stretches for 25 runs; so it has 15.)
    """
    starts, stops = [start for start, _ in positive], [stop for _, stop in positive]
    free = [[gap] for gap in zip([0, *stops], [*starts, n_frames], strict=True)]  # gap k precedes run k
    stretches = []
    for k in sorted(range(len(positive)), key=lambda k: starts[k] - stops[k]):
        length = stops[k] - starts[k]
        nearest = sorted(range(len(free)), key=lambda gap: (abs(gap - k - 0.5), gap <= k))
        room = ((gap, piece) for gap in nearest for piece in free[gap] if piece[1] - piece[0] >= length)
        gap, (low, high) = next(room, (-1, (0, 0)))
        if gap < 0:
            continue
        begin = low + (high - low - length) // 2
        free[gap].remove((low, high))
        free[gap] += [(low, begin), (begin + length, high)]
        stretches.append((begin, begin + length))
    return sorted(stretches)


def _arrays(file: Path) -> dict[str, np.ndarray]:
    """timestamp_s (T,), x_px, y_px, z_mm (T, 100) and target (T,) of one file of the pack."""
    arrays = native.read_arrays(file)
    frames = (len(arrays.get("timestamp_s", ())),)
    for name in ("timestamp_s", "target", "x_px", "y_px", "z_mm"):
        wanted = frames + (N_SOURCE_POINTS,) * name.endswith(("_px", "_mm"))
        if name not in arrays:
            raise DataError(f"{file} has no array {name!r}." + did_you_mean(name, arrays))
        if arrays[name].shape != wanted:
            raise DataError(f"{file}: {name} is {arrays[name].shape}; {wanted} is needed")
    return arrays


def _read(
    read_arrays: Callable[[], dict[str, np.ndarray]], files: str, signer: str, expression: str, weights: np.ndarray
) -> Recording:
    arrays = read_arrays()
    times, repaired = repair_milliseconds(arrays["timestamp_s"])
    pixels, depth = to_landmarks(arrays["x_px"], arrays["y_px"], arrays["z_mm"], weights)
    # the source counts seconds since 1970 in ms; from the first frame they are exact again
    seconds = np.round(times - times[:1], 3)
    landmarks, index, counts = on_one_clock(pixels, seconds, space="pixel", depth=depth)
    target = np.zeros(len(landmarks), dtype=int)
    target[index[::-1]] = arrays["target"][::-1]  # of merged frames the first one's label stays
    positive = runs(target)
    if not positive:
        raise DataError("has no repetition: no frame of its target is 1")
    other = matched_stretches(positive, len(landmarks))
    labelled = sorted([(*run, "expression") for run in positive] + [(*stretch, "other") for stretch in other])
    notes = {
        "files": files,
        "timestamps_repaired": repaired,
        **{"frames_merged": 0, **counts},
        "depths_unseen": int(np.isnan(depth).sum()),
        "expressions_without_matching_stretch": len(positive) - len(other),
        "camera": "nominal intrinsics of the Kinect v1, not this device's calibration: mm are approximate",
    }
    return Recording(
        subject=signer,
        group=GROUP,
        task=expression,
        landmarks=landmarks,
        camera=KINECT_V1,
        repetitions=tuple(Repetition(start, stop, i, label) for i, (start, stop, label) in enumerate(labelled)),
        notes=notes,
    )
