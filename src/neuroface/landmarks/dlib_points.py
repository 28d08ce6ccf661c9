"""dlib's 68-point predictor on a recording's own video: one face, by boxes of any detector, as landmarks in px.

Kazemi & Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR 2014. Its data exclude
commercial use (http://dlib.net, iBUG 300-W), whatever the package says that carries the file.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from neuroface import face, model_files
from neuroface.errors import ConfigError
from neuroface.landmarks.given import steady
from neuroface.landmarks.per_frame import Points68, frames_of, gathered
from neuroface.recording import whose as whose_face
from neuroface.recording.best_detector import BestDetector
from neuroface.recording.face_mesh import cut
from neuroface.recording.faces import Follow
from neuroface.types import Landmarks, Recording

# Own error of a point, share of the outer eye distance: scripts/compare_landmarks.py on 21 open clips.
ERROR = 0.023
# Side of what is shown to the predictor over that of the face's box: its trees look beyond the box.
ROOM = 2.0
LARGEST_PX = 1600  # of what is shown


class DlibDetector:
    """A landmark step: Recording -> (Landmarks in px, counts), by dlib's predictor over the recording's video.

    detector: takes a Frame and returns face boxes (N, 4) px, or a given source with `.of(recording)`; None is
    BestDetector(). Boxes are followed as recording.faces.Follow does, and a face is looked at twice, the second time
    where its own points are, so that it hardly matters whose boxes they were. whose: see recording.whose. enlarge: the
    face is shown so many times larger, because the predictor answers in whole pixels. max_gap_s, median_frames, smooth,
    cutoff_hz: see given.steady.
    Errors: ConfigError for values without meaning, or where dlib is not installed; when it is called,
    WeightsNotFoundError where the predictor's file is not there.
    """

    reads_video = True

    def __init__(
        self,
        *,
        detector: Any = None,
        whose: str = "largest",
        enlarge: float = 4.0,
        max_gap_s: float = 0.1,
        median_frames: int = 5,
        smooth: str = "none",
        cutoff_hz: float = 12.0,
    ) -> None:
        if not enlarge >= 1:
            raise ConfigError(f"landmarks.enlarge={enlarge}: at least 1 is needed.")
        self.detector = BestDetector() if detector is None else detector
        whose_face.check(whose, given_boxes=hasattr(self.detector, "of"))
        self.whose, self.enlarge = whose, enlarge
        self.steadily = partial(
            steady, max_gap_s=max_gap_s, median_frames=median_frames, smooth=smooth, cutoff_hz=cutoff_hz
        )
        self._predictor: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_predictor": None}  # 100 MB that another process reads by itself

    @property
    def described(self) -> str:
        """What found the landmarks, in words."""
        boxes = getattr(self.detector, "described", type(self.detector).__name__)
        return (
            f"dlib's 68-point predictor ({model_files.MODELS['dlib'].sha256[:12]}), enlarge={self.enlarge:g}, boxes by "
            f"{boxes}, whose={self.whose}; usual error {100 * ERROR:.1f} % of the outer eye distance"
        )

    def __call__(self, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        """(T, 68, 2) px with score 1 where there is a face, and counts: those of `steady` and frames_without_face.

        Which frames: see per_frame.frames_of. Errors: DataError without video, or without a face in any frame.
        """
        if self._predictor is None:
            self._predictor = _loaded()
        landmarks, missing = gathered(self._found(recording))
        landmarks, counts = self.steadily(landmarks)
        return landmarks, {**counts, "frames_without_face": missing}

    def _found(self, recording: Recording) -> Iterator[tuple[float, Points68 | None]]:
        detector = whose_face.detector_for(recording, self.detector, self.whose)
        # what follows asks a detector, which sees the frame's own clock, only now and then
        follow = Follow(whose=self.whose, search_every_s=0.0 if hasattr(self.detector, "of") else 0.15)
        times: list[float] = []

        def frames() -> Iterator[Any]:
            for time, frame in frames_of(recording):
                times.append(time)
                yield frame

        for number, seen in enumerate(follow(frames(), detector)):
            points = None if seen.box is None else self.points(seen.frame.color, seen.box)
            yield times[number], None if points is None else Points68(points, np.ones(face.N_POINTS))

    def points(self, image: np.ndarray, box: np.ndarray) -> np.ndarray:
        """(68, 2) px of the face in a box (4,) px of an image (H, W, 3) uint8 RGB."""
        if self._predictor is None:
            self._predictor = _loaded()
        x, y, width, height = box
        first = self._look(image, (x + width / 2, y + height / 2), max(width, height))
        top, bottom = first[face.BROW_RIGHT.tolist() + face.BROW_LEFT.tolist(), 1].min(), first[face.CHIN, 1]
        ends = first[[face.JAW_RIGHT_END, face.JAW_LEFT_END], 0]
        side = max(float(bottom - top), 1.0)  # dlib's own detector draws its square from the brows to the chin
        return self._look(image, (float(ends.mean()), float(top + bottom) / 2), side)

    def _look(self, image: np.ndarray, centre: tuple[float, float], side: float) -> np.ndarray:
        import dlib

        zoom = min(self.enlarge, max(LARGEST_PX / (ROOM * side), 0.1))
        shown = round(ROOM * side * zoom)
        to_image = np.array([[1 / zoom, 0, 0], [0, 1 / zoom, 0]])
        to_image[:, 2] = np.array(centre) - to_image[:, :2] @ np.full(2, (shown - 1) / 2)
        low, high = round((shown - side * zoom) / 2), round((shown + side * zoom) / 2)
        shape = self._predictor(cut(image, to_image, shown), dlib.rectangle(low, low, high, high))
        points = np.array([[point.x, point.y] for point in shape.parts()], dtype=float)
        return points @ to_image[:, :2].T + to_image[:, 2]


def _loaded() -> Any:
    """The predictor. Errors: ConfigError without dlib, WeightsNotFoundError without its file."""
    if importlib.util.find_spec("dlib") is None:
        raise ConfigError("landmarks=dlib needs dlib: pip install 'neuroface[dlib]' (or dlib-bin), or landmarks=mesh.")
    file = model_files.find("dlib", asked_by="landmarks=dlib")
    import dlib

    return dlib.shape_predictor(str(file))
