"""Mesh and dlib rows of landmarks.py: whole recordings, decoding aside, against face-alignment and face_recognition.

face-alignment 1.5 at its best is its network in bf16 where the processor has that, one pass, and a box that costs
nothing (its YuNet takes some milliseconds more); --compile compiles it first, which takes a minute or more. Where its
weights are not here random ones of the right shape stand in: they cost the same. face_recognition's own functions are
dlib's HOG detector, once enlarged, and the predictor on what it finds, in every frame.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuroface import model_files
from neuroface.landmarks.mesh import MeshDetector
from neuroface.recording.clip import open_clip
from neuroface.types import Landmarks, Recording

CLIP = Path(__file__).resolve().parents[3] / "shared" / "data" / "video_rgb" / "single_face.mp4"
# Goals: mesh over face-alignment's best and over its defaults, dlib over face_recognition.
OVER_BEST, OVER_DEFAULTS, OVER_FACE_RECOGNITION = 30.0, 80.0, 2.0
PY_FEAT_FPS = 17.6  # Detectorv2 of py-feat 2.1 on one core of another machine, as published


def rows(
    film: Callable[[list[np.ndarray]], Any],
    aligner: Any,
    box: Callable[[np.ndarray], np.ndarray],
    defaults_s: float,
    *,
    rounds: int,
    compiled: bool,
) -> bool:
    """Print the rows; whether each goal is met. film: frames -> a types.Video. aligner: face-alignment, one pass, that
    is told its box. box: the middle of a frame -> what it is told. defaults_s: its defaults, s a frame."""
    if not model_files.is_there("mesh") or not CLIP.is_file():
        print("mesh: left out, " + ("neuroface fetch mesh" if CLIP.parent.is_dir() else "no real clip is here"))
        return True
    images = [frame.color for frame in open_clip(CLIP).frames()]
    told = box(images[0])
    in_bf16 = "avx512_bf16" in Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else False
    if compiled:
        aligner.face_alignment_net = torch.compile(aligner.face_alignment_net)

    def best() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bf16):
            aligner.get_landmarks_from_image(images[0], detected_faces=[told])

    tracked, searched = (MeshDetector(track=track) for track in (True, False))
    recording = Recording("A", "HC", "SMILE", nothing(len(images)), video=film(images))
    for step in (tracked, searched):
        step(recording)
    best()
    times: dict[str, list[float]] = {"best": [], "mesh, tracked": [], "mesh, searched in each frame": []}
    for _ in range(rounds):
        times["best"].append(spent(best))
        times["mesh, tracked"].append(spent(lambda: tracked(recording)) / len(images))
        times["mesh, searched in each frame"].append(spent(lambda: searched(recording)) / len(images))
    middle = {name: statistics.median(values) for name, values in times.items()}
    words = f"{'bf16' if in_bf16 else 'fp32'}, {'compiled' if compiled else 'not compiled'}, box for nothing, one pass"
    print(f"face-alignment at its best ({words}): {1e3 * middle['best']:.1f} ms a frame")
    for name in list(middle)[1:]:
        seconds = middle[name]
        print(
            f"  {name:<30}{1e3 * seconds:6.2f} ms   {middle['best'] / seconds:5.1f}x best (goal {OVER_BEST:g})   "
            f"{defaults_s / seconds:6.1f}x defaults (goal {OVER_DEFAULTS:g})   {1 / seconds:.0f} frames/s"
        )
    for name, words in (("mesh, tracked", "tracked"), ("mesh, searched in each frame", "searched in each frame")):
        ratio = 1 / middle[name] / PY_FEAT_FPS
        print(f"  over py-feat's {PY_FEAT_FPS} frames/s, published of another machine: {ratio:.1f}x {words}")
    fast = (
        middle["best"] / middle["mesh, tracked"] >= OVER_BEST and defaults_s / middle["mesh, tracked"] >= OVER_DEFAULTS
    )
    return dlib_row(images, recording, rounds) and fast


def dlib_row(images: list[np.ndarray], recording: Recording, rounds: int) -> bool:
    if importlib.util.find_spec("dlib") is None or not model_files.is_there("dlib"):
        print("dlib: left out, it is not installed or its file is not here (neuroface fetch dlib)")
        return True
    import dlib

    from neuroface.landmarks.dlib_points import DlibDetector

    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(model_files.find("dlib", asked_by="the benchmark")))

    def theirs() -> None:
        for image in images[::8]:
            for found in detector(image, 1):
                predictor(image, found)

    ours = DlibDetector()
    ours(recording)
    theirs_s = statistics.median(spent(theirs) for _ in range(rounds)) / len(images[::8])
    ours_s = statistics.median(spent(lambda: ours(recording)) for _ in range(rounds)) / len(images)
    ratio = theirs_s / ours_s
    print(
        f"dlib: face_recognition's way {1e3 * theirs_s:.1f} ms a frame, landmarks=dlib {1e3 * ours_s:.1f} ms: "
        f"{ratio:.1f}x (goal {OVER_FACE_RECOGNITION:g})"
    )
    return ratio >= OVER_FACE_RECOGNITION


def nothing(frames: int) -> Landmarks:
    return Landmarks(np.full((frames, 68, 2), np.nan), np.arange(frames) / 50, "pixel")


def spent(run: Callable[[], Any]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    run()
    return time.process_time() - start
