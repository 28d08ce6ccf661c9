"""FAN on a recording's own video: one face, tracked from frame to frame, as 68 landmarks in px."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from neuroface import face
from neuroface.errors import ConfigError, DataError, WeightsNotFoundError, did_you_mean
from neuroface.landmarks import engines, heatmaps, weights
from neuroface.landmarks.crops import FanCrop
from neuroface.landmarks.engines import Engine
from neuroface.landmarks.fold_weights import weights_for
from neuroface.landmarks.given import steady
from neuroface.landmarks.per_frame import frames_of, gathered
from neuroface.landmarks.tracking import Tracker
from neuroface.recording import whose as whose_face
from neuroface.recording.face_detectors import HaarDetector
from neuroface.types import Landmarks, Recording

GPU_BATCH = 32  # faces at once where the batch is not given; on a CPU a batch gains nothing


class FanDetector:
    """A landmark step: Recording -> (Landmarks in px, counts), by a FAN over the recording's video.

    weights: official, bundled, a weight file, or the folder of a fine-tuning run: then each person is detected by the
    network of the fold that held them out. allow_download: fetch the official file where it is missing. engine: torch,
    onnxruntime or openvino; precision: fp32, bf16 (torch, openvino) or int8 (openvino). decode: subpixel or quarter.
    flip: average with the mirrored face. detector: takes a Frame and returns face boxes (N, 4) px, or a given source
    with `.of(recording)`; None is HaarDetector(). whose: largest, central, longest or boxes, see recording.whose.
    track: search the face at the start and when the mean score of a frame falls below `detect_again_below` (background
    seldom reaches it); otherwise in every frame. max_gap_s, median_frames, smooth, cutoff_hz: see given.steady.
    batch_size: faces at once; None is 1 on a CPU, 32 on a GPU.
    device: auto is a GPU where there is one.
    Errors: ConfigError for values without meaning, or an engine that is not installed.
    """

    reads_video = True

    def __init__(
        self,
        *,
        weights: Literal["official", "bundled"] | str | Path = "official",
        allow_download: bool = False,
        engine: str = "torch",
        precision: str = "fp32",
        decode: str = "subpixel",
        flip: bool = False,
        track: bool = True,
        detect_again_below: float = 0.5,
        detector: Any = None,
        whose: str = "largest",
        max_gap_s: float = 0.1,
        median_frames: int = 5,
        smooth: str = "none",
        cutoff_hz: float = 12.0,
        batch_size: int | None = None,
        device: str = "auto",
    ) -> None:
        engines.check(engine, precision, device)
        if decode not in heatmaps.METHODS:
            raise ConfigError(f"landmarks.decode={decode}: no such choice." + did_you_mean(decode, heatmaps.METHODS))
        if not 0 <= detect_again_below <= 1:
            raise ConfigError(f"landmarks.detect_again_below={detect_again_below}: a score from 0 to 1 is needed.")
        if batch_size is not None and batch_size < 1:
            raise ConfigError(f"landmarks.batch_size={batch_size}: at least 1 face at once is needed.")
        self.weights, self.allow_download = str(weights), allow_download
        self.engine, self.precision, self.decode, self.flip = engine, precision, decode, flip
        self.track, self.detect_again_below = track, detect_again_below
        self.detector = HaarDetector() if detector is None else detector
        whose_face.check(whose, given_boxes=hasattr(self.detector, "of"))
        self.whose = whose
        self.steadily = partial(
            steady, max_gap_s=max_gap_s, median_frames=median_frames, smooth=smooth, cutoff_hz=cutoff_hz
        )
        self.batch_size, self.device = batch_size, device
        self._network: tuple[str, FaceReader] | None = None

    @property
    def described(self) -> str:
        """What found the landmarks, in words."""
        name = getattr(self.detector, "__name__", type(self.detector).__name__)
        how = "at the start and when lost" if self.track else "in every frame"
        run = f"{self.engine} {self.precision}, decode={self.decode}, flip={self.flip}"
        return f"FAN weights={self.weights}, {run}, boxes by {name} {how}, whose={self.whose}"

    def __call__(self, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        """(T, 68, 2) px with scores, and counts: those of `steady`, frames_without_face, faces_detected_again,
        frames_with_other_faces (of one frame in a second), not_held_out (1 where no fold of the run held this person
        out).

        Every frame of the video is looked at; where the recording has repetitions, which count the frames of its own
        landmarks, those frames. A frame without a face is NaN with score 0. `fitted_on` is whom the network knows.
        Errors: DataError without video, or without a face in any frame; WeightsNotFoundError for weights that are not
        there, or are of no use.
        """
        read, fitted_on, held_out = self._network_for(recording.subject)
        tracker = Tracker(
            read,
            whose_face.detector_for(recording, self.detector, self.whose),
            size=read.size,
            track=self.track,
            detect_again_below=self.detect_again_below,
            batch=self.batch_size or self._usual_batch(),
            whose=self.whose,
        )
        landmarks, missing = gathered(tracker(frames_of(recording)), fitted_on=fitted_on)
        landmarks, counts = self.steadily(landmarks)
        told = {
            "frames_without_face": missing,
            "faces_detected_again": tracker.searched_again,
            "frames_with_other_faces": tracker.others.frames,
            "not_held_out": int(not held_out),
        }
        return landmarks, {**counts, **told}

    def reader(self) -> FaceReader:
        """The network for somebody whom no fold of a fine-tuning run has held out."""
        return self._network_for("")[0]

    def _usual_batch(self) -> int:
        on_gpu = self.engine == "torch" and engines.place(self.device).type != "cpu"
        return GPU_BATCH if on_gpu else 1

    def _network_for(self, subject: str) -> tuple[FaceReader, frozenset[str], bool]:
        """The network that may see a subject, whom it was fitted on, and whether a fold of a run held the subject out.

        A damaged file is nothing that is wrong with this recording: it stops the work, as a missing one does.
        """
        try:
            file, held_out = weights_for(self.weights, subject)
            return self._reader(file), weights.fitted_on(file), held_out
        except DataError as error:
            raise WeightsNotFoundError(f"landmarks.weights={self.weights}: {error}") from error

    def _reader(self, file: str) -> FaceReader:
        """The network of a weight file, ready to run; the last one is kept."""
        if self._network is None or self._network[0] != file:
            fan = weights.load(file, allow_download=self.allow_download)
            run = engines.make(fan, engine=self.engine, precision=self.precision, device=self.device)
            self._network = (file, FaceReader(run, fan.size, decode=self.decode, flip=self.flip))
        return self._network[1]


class FaceReader:
    """Reads the landmarks of faces: cut, network, decode. `size`: side of a crop, px.

    run: an engine. flip: heat-maps are the mean of the face's and of the mirrored face's, mirrored back.
    """

    def __init__(self, run: Engine, size: int, *, decode: str, flip: bool) -> None:
        self.size = size
        self._run, self._decode, self._flip = run, decode, flip
        self._at_most = sys.maxsize

    def __call__(self, images: Sequence[np.ndarray], crops: Sequence[FanCrop]) -> tuple[np.ndarray, np.ndarray]:
        """Points (N, 68, 2) px of the image and scores (N, 68) 0..1, one crop of each image (H, W, 3) uint8.

        Errors: ConfigError when not even one face fits into the memory of the GPU.
        """
        faces = torch.stack([torch.from_numpy(c.cut(image)) for image, c in zip(images, crops, strict=True)])
        parts: list[tuple[Tensor, Tensor]] = []
        done = 0
        while done < len(faces):
            part = faces[done : done + self._at_most]
            try:
                parts.append(self._read(part))
                done += len(part)
            except torch.cuda.OutOfMemoryError as error:
                self._halve(len(part), error)
        points, score = (torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True))
        return np.stack([crop.to_frame(p) for crop, p in zip(crops, points, strict=True)]), score

    def _halve(self, count: int, error: Exception) -> None:
        """From now on at most half of `count` faces at once."""
        if count == 1:
            raise ConfigError(
                "The network does not fit into the memory of the GPU with one face. Set landmarks.device=cpu, or "
                "landmarks.precision=bf16."
            ) from error
        self._at_most = count // 2
        print(f"out of GPU memory: {self._at_most} faces at once from now on, not {count}", file=sys.stderr)
        torch.cuda.empty_cache()

    def _read(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        maps = self._run(faces)
        if self._flip:
            maps = (maps + self._run(faces.flip(2)).flip(-1)[:, face.MIRROR]) / 2
        points, score = heatmaps.decode(maps, method=self._decode)
        return heatmaps.to_crop(points), score.clamp(0, 1)
