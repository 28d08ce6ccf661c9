from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from checks import still_face
from neuroface import face
from neuroface.landmarks import metrics
from neuroface.report import landmark_figures

DEFINITION = metrics.definition()


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_curves_end_at_the_share_of_frames_with_a_face():
    before = np.array([0.05, 0.15, np.nan, 0.1])
    figure = landmark_figures.cumulative_errors(
        {"before": before, "after": before / 2}, ["HC", "HC", "HC", "PS"], definition=DEFINITION
    )
    ends = [line.get_ydata()[-1] for line in figure.axes[0].lines]
    assert ends == pytest.approx([200 / 3, 200 / 3, 100, 100])  # HC before, HC after, PS before, PS after
    first = figure.axes[0].lines[0]
    assert np.interp([4.9, 5.1, 14.9, 15.1], *first.get_data()) == pytest.approx([0, 100 / 3, 100 / 3, 200 / 3])
    assert legend(figure) == ["HC (3 frames)", "PS (1 frame)", "before", "after"]
    assert figure.axes[0].get_xlabel() == "error, %"


def test_groups_have_a_colour_and_networks_a_stroke():
    named = {"before": np.array([0.1, 0.1]), "after": np.array([0.05, 0.05])}
    lines = landmark_figures.cumulative_errors(named, ["HC", "PS"], definition=DEFINITION).axes[0].lines
    colours, strokes = [line.get_color() for line in lines], [line.get_linestyle() for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert strokes == ["--", "-", "--", "-"]


def test_every_landmark_is_a_dot_where_it_lies_on_one_scale():
    mean_face = still_face()[:, :2]
    errors = np.linspace(0.01, 0.1, face.N_POINTS)
    lost = errors / 2
    lost[face.CHIN] = np.nan
    figure = landmark_figures.on_the_face({"before": errors, "after": lost}, mean_face, definition=DEFINITION)
    first, second = figure.axes[:2]
    dots = first.collections[0]
    assert np.array_equal(dots.get_offsets().data, mean_face)
    assert dots.get_array().data == pytest.approx(100 * errors)
    assert (np.diff(dots.get_sizes()) > 0).all()
    assert dots.get_clim() == second.collections[0].get_clim() == (0, pytest.approx(10))
    assert np.array_equal(second.collections[1].get_offsets().data, mean_face[[face.CHIN]])  # the cross
    assert first.yaxis_inverted()
    assert [axes.get_title() for axes in (first, second)] == ["before", "after"]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_face_without_errors_is_drawn(value: float):
    figure = landmark_figures.on_the_face(
        {"net": np.full(face.N_POINTS, value)}, still_face()[:, :2], definition=DEFINITION
    )
    dots, crosses = figure.axes[0].collections
    assert len(dots.get_offsets()) + len(crosses.get_offsets()) == face.N_POINTS
    assert (len(crosses.get_offsets()) == 0) == (value == 0)


def test_regions_are_sorted_and_their_bars_are_their_errors():
    before = {"jaw": 0.05, "mouth": 0.12, "eyes": float("nan")}
    named = {"before": before, "after": {"jaw": 0.04, "mouth": 0.06, "eyes": 0.02}}
    figure = landmark_figures.of_regions(named, definition=DEFINITION)
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["mouth", "jaw", "eyes"]
    assert [bar.get_width() for bar in axes.containers[1]] == pytest.approx([6, 4, 2])
    assert [text.get_text() for text in axes.texts] == ["12.0", "5.0", "6.0", "4.0", "2.0"]
    assert legend(figure) == ["before", "after"]


def test_every_figure_says_how_its_error_is_defined():
    errors, group = np.array([0.1, 0.2]), ["HC", "PS"]
    drawn = [
        landmark_figures.cumulative_errors({"net": errors}, group, definition=DEFINITION),
        landmark_figures.on_the_face({"net": np.full(68, 0.1)}, still_face()[:, :2], definition=DEFINITION),
        landmark_figures.of_regions({"net": {"jaw": 0.1}}, definition=DEFINITION),
    ]
    assert {" ".join(figure.get_supxlabel().split()) for figure in drawn} == {DEFINITION}
