"""Of several faces in an OpenFace CSV: whose ids belong together, and who is the person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from checks import still_face
from neuroface.cohorts.openface_faces import person_of
from neuroface.errors import DataError

AXES = ("X", "Y", "Z")


def rows(face_id: int, frames, *, at=(0.0, 0.0, 600.0), scale: float = 1.0) -> pd.DataFrame:
    points = still_face() * scale + np.array(at)
    columns = {f"{axis}_{i}": points[i, k] for k, axis in enumerate(AXES) for i in range(68)}
    return pd.DataFrame({"frame": list(frames), "face_id": face_id, "success": 1, **columns})


def ids(*parts: pd.DataFrame, face_id: int | None = None):
    kept, counts = person_of(pd.concat(parts, ignore_index=True), AXES, "a.csv", face_id=face_id)
    return sorted(kept["face_id"].unique()), counts


def test_a_face_that_comes_back_under_another_id_is_the_same():
    kept, counts = ids(rows(0, range(60)), rows(2, range(63, 100)), rows(1, range(0, 100, 5), at=(400, 0, 1100)))
    assert kept == [0, 2]
    assert counts == {"frames_of_other_faces": 20, "face_ids_joined": 2}


def test_a_face_elsewhere_or_of_another_size_is_another():
    for other in (rows(2, range(63, 80), at=(300, 0, 600)), rows(2, range(63, 80), scale=0.5)):
        assert ids(rows(0, range(60)), other)[0] == [0]
    assert ids(rows(0, range(60)), rows(2, range(50, 70)))[0] == [0]  # there at the same time


def test_two_faces_of_about_the_same_length_are_not_guessed():
    both = rows(0, range(60)), rows(1, range(50), at=(400, 0, 900))
    with pytest.raises(
        DataError, match=r"several faces about as long: face_id 0 \(60 frames\) and face_id 1 \(50 frames\)"
    ):
        ids(*both)
    assert ids(*both, face_id=1)[0] == [1]
    with pytest.raises(DataError, match="has no face_id 7; it has 0, 1"):
        ids(*both, face_id=7)
