"""Every landmark model that is here against the others on real clips: error, opening of the mouth, lost frames.

python scripts/compare_landmarks.py DIR [--models mesh,dlib,bundled] [--offsets FILE.csv] [--out FILE.json]

DIR holds clips (DIR/video_rgb, or itself) and, if it has them, tracks of one more independent network
(DIR/tracks68_2d/<clip>.npz, points_px (T, 68, 2)), which take part as "tracks". No clip has a truth, so models are
judged by each other:

error   own error by the three-cornered hat (Gray & Allan, IEEE FCS 1974): with d the root mean square of the distances
        of two models, a model's own error is sqrt((d_ab^2 + d_ac^2 - d_bc^2) / 2), the median over all pairs b, c of
        independent models; % of the outer eye distance, without jaw. What is constant between two models, per point,
        is another definition of the point and no error: it is taken off by the medians of all other people.
slope   of the opening of the inner lips, about its median in each clip, against the median of the other models of real
        faces. A line fitted to a noisy reference is too flat, so the slope is cov(own, c) / cov(b, c) with a third
        model c, the median over pairs; "plain" is the line fitted to the median of the others.
lost    frames without a face, or with one whose middle is more than a quarter of the outer eye distance from the median
        of all others' middles.
jitter  root mean square of the second difference of a point, % of the outer eye distance: noise, where nothing jerks.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np

from neuroface import face, model_files
from neuroface.cohorts.videos import VideosCohort
from neuroface.errors import NeurofaceError
from neuroface.types import Recording

REAL = ("tracks", "fan", "mesh", "dlib")  # models that have seen photographs
FAR = 0.25


def steps(names: list[str]) -> dict[str, object]:
    """Landmark steps by name, unfiltered; those whose files are not here are told and left out."""
    from neuroface.landmarks.detector import FanDetector
    from neuroface.landmarks.dlib_points import DlibDetector
    from neuroface.landmarks.mesh import MeshDetector

    raw = {"median_frames": 1, "max_gap_s": 0.0}
    makers = {
        "fan": lambda: FanDetector(weights="official", **raw),
        "mesh": lambda: MeshDetector(**raw),
        "dlib": lambda: DlibDetector(**raw),
        "bundled": lambda: FanDetector(weights="bundled", **raw),
    }
    return {name: makers[name]() if name in makers else FanDetector(weights=name, **raw) for name in names}


def found(step: object, recording: Recording) -> np.ndarray:
    """(T, 68, 2) px; all NaN where there is no face at all."""
    from neuroface.errors import DataError

    try:
        return step(recording)[0].points  # type: ignore[operator]
    except DataError:
        return np.full((len(recording.landmarks), face.N_POINTS, 2), np.nan)


def read(root: Path, names: list[str]) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, str], dict[str, float]]:
    """model -> clip -> (T, 68, 2) px; clip -> person; model -> processor time, ms a frame with decoding."""
    clips = root / "video_rgb" if (root / "video_rgb").is_dir() else root
    points: dict[str, dict[str, np.ndarray]] = {}
    spent: dict[str, float] = {}
    models = steps(names)
    recordings = list(VideosCohort(root=clips).recordings())
    for name, step in models.items():
        start, frames = time.process_time(), 0
        try:
            for recording in recordings:
                points.setdefault(name, {})[recording.subject] = found(step, recording)
                frames += len(recording.landmarks)
        except NeurofaceError as error:
            print(f"{name}: left out, {error}")
            points.pop(name, None)
            continue
        spent[name] = 1e3 * (time.process_time() - start) / frames
    people = {recording.subject: recording.subject for recording in recordings}
    for recording in recordings:
        track = root / "tracks68_2d" / f"{recording.subject}.npz"
        if track.is_file():
            with np.load(track) as arrays:
                own = arrays["points_px"].astype(float)
                people[recording.subject] = str(arrays["subject"]) if "subject" in arrays else recording.subject
            length = len(recording.landmarks)
            padded = np.full((length, face.N_POINTS, 2), np.nan)
            padded[: min(len(own), length)] = own[:length]
            points.setdefault("tracks", {})[recording.subject] = padded
    return points, people, spent


def eye_vectors(points: dict[str, dict[str, np.ndarray]], clip: str) -> np.ndarray:
    """(T,) complex px: from the right to the left outer canthus, median of the models of real faces."""
    every = [tracks[clip] for name, tracks in points.items() if name in REAL and clip in tracks]
    eyes = [p[:, face.CANTHUS_LEFT_OUTER] - p[:, face.CANTHUS_RIGHT_OUTER] for p in every]
    return np.nanmedian(np.stack(eyes), axis=0) @ [1, 1j]


def differences(points: dict, people: dict[str, str], eyes: dict, a: str, b: str) -> dict[str, np.ndarray]:
    """clip -> (T, 51) complex, shares of the eye distance along and across it: a minus b, less what is constant."""
    rough = {
        clip: ((points[a][clip] - points[b][clip])[:, face.WITHOUT_JAW] @ [1, 1j]) / eyes[clip][:, None]
        for clip in points[a].keys() & points[b].keys()
    }
    out = {}
    for clip, values in rough.items():
        others = np.concatenate([v for c, v in rough.items() if people[c] != people[clip]] or [values])
        out[clip] = values - (np.nanmedian(others.real, axis=0) + 1j * np.nanmedian(others.imag, axis=0))
    return out


def rms(differences_of: dict[str, np.ndarray]) -> float:
    """Root mean square of the middle 95 % of the distances: a lost face is counted elsewhere."""
    far = np.abs(np.concatenate(list(differences_of.values())).ravel())
    far = np.sort(far[np.isfinite(far)])
    return float(np.sqrt(np.mean(far[: int(0.95 * len(far))] ** 2)))


def own_error(apart: dict[tuple[str, str], float], name: str, others: list[str]) -> float:
    squares = [
        (apart[name, b] ** 2 + apart[name, c] ** 2 - apart[b, c] ** 2) / 2 for b, c in itertools.combinations(others, 2)
    ]
    return float(np.sqrt(max(np.median(squares), 0.0))) if squares else float("nan")


def openings(points: dict, eyes: dict) -> dict[str, np.ndarray]:
    """model -> (all frames,): opening of the inner lips about its median in the clip, shares of the eye distance."""
    clips = sorted(eyes)
    return {
        name: np.concatenate(
            [
                (
                    gap := np.linalg.norm(np.subtract(*(tracks[c][:, p] for p in LIPS)), axis=1)
                    / np.nanmedian(abs(eyes[c]))
                )
                - np.nanmedian(gap)
                for c in clips
            ]
        )
        for name, tracks in points.items()
    }


LIPS = (face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER)


def slopes(gaps: dict[str, np.ndarray], name: str, others: list[str]) -> tuple[float, float]:
    """By a third model, and plainly against the median of the others."""
    seen = np.all([np.isfinite(gaps[n]) for n in (name, *others)], axis=0)
    own = gaps[name][seen]
    by_third = [own @ gaps[c][seen] / (gaps[b][seen] @ gaps[c][seen]) for b, c in itertools.permutations(others, 2)]
    middle = np.median([gaps[o][seen] for o in others], axis=0)
    return float(np.median(by_third)) if by_third else float("nan"), float(own @ middle / (middle @ middle))


def lost(points: dict, eyes: dict, name: str, others: list[str]) -> tuple[int, int, int]:
    """(frames without a face, frames in a wrong place, all frames)."""
    gone = wrong = total = 0
    for clip, own in points[name].items():
        middle = np.nanmedian([points[o][clip].mean(axis=1) for o in others], axis=0)
        off = np.linalg.norm(own.mean(axis=1) - middle, axis=1) / np.abs(eyes[clip])
        gone, total = gone + int(np.isnan(own).any(axis=(1, 2)).sum()), total + len(own)
        wrong += int((off > FAR).sum())
    return gone, wrong, total


def jitter(points: dict, eyes: dict, name: str) -> float:
    bends = [
        np.linalg.norm(np.diff(own[:, face.WITHOUT_JAW], n=2, axis=0), axis=2) / np.nanmedian(abs(eyes[clip]))
        for clip, own in points[name].items()
    ]
    return float(np.sqrt(np.nanmedian(np.concatenate(bends) ** 2)))


def write_offsets(points: dict, eyes: dict, file: Path) -> None:
    """What is constant of dlib minus mesh, both sides of the face alike: landmarks/mesh_offsets.csv."""
    rough = np.concatenate(
        [((points["dlib"][c] - points["mesh"][c]) @ [1, 1j]) / eyes[c][:, None] for c in points["mesh"]]
    )
    along, across = np.nanmedian(rough.real, axis=0), np.nanmedian(rough.imag, axis=0)
    along, across = (along - along[face.MIRROR]) / 2, (across + across[face.MIRROR]) / 2
    rows = [f"{at},{a:.4f},{b:.4f}" for at, (a, b) in enumerate(zip(along, across, strict=True))]
    file.write_text("\n".join(["landmark,along,across", *rows, ""]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--models", help="names or FAN weight files, by commas; all that are here by default")
    parser.add_argument("--offsets", type=Path, help="write mesh_offsets.csv")
    parser.add_argument("--out", type=Path, help="write the table as JSON")
    asked = parser.parse_args()
    here = [
        *(["fan"] if model_files.official_fan().is_file() else []),
        *[name for name in ("mesh", "dlib") if model_files.is_there(name)],
        "bundled",
    ]
    points, people, spent = read(asked.root, asked.models.split(",") if asked.models else here)
    real = [name for name in REAL if name in points]
    if len(real) < 2:
        raise SystemExit("At least two models of real faces are needed: neuroface fetch mesh, neuroface fetch dlib.")
    eyes = {clip: eye_vectors(points, clip) for clip in points[real[0]]}
    apart = {}
    for a, b in itertools.combinations(points, 2):
        apart[a, b] = apart[b, a] = rms(differences(points, people, eyes, a, b))
    gaps, table = openings(points, eyes), {}
    for name in points:
        others = [other for other in real if other != name]
        slope, plain = slopes(gaps, name, others)
        gone, wrong, total = lost(points, eyes, name, others)
        table[name] = {
            "error_percent": 100 * own_error(apart, name, others),
            "slope": slope,
            "slope_plain": plain,
            "frames_lost": gone,
            "frames_misplaced": wrong,
            "frames": total,
            "jitter_percent": 100 * jitter(points, eyes, name),
            "ms_a_frame": spent.get(name),
        }
    if asked.offsets:
        write_offsets(points, eyes, asked.offsets)
    if asked.out:
        asked.out.write_text(json.dumps(table, indent=1), encoding="utf-8")
    print(f"{len(eyes)} clips of {len(set(people.values()))} people, {total} frames; independent: {', '.join(real)}")
    print(f"{'':<10}{'error %':>9}{'slope':>8}{'plain':>8}{'lost':>7}{'misplaced':>11}{'jitter %':>10}{'ms':>7}")
    for name, row in table.items():
        ms = "" if row["ms_a_frame"] is None else f"{row['ms_a_frame']:.1f}"
        print(
            f"{Path(name).stem:<10}{row['error_percent']:>9.2f}{row['slope']:>8.2f}{row['slope_plain']:>8.2f}"
            f"{row['frames_lost']:>7}{row['frames_misplaced']:>11}{row['jitter_percent']:>10.2f}{ms:>7}"
        )


if __name__ == "__main__":
    main()
