from __future__ import annotations

import numpy as np
import pytest

from neuroface.report import keypoint_figures
from neuroface.synthesis.face_model import NEUTRAL

PLACES = NEUTRAL[:, :2]


def at(shown: np.ndarray, where: tuple, place: np.ndarray) -> float:
    """The light at a place."""
    left, right, bottom, top = where
    column = round((place[0] - left) / (right - left) * (shown.shape[1] - 1))
    row = round((place[1] - top) / (bottom - top) * (shown.shape[0] - 1))
    return float(shown[row, column])


def test_at_a_point_the_light_is_its_value_however_close_others_are():
    values = np.full(68, 0.5)
    values[33] = -2.0
    shown, where = keypoint_figures.light(PLACES, values)
    assert at(shown, where, PLACES[33]) == pytest.approx(-2.0, rel=0.02)
    assert at(shown, where, PLACES[62]) == pytest.approx(0.5, rel=0.02), "twenty neighbours do not add up"


def test_a_point_without_a_value_has_no_light():
    values = np.full(68, np.nan)
    values[0] = 1.0
    shown, where = keypoint_figures.light(PLACES, values)
    assert at(shown, where, PLACES[16]) == pytest.approx(0, abs=1e-6)


def test_signs_have_two_colours_about_zero_and_sizes_one():
    signed = keypoint_figures.faces({"a": np.linspace(-1, 2, 68)}, PLACES, unit="mm")
    image = signed.axes[0].images[0]
    assert (image.get_clim(), image.get_cmap().name) == ((-2, 2), keypoint_figures.TWO_WAYS)
    size = keypoint_figures.faces({"a": np.linspace(0, 2, 68), "b": np.zeros(68)}, PLACES, unit="mm")
    assert size.axes[0].images[0].get_clim() == (0, 2)
    assert size.axes[0].get_ylim()[0] > size.axes[0].get_ylim()[1], "y goes down the face"
    assert size.axes[-1].get_ylabel() == "mm"


def test_a_unit_is_no_longer_than_its_bar_however_many_classes_there_are():
    places = np.random.default_rng(0).random((68, 2)) * [100, 120]
    unit = "integrated gradient for 6, log-odds per pixel, with its sign"
    figure = keypoint_figures.faces({str(i): np.linspace(-1, 1, 68) for i in range(6)}, places, unit=unit)
    figure.draw_without_rendering()
    (label,) = [axes.yaxis.label for axes in figure.axes if axes.get_ylabel()]
    box = label.get_window_extent()
    assert box.y0 > 0
    assert box.y1 < figure.bbox.height
    assert label.get_text().replace("\n", " ") == unit
