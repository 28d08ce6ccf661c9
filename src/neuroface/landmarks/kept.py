"""Landmarks that a step of neuroface found in a video, kept in the store: after a kill only the others are looked for.

What an entry depends on: which video it is, whose, the landmarks and repetitions that came with it, the step with the
contents of its files, the code that reads and finds, the libraries below it, and threads or GPU (the last digits).
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from neuroface import contents, model_files
from neuroface.errors import ConfigError
from neuroface.recording.identity import code_digest, described, identity
from neuroface.store import Store, digest_of
from neuroface.types import Landmarks, Recording

Step = Callable[[Recording], tuple[Landmarks, dict[str, int]]]
# Whose code decides on a landmark: rooms and files.
CODE = ("landmarks", "recording", "synthesis", "face.py", "geometry.py", "signals.py", "types.py")
LIBRARIES = (
    *("numpy", "scipy", "opencv-python", "opencv-python-headless", "opencv-contrib-python", "av", "pillow"),
    *("torch", "onnxruntime", "openvino", "dlib", "face-alignment"),
)
ARRAYS = ("points", "timestamps_s", "score", "depth")


@dataclass(frozen=True)
class Keeper:
    """Calls a landmark step, or finds in the store what it found before.

    step: its configuration, with contents in place of paths. how: the threads or the device that it computes with.
    """

    store: Store
    step: Mapping[str, Any]
    how: str = ""

    def __call__(self, step: Step, recording: Recording) -> tuple[Landmarks, dict[str, int]]:
        """What the step finds. Errors: those of the step; a store that cannot be written is told, and done without."""
        key = self._key(step, recording)
        if key is None:
            return step(recording)
        found: list[tuple[Landmarks, dict[str, int]]] = []

        def make() -> bytes:
            found.append(step(recording))
            return _packed(*found[0])

        try:
            content = self.store.content(key, make)
        except ConfigError as error:
            if not found:  # it is the step's
                raise
            print(f"landmarks are found again the next time: {error}", file=sys.stderr)
        return found[0] if found else _unpacked(content)

    def _key(self, step: Any, recording: Recording) -> dict[str, Any] | None:
        """None for a step that looks at no video of this recording, and for a video that has no identity."""
        keeps = getattr(step, "keeps", None)
        if recording.video is None or not getattr(step, "reads_video", False) or (keeps and keeps(recording)):
            return None
        video = identity(recording.video)
        if video is None:
            return None
        own, given = recording.landmarks, recording.repetitions
        depends_on = {
            "video": video,
            "of": [recording.name, recording.subject],
            "own": [own.space, *(described(getattr(own, name)) for name in ARRAYS)],
            "repetitions": None if given is None else [[each.start, each.stop] for each in given],
            "step": self.step,
            "bundled": contents.digest_of_file(model_files.BUNDLED_FAN),
            "code": code_digest(CODE),
            "libraries": _versions(),
            "how": self.how,
        }
        return {"what": "landmarks", "of": digest_of(depends_on)}  # which names nobody


def is_ours(node: Any) -> bool:
    """Whether all that a step's configuration names is code of neuroface, which the key knows by its contents."""
    if isinstance(node, Mapping):
        return str(node.get("_target_", "neuroface.")).startswith("neuroface.") and all(map(is_ours, node.values()))
    return all(map(is_ours, node)) if isinstance(node, list) else True


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _packed(landmarks: Landmarks, counts: Mapping[str, Any]) -> bytes:
    arrays = {name: getattr(landmarks, name) for name in ARRAYS if getattr(landmarks, name) is not None}
    arrays |= {f"extras/{name}": value for name, value in landmarks.extras.items()}
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in counts.items()}
    about = {"space": landmarks.space, "fitted_on": sorted(landmarks.fitted_on), "counts": plain}
    content = io.BytesIO()
    np.savez(content, about=np.array(json.dumps(about)), **arrays)
    return content.getvalue()


def _unpacked(content: np.ndarray) -> tuple[Landmarks, dict[str, int]]:
    with np.load(io.BytesIO(content.tobytes()), allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
        extras = {name.removeprefix("extras/"): arrays[name] for name in arrays if name.startswith("extras/")}
        known = {name: arrays[name] for name in ARRAYS if name in arrays}
    space, fitted_on = about["space"], frozenset(about["fitted_on"])
    return Landmarks(**known, space=space, fitted_on=fitted_on, extras=extras), about["counts"]
