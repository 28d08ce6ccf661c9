"""Each region of a face as a picture of its own: what one network per region looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.crop import box_around
from neuroface.recording.regions import REGIONS, by_box, by_landmarks, check_regions, cut_regions, side_by_side
from neuroface.store import Store
from neuroface.types import Parts, Repetition
from neuroface.views import pictures
from neuroface.views.images import at_peak
from neuroface.views.pictures import Cut
from neuroface.views.seen import Seen

ALIGNS = ("similarity", "box", "whole")


@dataclass(frozen=True)
class _Picture:
    """What a part of this view looks like, for those who make up rows of it."""

    size: int
    name: str = "images"


class Regions:
    """`Parts` of pictures (size, size, 3) uint8 RGB, one per region, at the peak of each repetition or of a still.

    regions: some of forehead (with brows), eyes, nose, mouth, cheeks, chin, whole; see `recording.regions`. A region
    that is missing is a picture of zeros, which networks of parts leave out (see `inputs.Inputs`): nothing is learnt
    from it and nothing is judged by it. most_outside: share of a region's window that may lie beyond the frame.
    align: "similarity", by the points that ride on the skull; "box", by the box of the landmarks, upright; "whole",
    the picture is the box about the face, brows to chin, landmarks or not. hold_s: see `Images`.
    A repetition without a face, or without any of the regions, is left out. store: where decoded pictures are kept.
    Errors: ConfigError for values without meaning.
    """

    name = "regions"

    def __init__(
        self,
        *,
        size: int = 48,
        align: str = "similarity",
        regions: Sequence[str] = REGIONS,
        most_outside: float = 0.1,
        hold_s: float = 0.4,
    ) -> None:
        if align not in ALIGNS:
            raise ConfigError(f"align={align}: there is no such cut." + did_you_mean(align, ALIGNS))
        if hold_s < 0 or size < 1:
            raise ConfigError(f"view.hold_s={hold_s} must be 0 or more seconds, view.size={size} 1 px or more.")
        self.size, self.align, self.hold_s, self.most_outside = size, align, hold_s, most_outside
        self.regions = tuple(regions)
        check_regions(self.regions, most_outside=most_outside)
        self.store = Store()

    @property
    def parts(self) -> dict[str, _Picture]:
        """Region -> what its pictures look like."""
        return dict.fromkeys(self.regions, _Picture(self.size))

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """No names, and (n_regions, size, size, 3) per repetition; DataError without video or face."""
        video = pictures.video_of(seen.recording, seen.pixels, align=self.align)
        planned = [self._planned(seen, repetition) for repetition in seen.repetitions]
        if not any(planned):
            raise DataError(
                "shows no region of a face in any repetition: its landmarks are missing, or lie beyond the picture; "
                "find them (landmarks=fan), or set view.align=whole to take pictures as faces"
            )
        cuts = [cut for one in planned if one for region in one for cut in region]
        cut_out = iter(pictures.cut_all(video, cuts, self.store, align=self.align, size=self.size))
        return (), [None if one is None else self._drawn([[next(cut_out) for _ in r] for r in one]) for one in planned]

    def gather(self, rows: Sequence[np.ndarray]) -> Parts:
        """Region -> (n, size, size, 3) uint8, memory-mapped."""
        together = pictures.together(rows, self.store)
        return Parts({name: together[:, i] for i, name in enumerate(self.regions)})

    def _planned(self, seen: Seen, repetition: Repetition) -> list[list[Cut]] | None:
        """Of each region the windows to cut, none where it is missing; None where no region is there."""
        found = at_peak(seen, repetition, align=self.align, hold_s=self.hold_s)
        if found is None:
            return None
        number, points = found
        assert seen.recording.video is not None
        size = seen.recording.video.size
        to_mm = _to_mm(points, size, self.align)
        if to_mm is None:
            return None
        keys = {"names": self.regions, "size": self.size, "most_outside": self.most_outside}
        cut = [
            [Cut(number, window) for window in region.windows] if region.seen else []
            for region in cut_regions(to_mm, points, size, **keys)  # type: ignore[arg-type]
        ]
        return cut if any(cut) else None

    def _drawn(self, windows: list[list[np.ndarray]]) -> np.ndarray:
        """(n_regions, size, size, 3): zeros where a region is missing; a seen one that is black all over gets a 1."""
        out = np.zeros((len(windows), self.size, self.size, 3), np.uint8)
        for picture, cut in zip(out, windows, strict=True):
            if cut:
                picture[:] = side_by_side(cut)
                picture[0, 0, 0] = max(picture[0, 0, 0], not picture.any())
        return out


def _to_mm(points: np.ndarray, frame_size: tuple[int, int], align: str) -> np.ndarray | None:
    """(3, 3): from px of the frame to mm of the face."""
    if align == "whole":
        return by_box(np.array([0, 0, *frame_size]))
    if align == "box":
        box = box_around(points)
        return None if box is None else by_box(box)
    return by_landmarks(points)
