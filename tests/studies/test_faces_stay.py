"""Faces of people stay in the input folder unless asked for: every picture that a run leaves is looked at."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from checks import still_face
from landmarks.drawn_faces import tiny_weights
from neuroface.cohorts import folder_writer
from neuroface.errors import AuditError
from neuroface.types import Frame, Landmarks, Recording, Repetition
from neuroface.verbs import explain, report, train

from .test_privacy import contents

SIDE, FRAMES = 160, 6
PATTERN = np.random.default_rng(3).integers(0, 2, (9, 9)).astype(np.uint8)  # nothing else looks like this
DARK, BRIGHT = np.array([150, 0, 140], np.uint8), np.array([60, 255, 80], np.uint8)
PNG, JPEG = (
    re.compile(one, re.DOTALL) for one in (rb"\x89PNG\r\n\x1a\n.*?IEND\xaeB`\x82", rb"\xff\xd8\xff.*?\xff\xd9")
)
CODED = re.compile(rb"[A-Za-z0-9+/]{200,}={0,2}")
LIKE = 0.6  # correlation from which a place in a picture counts as the planted face

FACE = still_face()[:, :2] * (0.5 * SIDE / np.ptp(still_face()[:, :2], axis=0).max()) + SIDE / 2


def drawn(shift: float) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8: the pattern where the face is."""
    image = np.full((SIDE, SIDE, 3), 90, np.uint8)
    (left, top), (right, bottom) = FACE.min(axis=0) + shift, FACE.max(axis=0) + shift
    size = round(right - left), round(bottom - top)
    blocks = cv2.resize(PATTERN, size, interpolation=cv2.INTER_NEAREST)[..., None]
    image[round(top) : round(top) + size[1], round(left) : round(left) + size[0]] = np.where(blocks, BRIGHT, DARK)
    return image


class Film:
    """A types.Video of the planted face; the pictures of two people are not the same."""

    size, rig = (SIDE, SIDE), None
    timestamps_s = np.arange(FRAMES) / 25

    def __init__(self, number: int) -> None:
        self.own = np.random.default_rng(number).integers(0, 25, (SIDE, SIDE, 3)).astype(np.uint8)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        for index in range(FRAMES)[start:stop:step]:
            yield Frame(index, index / 25, np.maximum(drawn(0.0), self.own))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory) -> Path:
    """Eight people's films with landmarks in px."""
    root = tmp_path_factory.mktemp("filmed")
    rng = np.random.default_rng(0)
    people = []
    for number in range(8):
        points = FACE + rng.normal(0, 0.2, (FRAMES, 68, 2))
        marks = Landmarks(points, Film.timestamps_s, "pixel")
        whose = {"repetitions": (Repetition(0, FRAMES, 0),), "video": Film(number)}
        people.append(Recording(f"P{number}", "HC" if number % 2 else "ALS", "OPEN", marks, **whose))
    folder_writer.write(people, root)
    return root


def pictures(name: str, data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Every picture in a file: PNG and JPEG wherever they begin, in base64 too, and arrays of pixels."""
    if name.endswith(".npy"):
        with suppress(ValueError):
            array = np.load(io.BytesIO(data), allow_pickle=False)
            if array.dtype == np.uint8 and array.ndim >= 3:
                yield from ((name, one) for one in array.reshape(-1, *array.shape[-3:]))
    for kind in (PNG, JPEG):
        for found in kind.findall(data):
            image = cv2.imdecode(np.frombuffer(found, np.uint8), cv2.IMREAD_COLOR)
            if image is not None:
                yield name, image
    for coded in CODED.findall(data.replace(b"\n", b"")):
        with suppress(ValueError):
            yield from pictures(f"{name} (base64)", base64.b64decode(coded + b"=" * (-len(coded) % 4)))


def likeness(image: np.ndarray) -> float:
    """How much the most similar place of a picture is the planted face, at any size and in any colours: 0..1."""
    grey = image.mean(axis=2).astype(np.float32) if image.ndim == 3 else image.astype(np.float32)
    if (small := 500 / max(grey.shape)) < 1:
        grey = cv2.resize(grey, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    wide, best = np.ptp(FACE, axis=0), 0.0
    for width in np.geomspace(18, grey.shape[1], 24):
        size = round(width), round(width * wide[1] / wide[0])
        if size[1] < grey.shape[0] and size[0] < grey.shape[1]:
            face = cv2.resize(PATTERN.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            found = cv2.matchTemplate(grey, face, cv2.TM_CCOEFF_NORMED)
            best = max(best, float(np.nan_to_num(np.abs(found), posinf=0).max()))
    return min(best, 1.0)


def faces_in(folder: Path, *, but: str = "") -> tuple[list[str], int]:
    """Where the planted face is seen below a folder, and how many pictures were looked at."""
    seen, looked_at = [], 0
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or (but and but in file.relative_to(folder).parts):
            continue
        for name, data in contents(str(file.relative_to(folder)), file.read_bytes()):
            for where, image in pictures(name, data):
                looked_at += 1
                if likeness(image) > LIKE:
                    seen.append(where)
    return seen, looked_at


def test_the_search_sees_a_face_of_any_size_and_no_other():
    rng = np.random.default_rng(0)
    assert likeness(drawn(0.0)) > 0.75
    assert likeness(cv2.cvtColor(drawn(3.0), cv2.COLOR_RGB2GRAY)) > 0.75
    page = rng.integers(200, 255, (500, 700, 3)).astype(np.uint8)
    page[100:340, 300:540] = cv2.resize(drawn(0.0), (240, 240))
    assert likeness(page) > 0.75
    assert likeness(rng.integers(0, 255, (300, 300, 3)).astype(np.uint8)) < LIKE
    assert likeness(np.full((300, 300, 3), 96, np.uint8)) < LIKE


@pytest.fixture(scope="module")
def tuned(clinic, tmp_path_factory) -> Path:
    """A run of a landmark network fine-tuned on them, whose report was not asked for faces."""
    root = tmp_path_factory.mktemp("tuned")
    words = [
        "experiment=fan_finetune",
        "cohort=folder",
        f"cohort.root={clinic}",
        "finetune.epochs=1",
        "finetune.copies=1",
    ]
    words += [f"finetune.weights={tiny_weights(root)}", "annotated.frames=2", "execution.n_jobs=1", "size=ci"]
    train.run([*words, "split=group_kfold", "split.n_splits=2", f"run={root / 'run'}"])
    return root / "run"


@pytest.mark.slow
def test_the_page_of_a_landmark_network_shows_faces_where_asked_for_alone(tuned):
    for words, shown in (([], False), (["report.faces=true"], True), (["format=svg"], False)):
        report.run([f"run={tuned}", *words])
        seen, looked_at = faces_in(tuned, but="annotated")
        assert looked_at >= 4
        assert bool(seen) is shown, seen
    assert all(where.startswith("report/") for where in seen)
    assert (tuned / "annotated").is_dir()  # the faces that it learns from, as docs/privacy.md says


CLASSIFIER = """# HTNet on the face at the peak of each repetition.
view: {_target_: neuroface.views.images.Images, size: 56, align: box, margin: 0.1}
_target_: neuroface.classifiers.face_htnet.htnet
dim: 8
heads: 1
num_hierarchies: 2
block_repeats: [2, 2]
micro_attention: mirror
epochs: 1
batch_size: 8
epoch_selection: last
device: cpu
random_state: 0
"""


@pytest.fixture(scope="module")
def seen_by_a_network(clinic, tmp_path_factory) -> Path:
    """A run of a network of pictures, with TensorBoard."""
    root = tmp_path_factory.mktemp("pictures")
    (root / "options" / "classifier").mkdir(parents=True)
    (root / "options" / "classifier" / "small_htnet.yaml").write_text(CLASSIFIER)
    words = [f"hydra.searchpath=[file://{root / 'options'}]", "classifier=small_htnet", "cohort=folder"]
    words += [f"cohort.root={clinic}", "landmarks=given", "lift=none", "features=[]", "protocol.classes=[HC,ALS]"]
    words += ["protocol.task=OPEN", "protocol.permutations=0", "split=group_kfold", "split.n_splits=2"]
    words += ["execution.n_jobs=1", f"execution.store={root / 'store'}", f"run={root / 'run'}"]
    with pytest.raises(AuditError, match="one picture is a copy of the other's"):  # all wear the planted face
        train.run(words)
    assert faces_in(root / "store")[0], "the store holds them, as docs/privacy.md says"
    return root / "run"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["map=keypoints", "map=null"])
def test_pages_of_what_a_network_sees_show_faces_where_asked_for_alone(kind, seen_by_a_network):
    assert not faces_in(seen_by_a_network)[0]
    words = [f"run={seen_by_a_network}", kind, "refits=0", "panels=2", "tiles=0"]
    explain.run([*words, "report.faces=true"])
    seen, looked_at = faces_in(seen_by_a_network)
    assert looked_at >= 3
    assert seen
    explain.run(words)
    assert not faces_in(seen_by_a_network)[0], "what was drawn before goes when it is not asked for"
