"""Images with .pts files, and clips with tracks: the openly licensed faces of a development pack, or any 300-W folder.

Nobody here is a patient and nothing carries a clinical label; the points of the pack are pseudo-labels of a network,
about 5 % of the distance between the eyes off. Use it to see that software runs, never for a finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import native
from neuroface.cohorts.clock import CODES, on_one_clock
from neuroface.cohorts.landmark_files import read_dlib_faces, read_pts
from neuroface.cohorts.reading import Source, folder, given, read_rows, stream, unreadable
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.video import VideoFile
from neuroface.types import Recording

GROUP = "unlabelled"
STILL = "still"
CONTENTS = ("stills", "clips")
STILLS_FOLDER, CLIPS_FOLDER, TRACKS_FOLDER = "faces68", "video_rgb", "tracks68_2d"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
VIDEO_SUFFIXES = (".mp4", ".mkv", ".avi", ".mov")


class Faces68Cohort:
    """Faces with 68 landmarks in pixels: single images, or clips with a track; group "unlabelled".

    root: the pack (with folders faces68, video_rgb, tracks68_2d), or for stills any folder of images with .pts files
    (300-W) or with dlib's .xml files, which name their images relative to themselves.
    content: "stills" (task "still", one frame each) or "clips" (the task is what the clip shows).
    """

    def __init__(self, *, root: str | Path | None, content: str = "stills") -> None:
        if content not in CONTENTS:
            raise ConfigError(f"cohort.content={content}: there is no such choice." + did_you_mean(content, CONTENTS))
        self.root: str | Path = given(root, "cohort.root", "the folder that holds the recordings")
        self.content = content

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in order of their names. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        sources = _stills(root) if self.content == "stills" else _clips(root)
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)


def _stills(root: Path) -> list[Source]:
    inner = root / STILLS_FOLDER
    place = inner if inner.is_dir() else root
    people = _subjects(place)
    sources = []
    for file in sorted(place.glob("*.pts")):
        images = [path for suffix in IMAGE_SUFFIXES if (path := file.with_suffix(suffix)).is_file()]
        subject = people.get(file.stem) or re.sub(r"_\d+$", "", file.stem)
        # a session's name in neuroface's own layout has no underscore
        who = {"subject": subject, "group": GROUP, "task": STILL, "session": file.stem.replace("_", "-")}
        if images:
            sources.append(Source(**who, read=partial(_read_still, images[0], file, **who)))
        else:
            sources.append(Source(**who, read=unreadable(f"has no image {file.stem}.png beside {file.name}")))
    sources += [source for file in sorted(place.glob("*.xml")) for source in _dlib_stills(file, people)]
    if not sources:
        raise DataError(
            f"There is no .pts or .xml file in {place}. Set cohort.root to a folder of images with such files."
        )
    return sources


def _dlib_stills(file: Path, people: Mapping[str, str]) -> list[Source]:
    """One source per face of a dlib XML file, or one for a file that cannot be read.

    Faces of one image are numbered from the second on.
    """
    try:
        annotated, passed_over = read_dlib_faces(file)
    except DataError as error:  # told with the problems of all other files
        return [Source(subject=file.name, group=GROUP, task=STILL, read=unreadable(str(error)))]
    sources, seen = [], Counter[str]()
    for found in annotated:
        image = file.parent / found.image
        seen[found.image] += 1
        number = f"-{seen[found.image]}" if seen[found.image] > 1 else ""
        subject = people.get(image.stem) or re.sub(r"_\d+$", "", image.stem)
        who: dict[str, Any] = {
            "subject": subject + number,
            "group": GROUP,
            "task": STILL,
            "session": image.stem.replace("_", "-"),
        }
        counts, passed_over = passed_over, {}  # told with the first face
        read = partial(_still, image, found.points, notes=counts, **who)
        there = image.is_file()
        sources.append(Source(**who, read=read if there else unreadable(f"has no image {found.image}")))
    return sources


def _subjects(place: Path) -> dict[str, str]:
    """{stem of the image: person} of index.csv, or nothing without one.

    A file's name says whose face it is only as far as the clip it was taken from; the index knows the person, who may
    be in several clips, and must then be on one side of every split.
    """
    index = place / "index.csv"
    if not index.is_file():
        return {}
    _, rows = read_rows(index, required=("image", "subject"))
    return {Path(row["image"]).stem: row["subject"] for row in rows}


def _read_still(image: Path, points: Path, **who: Any) -> Recording:
    # the files count from 1: what they store as 0 is at -1 here
    return _still(image, read_pts(points), codes=CODES, **who)


def _still(
    image: Path,
    points: np.ndarray,
    *,
    codes: Sequence[float] = (0.0, *CODES),
    notes: Mapping[str, int] | None = None,
    **who: Any,
) -> Recording:
    landmarks, _, counts = on_one_clock(points[None], np.zeros(1), space="pixel", codes=codes)
    return Recording(**who, landmarks=landmarks, notes={**(notes or {}), **counts}, video=VideoFile(image))


def _clips(root: Path) -> list[Source]:
    tracks = root / TRACKS_FOLDER
    next_step = f"Set cohort.root to the folder that holds {TRACKS_FOLDER} and {CLIPS_FOLDER}."
    _, rows = read_rows(tracks / "index.csv", required=("track", "subject", "label"), next_step=next_step)
    return [_clip(root, tracks / f"{row['track']}.npz", row) for row in rows]


def _clip(root: Path, track: Path, row: Mapping[str, str]) -> Source:
    who = {"subject": row["subject"], "group": GROUP, "task": row["label"]}
    videos = [path for suffix in VIDEO_SUFFIXES if (path := root / CLIPS_FOLDER / f"{track.stem}{suffix}").is_file()]
    if not videos:
        return Source(**who, read=unreadable(f"has no clip {CLIPS_FOLDER}/{track.stem}.*"))
    return Source(**who, read=partial(_read_clip, videos[0], track, **who))


def _read_clip(clip: Path, track: Path, **who: Any) -> Recording:
    """A clip and its track: points_px (T, 68, 2), NaN where no face was found; det_score (T,) of the face box; fps."""
    arrays = native.read_arrays(track)
    missing = [name for name in ("points_px", "det_score", "fps") if name not in arrays]
    if missing:
        raise DataError(f"{track} has no array {', '.join(missing)}." + did_you_mean(missing[0], arrays))
    points, fps = np.asarray(arrays["points_px"], dtype=float), float(arrays["fps"])
    score = np.repeat(np.asarray(arrays["det_score"], dtype=float)[:, None], face.N_POINTS, axis=1)
    video = VideoFile(clip, fps=fps)
    if len(points) != len(video):
        raise DataError(f"{track} has {len(points)} frames, the video {len(video)}")
    landmarks, _, counts = on_one_clock(
        points, np.arange(len(points)) / fps, space="pixel", score=score, size=video.size
    )
    notes: dict[str, Any] = {"frames_without_face": int(np.isnan(points).any(axis=(1, 2)).sum()), **counts}
    return Recording(**who, landmarks=landmarks, notes=notes, video=video)
