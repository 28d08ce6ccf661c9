"""Landmarks of a video: neuroface against face-alignment 1.5, same weights, frames and boxes, interleaved, one thread.

python scripts/bench/landmarks.py [--frames 9] [--rounds 3] [--engines torch-fp32,openvino-int8,...]

face-alignment runs twice: with its defaults but for compile (S3FD in every frame, both sides of the face), and as the
same eager network on a known box without the mirrored side. neuroface runs as `landmarks=fan` does on a recording. The
published weights are used where torch's cache holds them; without them random ones of the same size stand in both
programs, and what they say is put right after it was computed, so that each program follows the face: S3FD's boxes are
the known box, our landmarks the true ones. Then the time is real and the landmarks say nothing; accuracy is judged on
the bundled network. Times are processor time: with one thread that is what the wall clock shows on a machine without
neighbours. Ours is the mean frame of a recording of 10 s: the first one, whose face is searched, and 499 that cost what
the others of the clip cost. With a GPU its images per second are told, too, as a share of its measured matrix peak.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # before torch reads them

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import landmarks_files
import landmarks_mesh
import numpy as np
import torch

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.landmarks import engines, heatmaps, metrics, weights
from neuroface.landmarks.crops import FanCrop, from_points
from neuroface.landmarks.detector import FaceReader, FanDetector
from neuroface.landmarks.fan import FAN
from neuroface.recording.crop import box_around
from neuroface.types import Frame, Landmarks, Recording

FASTER_THAN_DEFAULTS, FASTER_THAN_EAGER = 15.0, 2.5
RECORDING_FRAMES = 500
# How much larger an error may be: than in fp32 with flip, as a share of the intercanthal distance; than in fp32
# without flip, as a share of that error.
OF_DISTANCE, OF_ERROR = 0.01, 0.01
PEOPLE = {"HC": 3, "ALS": 3, "PS": 3}


class Frames:
    """A types.Video of frames that are in memory."""

    rig = None

    def __init__(self, images: Sequence[np.ndarray]) -> None:
        self.images = images

    @property
    def size(self) -> tuple[int, int]:
        return self.images[0].shape[1], self.images[0].shape[0]

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        for index in range(len(self.images))[start:stop:step]:
            yield Frame(index, index / 50, self.images[index])


class Corrected:
    """A FaceReader that computes everything and then answers with the true points of each image."""

    def __init__(self, reader: FaceReader, images: Sequence[np.ndarray], truth: np.ndarray) -> None:
        self.reader, self.size = reader, reader.size
        self.truth = {id(image): points for image, points in zip(images, truth, strict=True)}

    def __call__(self, images: Sequence[np.ndarray], crops: Sequence[FanCrop]) -> tuple[np.ndarray, np.ndarray]:
        self.reader(images, crops)
        return np.stack([self.truth[id(image)] for image in images]), np.ones((len(images), 68))


def clip(count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """A rendered person's first frames, and the true landmarks (T, 68, 2) px."""
    cohort = SyntheticCohort(people={"HC": 1}, tasks=("OPEN",), modality="rgbd")
    recording = next(cohort.recordings())
    return [frame.color for frame in recording.video.frames(0, count)], recording.truth.pixels.points[:count]


def recording_of(images: Sequence[np.ndarray]) -> Recording:
    nothing = np.full((len(images), 68, 2), np.nan)
    landmarks = Landmarks(nothing, np.arange(len(images)) / 50, "pixel")
    return Recording(subject="A", group="HC", task="OPEN", landmarks=landmarks, video=Frames(images))


def published_weights(folder: Path) -> tuple[Path, bool]:
    """A plain state dict of the published size, and whether it is the published one."""
    file = Path(torch.hub.get_dir()) / "checkpoints" / weights.OFFICIAL_NAME
    if file.is_file():
        return file, True
    torch.manual_seed(0)
    torch.save(FAN().state_dict(), folder / "fan.pth")
    return folder / "fan.pth", False


def third_party(file: Path, box: np.ndarray, *, flip: bool) -> Any:
    """FaceAlignment with the given FAN and an S3FD that fetches nothing, costs what it costs, and answers `box`."""
    from face_alignment import FaceAlignment, LandmarksType, api
    from face_alignment.detection.sfd import sfd_detector
    from face_alignment.detection.sfd.net_s3fd import s3fd

    blind = s3fd().state_dict()
    for name in blind:
        if "mbox_conf" in name:  # no face anywhere: what follows on candidates is the cheapest it can be
            blind[name].zero_()
            if name.endswith("bias"):
                blind[name][-1] = -20.0
    sfd_detector.load_state_dict_from_url = lambda *_, **__: blind
    api.load_file_from_url = lambda *_, **__: str(file)
    aligner = FaceAlignment(LandmarksType.TWO_D, device="cpu", flip_input=flip, compile=False)
    search = aligner.face_detector.detect_from_image

    def detect(image: np.ndarray) -> list[np.ndarray]:
        search(image)
        return [box]

    aligner.face_detector.detect_from_image = detect
    return aligner


def ours(file: Path, name: str, images: Sequence[np.ndarray], truth: np.ndarray, *, correct: bool) -> FanDetector:
    """`landmarks=fan` by an engine-precision, with its network loaded and run once."""
    engine, precision = name.split("-")
    step = FanDetector(weights=str(file), engine=engine, precision=precision, device="cpu")
    reader = step._reader(str(file))
    reader([images[0]], [from_points(truth[0], reader.size)])
    if correct:
        step._network = (str(file), Corrected(reader, images, truth))  # type: ignore[assignment]
    return step


def frame_of_a_recording_s(step: FanDetector, images: Sequence[np.ndarray]) -> float:
    """Seconds a frame of RECORDING_FRAMES, from the first frame of a clip and from all of them."""
    first = timed(lambda: step(recording_of(images[:1])))
    further = (timed(lambda: step(recording_of(images))) - first) / (len(images) - 1)
    return (first + (RECORDING_FRAMES - 1) * further) / RECORDING_FRAMES


def timed(run: Callable[[], Any]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    run()
    return time.process_time() - start


def race(asked: argparse.Namespace, folder: Path) -> bool:
    images, truth = clip(asked.frames)
    file, real = published_weights(folder)
    span = box_around(truth[0])
    assert span is not None
    box = np.array([*span[:2], *(span[:2] + span[2:]), 1.0])
    defaults, eager = third_party(file, box, flip=True), third_party(file, box, flip=False)
    steps = {name: ours(file, name, images, truth, correct=not real) for name in asked.engines.split(",")}
    eager.get_landmarks_from_image(images[0], detected_faces=[box])
    runs: dict[str, Callable[[], float]] = {
        "defaults": lambda: timed(lambda: defaults.get_landmarks_from_image(images[0])),
        "eager": lambda: timed(lambda: eager.get_landmarks_from_image(images[0], detected_faces=[box])),
        **{name: partial(frame_of_a_recording_s, step, images) for name, step in steps.items()},
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(asked.rounds):
        for name, run in runs.items():
            times[name].append(run())
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"{'published' if real else 'random'} weights, ms a frame, median of {asked.rounds} interleaved rounds")
    for name, seconds in middle.items():
        against = [f"{middle[other] / seconds:5.1f}x {other}" for other in ("defaults", "eager")]
        print(f"  {name:<14}{1e3 * seconds:8.1f}   {'   '.join(against)}")
    best = min(middle[name] for name in steps)
    print_shares(images[0], truth[0], file, best)

    def told(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        return np.array([width / 4, height / 4, 3 * width / 4, 3 * height / 4, 1.0])

    meshed = landmarks_mesh.rows(Frames, eager, told, middle["defaults"], rounds=asked.rounds, compiled=asked.compile)
    ratios = middle["defaults"] / best, middle["eager"] / best
    print(
        f"over the defaults {ratios[0]:.1f}x (at least {FASTER_THAN_DEFAULTS:g}), "
        f"over the eager network {ratios[1]:.2f}x (at least {FASTER_THAN_EAGER:g})"
    )
    return meshed and ratios[0] >= FASTER_THAN_DEFAULTS and ratios[1] >= FASTER_THAN_EAGER


def print_shares(image: np.ndarray, truth: np.ndarray, file: Path, frame_s: float) -> None:
    """What cutting and decoding take of a frame."""
    fan = weights.load(str(file))
    crop = from_points(truth, fan.size)
    maps = torch.rand(1, 68, fan.size // 4, fan.size // 4)
    cut_s = statistics.median(timed(lambda: crop.cut(image)) for _ in range(50))
    decode_s = statistics.median(timed(lambda: heatmaps.decode(maps)) for _ in range(50))
    for name, seconds in (("crop", cut_s), ("decode", decode_s)):
        print(f"  {name:<8}{1e3 * seconds:6.2f} ms, {100 * seconds / frame_s:.1f} % of the fastest frame")


def gate(engine_names: Sequence[str]) -> bool:
    """Whether the bundled network errs hardly more by each engine without flip than in fp32, with and without flip."""
    if not weights.BUNDLED.is_file():
        print("gate: the bundled network is not there")
        return False
    images, crops, truth = [], [], []
    for recording in SyntheticCohort(people=PEOPLE, tasks=("OPEN", "BIGSMILE"), modality="rgbd").recordings():
        for frame in recording.video.frames(10, None, 80):
            points = recording.truth.pixels.points[frame.index]
            images.append(frame.color)
            crops.append(from_points(points, weights.load("bundled").size))
            truth.append(points)

    def error(engine: str, precision: str, *, flip: bool) -> float:
        run = engines.make(weights.load("bundled"), engine=engine, precision=precision, device="cpu")
        points, _ = FaceReader(run, crops[0].size, decode="subpixel", flip=flip)(images, crops)
        return float(np.mean(metrics.errors(points, np.stack(truth))))

    flipped, plain = error("torch", "fp32", flip=True), error("torch", "fp32", flip=False)
    print(f"bundled network on {len(images)} frames. {metrics.definition()}")
    print(f"  torch-fp32 {100 * flipped:.3f} % with flip, {100 * plain:.3f} % without")
    good = True
    for name in engine_names:
        got = error(*name.split("-"), flip=False)
        print(
            f"  {name:<14}{100 * got:.3f} %: {100 * (got - flipped):+.3f} % of the distance over fp32 with flip "
            f"(at most {100 * OF_DISTANCE:g}), {100 * (got / plain - 1):+.2f} % of the error of fp32 without "
            f"(at most {100 * OF_ERROR:g})"
        )
        good &= got - flipped <= OF_DISTANCE and got / plain - 1 <= OF_ERROR
    return good


def on_gpu() -> None:
    """Images per second of the published network by batch, as a share of what the card multiplies matrices at."""
    from torch.utils.flop_counter import FlopCounterMode

    fan = FAN().eval()
    with FlopCounterMode(display=False) as flops, torch.inference_mode():
        fan(torch.zeros(1, 3, fan.size, fan.size))
    matrix = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    peak = 2 * 8192**3 / seconds_on_gpu(lambda: matrix @ matrix)
    print(f"{torch.cuda.get_device_name()}: bf16 matrix peak {peak / 1e12:.0f} TFLOP/s")
    run = engines.make(fan, precision="bf16", device="cuda")
    for batch in (1, 8, 32, 128):
        faces = torch.randint(0, 256, (batch, fan.size, fan.size, 3), dtype=torch.uint8, device="cuda")
        rate = batch / seconds_on_gpu(lambda faces=faces: heatmaps.decode(run(faces)))
        print(
            f"  batch {batch:>3}: {rate:7.0f} images/s, {100 * rate * flops.get_total_flops() / peak:.0f} % of the peak"
        )


def seconds_on_gpu(run: Any, *, repeats: int = 20) -> float:
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default="torch-fp32,torch-bf16,openvino-bf16,openvino-int8")
    parser.add_argument("--compile", action="store_true", help="compile face-alignment's network before the mesh rows")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print(f"one thread; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        fast = race(asked, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        read = landmarks_files.row(Path(folder))
    exact = gate(asked.engines.split(","))
    if torch.cuda.is_available():
        on_gpu()
    print("yes" if fast and read and exact else "NO")
    raise SystemExit(0 if fast and read and exact else 1)


if __name__ == "__main__":
    main()
