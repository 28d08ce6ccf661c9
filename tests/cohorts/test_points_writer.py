"""What is written for other tools says the same when it is read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts import points_writer
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.points import PointsCohort
from neuroface.errors import DataError
from neuroface.types import Landmarks, Recording, Repetition

TIMES = np.array([0.0, 0.04, 0.081, 0.12, 0.16])  # no even clock


def a_recording(space: str = "camera", session: str = "1") -> Recording:
    steps = np.linspace(0, 1 / 3, len(TIMES))[:, None, None]
    placed = still_face()[:, :2] + 300.0 if space == "pixel" else still_face() + 600.0
    points = placed + steps
    points[1, 7] = np.nan
    points[3] = np.nan
    return Recording(
        subject="07",
        group="HC",
        task="OPEN",
        session=session,
        landmarks=Landmarks(points, TIMES, space),
        repetitions=(Repetition(start=0, stop=2, index=0), Repetition(start=2, stop=5, index=1)),
        attributes={"age": 60},
    )


@pytest.mark.parametrize("space", ["pixel", "camera", "head"])
@pytest.mark.parametrize("layout", points_writer.LAYOUTS)
def test_round_trip(tmp_path, layout, space):
    if layout == "movement":
        pytest.importorskip("h5netcdf")
        pytest.importorskip("h5py")
    one, out = a_recording(space), tmp_path / "out"
    if (layout, space) == ("openface", "head"):
        with pytest.raises(DataError, match="holds pixel or camera"):
            points_writer.write([one], out, layout)
        return
    assert points_writer.write([one], out, layout) == 1
    common = {"root": out, "subjects": out / "subjects.csv", "annotations": out, "tier": "*"}
    if layout == "openface":
        made = OpenFaceCohort(**common, space="2d" if space == "pixel" else "3d")
    else:
        made = PointsCohort(**common)
    (back,) = made.recordings()
    assert (back.subject, back.group, back.task, back.session) == ("07", "HC", "OPEN", "1")
    assert back.attributes == {"age": 60}
    assert back.landmarks.space == space
    # the quick parser of pandas may be off in the last binary digit
    np.testing.assert_allclose(back.landmarks.points, one.landmarks.points, rtol=1e-15 if layout == "openface" else 0)
    np.testing.assert_array_equal(back.landmarks.timestamps_s, TIMES)
    assert [(r.start, r.stop) for r in back.repetitions or ()] == [(0, 2), (2, 5)]


def test_folder_of_others_and_names_twice(tmp_path):
    one = a_recording()
    with pytest.raises(DataError, match="more than once"):
        points_writer.write([one, replace(one)], tmp_path / "a", "openface")
    with pytest.raises(DataError, match="is not empty"):
        points_writer.write([one], tmp_path / "a", "openface")
