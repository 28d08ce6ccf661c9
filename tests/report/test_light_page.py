from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.report import light_figures, light_page
from neuroface.report import run as runs


@pytest.fixture
def maps() -> dict[str, np.ndarray]:
    return dict(zip(light_figures.NAMES, np.random.default_rng(0).random((2, 6, 6)), strict=True))


def test_the_brightest_colour_is_the_same_for_all_maps_of_a_method(maps):
    face = np.full((6, 6, 3), 120.0)
    dark = {name: light / 10 for name, light in maps.items()}
    figure = light_figures.grid({"one": (face, maps), "other": (face, dark), "empty": (face, {})})
    lit = [image for axes in figure.axes for image in axes.get_images() if image.get_cmap().name == light_figures.RAMP]
    limits = [image.get_clim() for image in lit]
    assert len(limits) == 4
    assert limits[0] == limits[1]
    assert limits[2] == limits[3]
    assert limits[0][1] == pytest.approx(np.quantile([maps["gradient"], dark["gradient"]], light_figures.TOP))


def test_no_moment_is_cut_off():
    early = {"gradient": np.array([1.0, 1, 1, 1]), "cam": np.array([4.0, 0, 0, 0])}
    figure = light_figures.over_time({"HC": early, "ALS": early})
    tops = [axes.get_ylim()[1] for axes in figure.axes]
    assert tops[1] > 4


def test_of_a_clip_moments_are_drawn_from_the_first_to_the_last(maps):
    clip = np.zeros((20, 6, 6, 3), np.uint8)
    figure = light_figures.sample(clip, {name: np.stack([light] * 20) for name, light in maps.items()}, title="P1")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == light_figures.MOMENTS
    assert (titles[0], titles[-1]) == ("frame 1", "frame 20")


def test_the_page_holds_both_checks_with_or_without_sides(maps, make_run, tmp_path):
    run = runs.read(make_run())
    face = np.full((6, 6, 3), 120.0)
    checks = pd.DataFrame(
        {"method": ["cam"], "check": ["random"], "people": [4], "like": [0.25], "low": [0.1], "high": [0.4],
         "brightest": [0.2], "brightest_real": [0.5]}
    )  # fmt: skip
    for sides, oriented in ((pd.DataFrame(), False), (pd.DataFrame({"map": ["cam"], "hits": [3]}), True)):
        page = light_page.render(
            run, pd.DataFrame({"sample": ["P1/00"]}), checks, sides, tmp_path,
            classes={"HC (2 people)": (face, maps)}, check_maps={"as learnt": (face, maps)}, time={},
            samples=[("P1/00", "P1", face.astype(np.uint8), maps)], notes=["A note."], further={}, oriented=oriented,
        )  # fmt: skip
        text = page.read_text()
        assert "weights drawn anew" in text
        assert "0.25" in text
        assert ("affected side is on the left" in text) is oriented
        assert {"lights.svg", "checks.svg", "lights.csv", "lights/P1_00.png"} <= {
            str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")
        }
