"""Short clips of a face, one per repetition: the view of video networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuroface.errors import ConfigError, DataError
from neuroface.store import Store
from neuroface.types import Repetition
from neuroface.views import pictures
from neuroface.views.pictures import Cut
from neuroface.views.seen import Seen


class Clips:
    """Clips (frames + spare, size, size, 3) uint8 RGB of the face, one per repetition.

    frames: evenly spaced over the repetition by time, each the nearest frame of the video. spare: further ones at the
    same distance, half before and half after, for augmentation in time; where the recording ends the last one repeats.
    size: px of a side, 112 in C3D (Tran et al., ICCV 2015). align: "similarity" or "perspective" follow the skull with
    each frame ("perspective" is Neuro-Net's, and evens out a part of what mouth corners do); "box" is one square for
    the whole clip; "whole" takes frames as they are, of videos that show nothing but a face. margin: see
    `recording.crop`. repetitions_per_clip: a clip spans this many consecutive repetitions of one class, from its own
    on; the last ones share a span. A frame without landmarks is cut as the nearest one in the clip that has them; a
    repetition in which none has is left out.
    store: where decoded clips are kept for the next run. Errors: ConfigError for values without meaning.
    """

    name = "clips"

    def __init__(
        self,
        *,
        frames: int = 16,
        spare: int = 4,
        size: int = 56,
        align: str = "similarity",
        margin: float = 0.1,
        repetitions_per_clip: int = 1,
    ) -> None:
        pictures.check_cut(align, margin, size)
        if frames < 1 or spare < 0 or repetitions_per_clip < 1:
            raise ConfigError(
                f"frames={frames}, spare={spare}, repetitions_per_clip={repetitions_per_clip}: a clip needs a frame "
                "and a repetition, spare >= 0."
            )
        self.frames, self.spare, self.size = frames, spare, size
        self.align, self.margin = align, margin
        self.repetitions_per_clip = repetitions_per_clip
        self.store = Store()

    def rows(self, seen: Seen) -> tuple[tuple[str, ...], list[np.ndarray | None]]:
        """No names, and one clip per repetition. Errors: DataError without video, pixels or a face."""
        video = pictures.video_of(seen.recording, seen.pixels, align=self.align)
        planned = [self._cuts(seen, span) for span in self._spans(seen.repetitions)]
        cuts = [cut for clip in planned for cut in clip or ()]
        if not cuts:
            raise DataError("shows no face in any repetition: its landmarks are missing")
        cut = pictures.cut_all(video, cuts, self.store, align=self.align, size=self.size)
        clips = iter(cut.reshape(-1, self.frames + self.spare, self.size, self.size, 3))
        return (), [None if clip is None else next(clips) for clip in planned]

    def gather(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """(n, frames + spare, size, size, 3) uint8, memory-mapped."""
        return pictures.together(rows, self.store)

    def _spans(self, repetitions: Sequence[Repetition]) -> list[slice]:
        """The frames of landmarks that the clip of each repetition spans."""
        spans, many = [], self.repetitions_per_clip
        for own in repetitions:
            same = [r for r in repetitions if r.label == own.label]
            if len(same) < many:
                raise DataError(
                    f"has {len(same)} repetitions of a kind where a clip spans {many}; "
                    "set repetitions_per_clip of the view to 1"
                )
            first = min(same.index(own), len(same) - many)
            spans.append(slice(same[first].start, same[first + many - 1].stop))
        return spans

    def _cuts(self, seen: Seen, span: slice) -> list[Cut] | None:
        """What is cut where for one clip; None when no face is seen in its span."""
        video, pixels = seen.recording.video, seen.pixels
        assert video is not None
        known = span.start + np.flatnonzero(pictures.with_face(pixels.points[span], align=self.align))
        if not len(known):
            return None
        times_s = pictures.frame_times(video, pixels)
        numbers = pictures.nearest(times_s, self._times(*pixels.timestamps_s[[span.start, span.stop - 1]]))
        at = pictures.nearest(pixels.timestamps_s[known], times_s[numbers])
        crops = pictures.crops(
            pixels.points[known], at, video.size, align=self.align, margin=self.margin, size=self.size
        )
        return [Cut(int(number), crop) for number, crop in zip(numbers, crops, strict=True)]

    def _times(self, start_s: float, stop_s: float) -> np.ndarray:
        """(frames + spare,) seconds; a single frame stands in the middle."""
        if self.frames == 1:
            return np.full(1 + self.spare, (start_s + stop_s) / 2)
        step_s = (stop_s - start_s) / (self.frames - 1)
        return start_s + step_s * (np.arange(self.frames + self.spare) - self.spare // 2)
