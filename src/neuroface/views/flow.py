"""What moved between the onset and the apex of a repetition, as a small picture: the view of HTNet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording import flow
from neuroface.recording.flow import FlowImage
from neuroface.store import Store
from neuroface.types import Repetition
from neuroface.views import pictures
from neuroface.views.images import apex
from neuroface.views.pictures import Cut
from neuroface.views.seen import Seen

METHODS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "farneback": flow.farneback,
    "tvl1": flow.tvl1,
}
REGIONS = ("whole", "four", "as_published")


@dataclass(frozen=True, eq=False)
class Moved:
    """What moved from an onset to an apex, two frames of a video by their numbers.

    flow: (size, size, 2) px of that picture, right and down. points: (5, 2) px of it, see `flow.five_points`; of the
    onset. face: (flow_size, flow_size, 3) uint8 RGB, the apex cut out as the onset was.
    """

    onset: int
    apex: int
    flow: np.ndarray
    points: np.ndarray
    face: np.ndarray


class Flow:
    """Optical flow (size, size, 3) uint8 from the onset to the apex of each repetition.

    The onset is a repetition's first frame in which the face is seen, the apex the one that somebody has
    marked, else whose landmarks have moved most from there (`images.apex`); both are cut out alike, `flow_size` px
    wide, and the flow is averaged down to `size`.
    kinds: three of u, v, magnitude, strain, each stretched onto 0..255 by itself. method: farneback or tvl1. regions:
    "whole" face; "four" blocks about eyes and mouth corners; "as_published" the four with x and y exchanged, as in the
    public code. align, margin: see `views.images`. Recordings whose video is a picture of flow (cohort=megc) are taken
    as they are, resized and composed by regions. HTNet's script has size 28, flow_size 28 and regions as_published.
    A repetition of a single frame, or without a face at its apex, is left out. Errors: ConfigError for values without
    meaning.
    """

    name = "flow"

    def __init__(
        self,
        *,
        size: int = 28,
        flow_size: int = 112,
        kinds: Sequence[str] = ("u", "v", "magnitude"),
        method: str = "farneback",
        regions: str = "whole",
        align: str = "similarity",
        margin: float = 0.1,
    ) -> None:
        pictures.check_cut(align, margin, flow_size)
        for key, value, known in (("method", method, METHODS), ("regions", regions, REGIONS)):
            if value not in known:
                raise ConfigError(f"view.{key}={value}: there is no such choice." + did_you_mean(value, known))
        if len(kinds) != 3:
            raise ConfigError(f"view.kinds is {list(kinds)}; a picture has three, such as [u,v,strain].")
        if size % 4 or not 0 < size <= flow_size:
            raise ConfigError(
                f"view.size={size}, view.flow_size={flow_size}: size is a multiple of 4, and no larger than flow_size."
            )
        flow.components(np.zeros((2, 2, 2)), kinds)
        self.size, self.flow_size, self.kinds, self.method = size, flow_size, tuple(kinds), method
        self.regions, self.align, self.margin = regions, align, margin
        self.store = Store()

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """No names, and one picture per repetition. Errors: DataError without video, pixels or a face that moves."""
        video = seen.recording.video
        if isinstance(video, FlowImage):
            return (), [self._given(video)] * len(seen.repetitions)
        told = [None if moved is None else self._picture(moved) for moved in self.moved(seen)]
        if all(one is None for one in told):
            raise DataError("has no repetition with a face at its onset and at an apex after it")
        return (), told

    def moved(self, seen: Seen) -> list[Moved | None]:
        """The movement of each repetition; None where there is no face at its onset, or at an apex after it.

        An apex that somebody has marked is taken as it is. Errors: DataError without video or pixels.
        """
        video = pictures.video_of(seen.recording, seen.pixels, align=self.align)
        planned = [self._planned(seen, repetition) for repetition in seen.repetitions]
        cuts = [cut for one in planned if one is not None for cut in (one[0], one[2])]
        if not cuts:
            return [None] * len(planned)
        faces = pictures.cut_all(video, cuts, self.store, align=self.align, size=self.flow_size)
        pairs = iter(zip(faces[::2], faces[1::2], strict=True))
        return [None if one is None else self._moved(*one, *next(pairs)) for one in planned]

    def gather(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """(n, size, size, 3) uint8."""
        return np.stack(rows)

    def _given(self, video: FlowImage) -> np.ndarray:
        """A picture of flow as it is, of the wanted size; its points are in px of 28."""
        channels = _resized(video.channels(), self.size)
        return self._composed(channels, video.points * (self.size / flow.POINTS_SIZE))

    def _planned(self, seen: Seen, repetition: Repetition) -> tuple[Cut, np.ndarray, Cut] | None:
        """What is cut where at the onset, the landmarks (68, 2) px there, and at the apex; None without two frames."""
        points, video = seen.pixels.points[repetition.frames], seen.recording.video
        assert video is not None
        shown = np.flatnonzero(pictures.with_face(points, align=self.align))
        last = apex(points) if repetition.apex is None else repetition.apex - repetition.start
        if last is None or not len(shown) or shown[0] >= last or last not in shown:
            return None
        at = np.array([shown[0], last])
        times_s = seen.pixels.timestamps_s[repetition.frames][at]
        numbers = pictures.nearest(pictures.frame_times(video, seen.pixels), times_s)
        crops = pictures.crops(
            points[at], np.arange(2), video.size, align=self.align, margin=self.margin, size=self.flow_size
        )
        onset, end = (Cut(int(number), crop) for number, crop in zip(numbers, crops, strict=True))
        return onset, points[shown[0]], end

    def _moved(self, onset: Cut, points: np.ndarray, end: Cut, first: np.ndarray, last: np.ndarray) -> Moved:
        """Of two faces and how they were cut; points: (68, 2) px of the frame at the onset."""
        scale = self.size / self.flow_size
        found = _resized(METHODS[self.method](first, last), self.size) * scale
        five = onset.crop.to_crop(flow.five_points(points))
        return Moved(onset.frame, end.frame, found, (five + 0.5) * scale - 0.5, last)

    def _picture(self, moved: Moved) -> np.ndarray:
        return self._composed(flow.to_uint8(flow.components(moved.flow, self.kinds)), moved.points)

    def _composed(self, channels: np.ndarray, points: np.ndarray) -> np.ndarray:
        if self.regions == "whole":
            return channels
        return flow.compose_regions(channels, points, as_published=self.regions == "as_published")


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    """(size, size, C), averaged where it shrinks."""
    import cv2

    if image.shape[:2] == (size, size):
        return image
    how = cv2.INTER_AREA if image.shape[0] > size else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(image), (size, size), interpolation=how)
