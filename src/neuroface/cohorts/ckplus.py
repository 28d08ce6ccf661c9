"""Extended Cohn-Kanade (CK+): posed expressions from neutral to their peak, with landmarks and emotions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face
from neuroface.cohorts import grades
from neuroface.cohorts.clock import a_face
from neuroface.cohorts.reading import Source, folder, given, read_rows, stream, unreadable
from neuroface.cohorts.stills import still
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.image_frames import ImageFrames
from neuroface.recording.images import image_files
from neuroface.types import Recording

IMAGES, EMOTIONS, LANDMARKS = "cohn-kanade-images", "Emotion", "Landmarks"
# Codes of the _emotion.txt files (Lucey et al., CVPRW 2010).
EMOTION_NAMES = ("neutral", "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
FRAMES = ("peak", "onset_peak", "sequence")
TARGETS = ("emotion", "grade")
GROUP, TASK = "ckplus", "expression"
Sequences = dict[tuple[str, str], list[Path]]  # (subject, sequence) -> images in order


class CkPlusCohort:
    """Posed expressions of volunteers; nobody in it is known to have a palsy, and no grade comes with it.

    root: the folder with cohn-kanade-images and, beside it, Emotion and Landmarks; or a folder of S005/001/*.png.
    target: what the label is; "emotion" (sequences without one are passed over and counted) or "grade", which needs
    grades, a CSV with columns subject,sequence,grade (1 to 6) for every sequence. frames: "peak" (the last image),
    "onset_peak" (first and last) or "sequence". fps: of the cameras; the images carry no time.
    Errors: ConfigError for target=grade without grades, for grades that no target uses, and for another choice.
    """

    def __init__(
        self,
        *,
        root: str | Path | None,
        target: str = "emotion",
        grades: str | Path | None = None,
        frames: str = "onset_peak",
        fps: float = 30.0,
    ) -> None:
        for key, value, choices in (("target", target, TARGETS), ("frames", frames, FRAMES)):
            if value not in choices:
                raise ConfigError(f"cohort.{key}={value}: there is no such choice." + did_you_mean(value, choices))
        if target == "grade" and grades is None:
            raise ConfigError(
                "cohort.target=grade: CK+ comes without grades of palsy. Set cohort.grades to a CSV with columns "
                "subject,sequence,grade, or cohort.target=emotion."
            )
        if target == "emotion" and grades is not None:
            raise ConfigError(
                "cohort.grades is set, but cohort.target=emotion does not use it. Set cohort.target=grade."
            )
        self.root: str | Path = given(root, "cohort.root", f"the folder that holds {IMAGES}")
        self.target, self.grades, self.frames, self.fps = target, grades, frames, fps

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """One recording per sequence with a label, in order. One DataError at the end names all that are broken.

        Errors at once: DataError that names the sequences that are missing in grades, and its rows without a sequence.
        """
        root = folder(self.root, "cohort.root")
        found = _sequences(root)
        if self.target == "grade":
            labels = _grades(Path(str(self.grades)).expanduser(), found)
            sources = [self._source(root, key, files, labels[key]) for key, files in found.items()]
        else:
            sources = self._with_emotions(root, found)
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks, of=self)

    def _with_emotions(self, root: Path, found: Sequences) -> list[Source]:
        files = {key: _emotion_file(root, key) for key in found}
        labelled = {key: images for key, images in found.items() if files[key] is not None}
        if not labelled:
            raise DataError(f"No sequence has a file in {root / EMOTIONS}. Unpack the emotion labels beside {IMAGES}.")
        notes = {"sequences without an emotion": len(found) - len(labelled)}
        sources = []
        for key, images in labelled.items():
            sources.append(self._source(root, key, images, files[key], notes))
            notes = {}
        return sources

    def _source(
        self,
        root: Path,
        key: tuple[str, str],
        images: Sequence[Path],
        label: str | Path | None,
        notes: Mapping[str, Any] | None = None,
    ) -> Source:
        who = {"subject": key[0], "group": GROUP, "task": TASK, "session": key[1]}
        if not images:
            return Source(**who, read=unreadable("has no images"))
        return Source(**who, read=partial(self._read, root, images, label, notes=notes or {}, **who))

    def _read(
        self, root: Path, images: Sequence[Path], label: Any, *, notes: Mapping[str, Any], **who: Any
    ) -> Recording:
        chosen = {"peak": [-1], "onset_peak": [0, -1], "sequence": range(len(images))}[self.frames]
        at = sorted({range(len(images))[i] for i in chosen})
        video = ImageFrames([images[i] for i in at], timestamps_s=np.array(at) / self.fps)
        points = np.stack([_landmarks(root, file, who["subject"], who["session"]) for file in video.files])
        missing = int(np.isnan(points).all(axis=(1, 2)).sum())
        points, counts = a_face(points, space="pixel")
        notes = {
            "clock": f"image number at {self.fps:g} images/s",
            **notes,
            **({"images without a file of landmarks": missing} if missing else {}),
            **counts,
        }
        name = grades.grade(label) if self.target == "grade" else _emotion(label)
        return still(video, label=name, points=points, notes=notes, attributes={"database": GROUP}, **who)


def _sequences(root: Path) -> Sequences:
    """Every sequence with its images in natural order. A folder without images stays in, to be told."""
    place = root / IMAGES if (root / IMAGES).is_dir() else root
    people = [person for person in sorted(place.glob("S*")) if person.is_dir() and person.name[1:].isdecimal()]
    found = {
        (person.name, sequence.name): image_files(sequence)
        for person in people
        for sequence in sorted(person.iterdir())
        if sequence.is_dir() and not sequence.name.startswith(".")
    }
    if not found:
        raise DataError(f"There is no sequence such as S005/001 in {place}. Set cohort.root to the folder of {IMAGES}.")
    return found


def _emotion_file(root: Path, key: tuple[str, str]) -> Path | None:
    files = sorted((root / EMOTIONS / key[0] / key[1]).glob("*_emotion.txt"))
    return files[0] if files else None


def _emotion(file: Path) -> str:
    """The emotion's name, from a file that holds its code as a number, 3.0000000e+00."""
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    try:
        code = float(text)
    except ValueError as error:
        raise DataError(f"{file} holds {text[:20]!r}; the code of an emotion, 0 to 7, is needed") from error
    if code not in range(len(EMOTION_NAMES)):
        raise DataError(f"{file} holds code {code:g}; emotions are 0 to 7")
    return EMOTION_NAMES[int(code)]


def _landmarks(root: Path, image: Path, subject: str, sequence: str) -> np.ndarray:
    """(68, 2) px of one image; all missing without its file. Errors: DataError for a file without 68 lines x y."""
    file = root / LANDMARKS / subject / sequence / f"{image.stem}_landmarks.txt"
    if not file.is_file():
        return np.full((face.N_POINTS, 2), np.nan)
    rows = [line.split() for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    try:
        points = np.array(rows, dtype=float)
    except ValueError as error:
        raise DataError(f"{file} holds something else than lines of two numbers") from error
    if points.shape != (face.N_POINTS, 2):
        raise DataError(f"{file} holds {points.shape} numbers; {face.N_POINTS} lines x y are needed")
    return points


def _grades(file: Path, found: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """{(subject, sequence): grade as written} for every sequence of `found`."""
    next_step = "Set cohort.grades to a CSV with columns subject,sequence,grade."
    _, rows = read_rows(file, required=("subject", "sequence", "grade"), next_step=next_step)
    keys = [(row["subject"], row["sequence"]) for row in rows]
    wrong = {
        "no row for": [key for key in found if key not in keys],
        "rows for sequences that are not there:": [key for key in keys if key not in found],
        "more than one row for": sorted({key for key in keys if keys.count(key) > 1}),
    }
    told = [f"{what} {_listed(names)}" for what, names in wrong.items() if names]
    if told:
        raise DataError(f"{file} has {'; '.join(told)}. Each sequence needs one row; leave out none, guess none.")
    return dict(zip(keys, (row["grade"] for row in rows), strict=True))


def _listed(keys: Sequence[tuple[str, str]]) -> str:
    more = f", and {len(keys) - 12} more" if len(keys) > 12 else ""
    return ", ".join("/".join(key) for key in keys[:12]) + more
