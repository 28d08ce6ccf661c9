from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.types import Parts
from neuroface.views.regions import Regions

from .videos import CENTRE, NumberedVideo, face_px, seen_of, stored_in

INSIDE = ["eyes", "nose", "mouth", "cheeks"]


def view_in(folder, **keys):
    return stored_in(Regions(**{"size": 16, "regions": INSIDE, **keys}), folder)


def test_each_region_is_a_picture_of_its_own_place(tmp_path):
    view = view_in(tmp_path)
    seen = seen_of(face_px(1), [(0, 1)], video=NumberedVideo(1))
    X = view.gather(view.rows(seen)[1])
    assert isinstance(X, Parts)
    assert {name: (array.shape, array.dtype) for name, array in X.arrays.items()} == dict.fromkeys(
        INSIDE, ((1, 16, 16, 3), np.dtype(np.uint8))
    )
    height = {name: float(array[0, ..., 2].mean()) for name, array in X.arrays.items()}  # blue is y in the frame
    mouth_px = face_px(1)[0, face.MOUTH, 1].mean()
    assert height["mouth"] == pytest.approx(mouth_px, abs=4)
    assert height["eyes"] < height["nose"] < height["mouth"]
    green = X.arrays["cheeks"][0, ..., 1].astype(float)  # x / 2 in the frame
    assert green[:, :8].mean() < CENTRE[0] / 2 < green[:, 8:].mean()


def test_a_region_that_is_missing_is_zeros_and_the_others_stay(tmp_path):
    points = face_px(2)
    points[1, face.MOUTH] = np.nan
    view = view_in(tmp_path)
    first, second = view.rows(seen_of(points, [(0, 1), (1, 2)], video=NumberedVideo(2)))[1]
    at = INSIDE.index("mouth")
    assert first[at].any()
    assert not second[at].any()
    assert all(second[i].any() for i in range(4) if i != at)


def test_a_black_picture_is_seen_all_the_same(tmp_path):
    class Black(NumberedVideo):
        def frames(self, start=0, stop=None, step=1):
            for frame in super().frames(start, stop, step):
                frame.color[:] = 0
                yield frame

    (row,) = view_in(tmp_path).rows(seen_of(face_px(1), [(0, 1)], video=Black(1, name="black")))[1]
    assert row.reshape(4, -1).any(axis=1).all()
    assert row.max() == 1


def test_without_landmarks_the_picture_may_be_the_face(tmp_path):
    blind = seen_of(np.full((1, 68, 2), np.nan), [(0, 1)], video=NumberedVideo(1))
    (row,) = view_in(tmp_path, align="whole").rows(blind)[1]
    assert row.reshape(4, -1).any(axis=1).all()
    with pytest.raises(DataError, match="shows no region of a face in any repetition"):
        view_in(tmp_path).rows(blind)


def test_a_second_look_decodes_nothing(tmp_path):
    seen = seen_of(face_px(3), [(0, 1), (2, 3)], video=NumberedVideo(3))
    NumberedVideo.decoded = 0
    X = view_in(tmp_path).gather(view_in(tmp_path).rows(seen)[1])
    decoded = NumberedVideo.decoded
    assert decoded == 2
    again = view_in(tmp_path).gather(view_in(tmp_path).rows(seen)[1])
    assert NumberedVideo.decoded == decoded
    assert_array_equal(again.arrays["eyes"], X.arrays["eyes"])


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="align=perspective: there is no such cut"):
        Regions(align="perspective")
