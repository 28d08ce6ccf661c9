"""Figures show the maps they are given, on the right side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neuroface.explain.album import Album
from neuroface.explain.maps import Maps

from .faces import SIZE, masks, pictures

SIDES = ["left", "right"]


def album(chosen: list[str], *, faces: bool = True) -> Album:
    """Two people of class 6 whose exchange map is the affected half of the picture."""
    left = np.broadcast_to(np.arange(SIZE) >= SIZE // 2, (SIZE, SIZE)).astype(float)
    rows = pd.DataFrame({"sample": ["a/0", "b/0"], "subject": ["a", "b"], "y": "6", "predicted": "1", "side": SIDES})
    made = Album(["1", "6"], chosen, faces=faces)
    made.add(rows, Maps(exchange=np.stack([left, left[:, ::-1]])), pictures(SIDES), masks(2))
    return made


def test_affected_sides_lie_upon_each_other_in_the_mean_face():
    """Both maps fill one half; mirrored to one side their mean is that half, and not grey all over."""
    figure = dict(album([]).figures())["class_faces"]
    face, under_map = (axes.images[0].get_array() for axes in figure.axes)
    assert face[14:22, 4:11].max() == 10  # the dark cheek, on the person's right in both
    bright = under_map.astype(float).sum(axis=2) - 0.6 * face.astype(float).sum(axis=2) / 255
    assert bright[:, : SIZE // 2].min() > bright[:, SIZE // 2 :].max()


def test_panels_are_of_the_chosen_samples_and_say_who_they_are():
    figures = dict(album(["b/0"]).figures())
    assert [name for name in figures if name.startswith("panels/")] == ["panels/b_0"]
    assert figures["panels/b_0"].get_suptitle() == "b/0 · true 6 · predicted 1 · right side affected"
    assert len(figures["panels/b_0"].axes) == 8


def test_the_table_and_the_text_count_the_lit_sides():
    made = album([])
    assert made.table["exchange_lean_face"].tolist() == [1, -1]
    assert "exchange   face      2/2      1.00" in made.report(where="runs/x")


def test_without_faces_no_pixel_of_a_person_is_drawn_and_what_is_measured_stays():
    made = album(["b/0"], faces=False)
    figures = dict(made.figures())
    assert len(np.unique(figures["class_faces"].axes[0].images[0].get_array())) == 1
    assert len(np.unique(figures["panels/b_0"].axes[0].images[0].get_array())) == 1
    pd.testing.assert_frame_equal(made.table, album(["b/0"]).table)
