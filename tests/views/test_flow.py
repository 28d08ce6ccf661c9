from __future__ import annotations

import cv2
import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.recording import flow
from neuroface.recording.flow import FlowImage
from neuroface.types import Frame
from neuroface.views.flow import Flow

from .videos import CENTRE, HEIGHT, WIDTH, face_px, seen_of, stored_in

NOISE = np.random.default_rng(0).integers(0, 255, (HEIGHT // 4, WIDTH // 4), dtype=np.uint8)
TEXTURE = cv2.GaussianBlur(cv2.resize(NOISE, (WIDTH, HEIGHT)), (0, 0), 2)


class ShiftedVideo:
    """A textured picture; frame `number` shows it `shift[number]` px further to the right."""

    rig = None
    size = (WIDTH, HEIGHT)

    def __init__(self, shift_px: np.ndarray) -> None:
        self.shift_px = shift_px

    def frames(self, start=0, stop=None, step=1):
        for number in range(start, min(stop or len(self.shift_px), len(self.shift_px)), step):
            matrix = np.array([[1.0, 0, self.shift_px[number]], [0, 1, 0]])
            grey = cv2.warpAffine(TEXTURE, matrix, self.size, borderMode=cv2.BORDER_REFLECT)
            yield Frame(number, number / 50, np.repeat(grey[..., None], 3, axis=2))


def mouth_opening(n_frames: int, at: int) -> np.ndarray:
    """(T, 68, 2) px: a still face whose mouth is widest at one frame."""
    points = face_px(n_frames)
    points[:, face.MOUTH_OUTER, 1] += 10 * np.exp(-0.5 * ((np.arange(n_frames) - at) / 2.0) ** 2)[:, None]
    return points


@pytest.fixture
def view_of(tmp_path):
    return lambda **keys: stored_in(Flow(**keys), tmp_path)


def raw(view, seen) -> np.ndarray:
    """(size, size, 2) px: the flow before it is stretched onto 0..255."""
    found = []
    original, flow.components = flow.components, lambda f, kinds: found.append(f) or original(f, kinds)
    try:
        view.rows(seen)
    finally:
        flow.components = original
    return found[-1]


def test_the_flow_is_that_from_onset_to_the_apex_of_the_landmarks(view_of):
    """The picture moves by 3 px exactly where the mouth is widest and nowhere else; a box does not move."""
    shift = np.zeros(20)
    shift[12] = 3.0
    seen = seen_of(mouth_opening(20, at=12), [(2, 18)], video=ShiftedVideo(shift))
    view = view_of(align="box", size=28, flow_size=112)
    box = face_px(1)[0]
    px_of_frame = np.ptp(box, axis=0).max() * (1 + 2 * view.margin)
    moved = raw(view, seen)
    assert np.median(moved[..., 0]) == pytest.approx(3.0 * 28 / px_of_frame, rel=0.1)
    assert np.median(np.abs(moved[..., 1])) < 0.05


def test_a_head_that_moves_is_followed(view_of):
    shift = np.linspace(0, 8, 20)
    points = mouth_opening(20, at=12) + np.stack([shift, 0 * shift], axis=1)[:, None]
    seen = seen_of(points, [(0, 20)], video=ShiftedVideo(shift))
    followed, watched = raw(view_of(align="similarity"), seen), raw(view_of(align="box"), seen)
    assert np.median(np.abs(followed)) < 0.1 * np.median(np.abs(watched[..., 0]))


def test_rows_are_pictures_of_three_kinds(view_of):
    seen = seen_of(mouth_opening(20, at=12), [(0, 9), (8, 18)], video=ShiftedVideo(np.arange(20) / 4))
    view = view_of(kinds=["u", "v", "strain"])
    names, rows = view.rows(seen)
    X = view.gather(rows)
    assert names == ()
    assert (X.shape, X.dtype) == ((2, 28, 28, 3), np.uint8)
    assert (X.min(axis=(1, 2)) == 0).all()
    assert (X.max(axis=(1, 2)) == 255).all()


def test_four_regions_come_from_the_landmarks(view_of):
    """The upper blocks are those about the eyes, the lower ones about the corners of the mouth."""
    seen = seen_of(mouth_opening(20, at=12), [(0, 20)], video=ShiftedVideo(np.arange(20) / 4))
    (whole,), (four,) = (view_of(regions=regions).rows(seen)[1] for regions in ("whole", "four"))
    crop = view_of()._planned(seen, seen.repetitions[0])[0].crop
    points = (crop.to_crop(flow.five_points(face_px(1)[0])) + 0.5) / 4 - 0.5
    x, y = np.clip(points[0], 7, 21).astype(int)
    assert np.array_equal(four[:14, :14], whole[y - 7 : y + 7, x - 7 : x + 7])
    assert np.allclose(CENTRE, [160, 110])


def test_two_pictures_without_landmarks_are_onset_and_apex(view_of):
    seen = seen_of(np.full((2, 68, 2), np.nan), [(0, 2)], video=ShiftedVideo(np.array([0.0, 2.0])))
    moved = raw(view_of(align="whole", flow_size=112), seen)
    assert np.median(moved[..., 0]) == pytest.approx(2.0 * 28 / WIDTH, rel=0.1)


@pytest.mark.parametrize(
    ("points", "repetitions"),
    [(mouth_opening(20, at=12), [(5, 6)]), (np.full((20, 68, 2), np.nan), [(0, 20)])],
    ids=["a single frame", "no face"],
)
def test_nothing_moves(view_of, points, repetitions):
    seen = seen_of(points, repetitions, video=ShiftedVideo(np.zeros(20)))
    with pytest.raises(DataError, match="has no repetition with a face at its onset and at an apex after it"):
        view_of().rows(seen)


def test_a_repetition_without_an_apex_is_left_out(view_of):
    seen = seen_of(mouth_opening(20, at=12), [(0, 18), (18, 19)], video=ShiftedVideo(np.zeros(20)))
    assert [row is None for row in view_of().rows(seen)[1]] == [False, True]


def given(folder, size: int = 28) -> tuple[FlowImage, np.ndarray]:
    """A picture of flow on disk, and its channels u, v, strain."""
    channels = np.random.default_rng(1).integers(0, 255, (size, size, 3), dtype=np.uint8)
    file = folder / "flow .png"
    file.write_bytes(cv2.imencode(".png", channels)[1].tobytes())
    return FlowImage(file), channels


def test_given_flow_is_taken_as_it_is(view_of, tmp_path):
    video, channels = given(tmp_path)
    seen = seen_of(np.full((1, 68, 2), np.nan), [(0, 1)], video=video)
    assert np.array_equal(view_of().rows(seen)[1][0], channels)
    four = view_of(regions="as_published").rows(seen)[1][0]
    assert np.array_equal(four, flow.compose_regions(channels, flow.PUBLISHED_POINTS, as_published=True))


def test_given_flow_of_another_size_is_averaged(view_of, tmp_path):
    video, channels = given(tmp_path, size=56)
    seen = seen_of(np.full((1, 68, 2), np.nan), [(0, 1)], video=video)
    halves = channels.reshape(28, 2, 28, 2, 3).mean(axis=(1, 3))
    assert np.abs(view_of().rows(seen)[1][0] - halves).max() <= 0.5


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"regions": "fuor"}, r"view.regions=fuor: there is no such choice. Did you mean 'four'\?"),
        ({"method": "tlv1"}, r"view.method=tlv1: there is no such choice. Did you mean 'tvl1'\?"),
        ({"kinds": ["u", "v"]}, r"view.kinds is \['u', 'v'\]; a picture has three"),
        ({"kinds": ["u", "v", "w"]}, "no component 'w' of optical flow"),
        ({"size": 30}, "size is a multiple of 4"),
        ({"size": 56, "flow_size": 28}, "no larger than flow_size"),
    ],
)
def test_wrong_settings(keys, message):
    with pytest.raises(ConfigError, match=message):
        Flow(**keys)
