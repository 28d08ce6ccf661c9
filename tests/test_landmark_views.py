from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from neuroface import face
from neuroface.types import Landmarks


def moving(score=None):
    points = np.arange(5 * 68 * 3, dtype=float).reshape(5, 68, 3)
    return Landmarks(points=points, timestamps_s=np.arange(5) / 50, space="camera", score=score)


def test_every_point_has_a_name_of_its_own_that_tells_its_index():
    assert len(set(face.NAMES)) == face.N_POINTS
    assert [int(name.rpartition("_")[2]) for name in face.NAMES] == list(range(face.N_POINTS))
    assert face.NAMES[face.MOUTH_CORNER_RIGHT] == "mouth_outer_48"


def test_a_data_set_has_dimensions_units_and_values():
    landmarks = moving(score=np.full((5, 68), 0.5))
    data = landmarks.to_xarray()
    assert data.position.dims == ("time", "space", "keypoints", "individuals")
    assert data.position.attrs["units"] == "mm"
    assert data.time.attrs["units"] == "s"
    corner = data.position.sel(space="z", keypoints="mouth_outer_54", individuals="person")
    assert corner.values.tolist() == landmarks.points[:, face.MOUTH_CORNER_LEFT, 2].tolist()
    assert (data.confidence == 0.5).all()


def test_movement_takes_it():
    movement = pytest.importorskip("movement.validators.datasets", reason="the package movement is not installed")
    movement.ValidPosesInputs.validate(moving().to_xarray())


@pytest.fixture
def figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.usefixtures("figures_closed")
def test_a_plot_stands_upright_and_tells_its_unit():
    axes = moving().plot()
    assert axes.yaxis_inverted()
    assert axes.get_ylabel() == "y (mm)"
    assert len(axes.collections[0].get_offsets()) == face.N_POINTS
    axes = moving().plot(axes=axes, frame=2)
    assert axes.collections[1].get_offsets()[8].tolist() == moving().points[2, 8, :2].tolist()
    assert axes.yaxis_inverted()


@pytest.mark.usefixtures("figures_closed")
def test_a_point_that_no_frame_has_is_not_drawn():
    points = moving().points.copy()
    points[:, 3] = np.nan
    axes = Landmarks(points=points, timestamps_s=np.arange(5) / 50, space="camera").plot()
    assert np.isfinite(np.asarray(axes.collections[0].get_offsets(), float)).all(axis=1).sum() == face.N_POINTS - 1
