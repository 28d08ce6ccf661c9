from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from neuroface.classifiers.c3d import C3D
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.explain import lights
from neuroface.explain.lights import RANDOM, REAL, SHUFFLED, LightAlbum, Lights, of_samples

from .faces import fitted, pictures


def rows(sides: list[str], y: list[str]) -> pd.DataFrame:
    n = len(y)
    return pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(n)],
            "subject": [f"p{i // 2}" for i in range(n)],
            "y": y,
            "predicted": y,
            "side": sides,
        }
    )


def test_an_even_map_is_one_and_has_a_tenth_on_its_brightest_tenth():
    light = lights.even(np.full((2, 10, 10), 3.0))
    np.testing.assert_allclose(light, 1.0)
    assert lights.brightest(light[0]) == pytest.approx(0.1)
    one = np.zeros((1, 10, 10))
    one[0, 3, 4] = 2
    assert lights.brightest(lights.even(one)) == pytest.approx(1.0)
    assert np.isnan(lights.brightest(lights.even(np.zeros((1, 10, 10)))))


def test_likeness_is_spearmans():
    from scipy.stats import spearmanr

    one, other = np.random.default_rng(0).random((2, 3, 4, 6, 6))
    expected = [spearmanr(a.ravel(), b.ravel())[0] for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(lights.likeness(one, other), expected)
    assert np.isnan(lights.likeness(one, np.zeros_like(one))).all()


def test_people_weigh_the_same_and_the_affected_side_is_mirrored_to_one():
    at_left = np.zeros((3, 4, 4))
    at_left[:, 0, 3] = 16  # the person's left is on the right of the picture
    told = Lights(np.zeros((3, 4, 4, 3), np.uint8), {REAL: {"gradient": at_left}, RANDOM: {"gradient": at_left}})
    album = LightAlbum(["2"], ["s1"])
    album.add(rows(["left"] * 3, ["2"] * 3), told)  # two samples of p0, one of p1
    mean = album.means()["2"]
    assert mean.people == {REAL: 2, RANDOM: 2}
    assert mean.maps[REAL]["gradient"][0, 0] == 16
    assert mean.maps[REAL]["gradient"].sum() == 16
    sides = album.sides().set_index("map")
    assert sides.loc["gradient", "hits"] == 2
    (check,) = album.checks().to_dict("records")
    assert (check["check"], check["people"], check["like"]) == (RANDOM, 2, 1.0)
    assert check["brightest"] == check["brightest_real"] == 1.0
    assert [row["sample"] for row, _, _ in album.drawn] == ["s1"]


def test_without_faces_the_maps_are_the_same_and_lie_on_grey():
    light = np.random.default_rng(0).random((3, 4, 4))
    seen = np.random.default_rng(1).integers(0, 255, (3, 4, 4, 3), dtype=np.uint8)
    albums = []
    for faces in (True, False):
        album = LightAlbum(["2"], ["s1"], faces=faces)
        album.add(rows([""] * 3, ["2"] * 3), Lights(seen, {REAL: {"gradient": light}}))
        albums.append(album)
    assert len(np.unique(albums[1].means()["2"].picture)) == len(np.unique(albums[1].drawn[0][1])) == 1
    np.testing.assert_array_equal(*[album.means()["2"].maps[REAL]["gradient"] for album in albums])


def test_what_was_learnt_is_seen_and_random_weights_do_not_know_it():
    """A dark cheek makes the class: as learnt, gradients lie on it; drawn anew they are elsewhere."""
    shown = pictures([""] * 8 + ["left"] * 8)
    y = ["1"] * 8 + ["6"] * 8
    model = fitted(shown, y, epochs=12)
    told = of_samples({REAL: model, RANDOM: lights.gradients.with_random_weights(model)}, shown, np.array(y))
    dark = told.maps[REAL]["gradient"][8:].mean(axis=0)
    blind = told.maps[RANDOM]["gradient"][8:].mean(axis=0)
    assert dark[14:22, 17:24].mean() > 2.5
    assert dark[14:22, 17:24].mean() > 1.3 * blind[14:22, 17:24].mean()


def clips(n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 8, 16, 16, 3) uint8: of class "late" a patch lights up in the second half."""
    rng = np.random.default_rng(0)
    x = rng.integers(60, 120, (n, 8, 16, 16, 3), dtype=np.uint8)
    late = np.arange(n) % 2 == 1
    x[late, 4:, 4:12, 4:12] += 100
    return x, np.where(late, "late", "none")


def test_of_clips_the_moment_and_the_place_light_up():
    x, y = clips(16)
    network = partial(C3D, width=2, sees="picture", dropout=0.0)
    torch.manual_seed(0)
    model = TorchClassifier(network, max_epochs=12, batch_size=8, epoch_selection="last", device="cpu").fit(x, y)
    told = of_samples({REAL: model, SHUFFLED: model}, x, y)
    assert told.maps[REAL]["cam"].shape == x.shape[:-1]
    album = LightAlbum(["none", "late"], [])
    album.add(rows([""] * len(y), y.tolist()), told)
    time = album.means()["late"].time["gradient"]
    assert time.mean() == pytest.approx(1, rel=1e-3)
    assert time[4:].mean() > 1.5 * time[:4].mean()
    place = album.means()["late"].maps[REAL]["gradient"]
    assert place[4:12, 4:12].mean() > 2 * place[:3].mean()
    checks = album.checks().set_index("check")
    assert checks.loc[SHUFFLED, "like"].iloc[0] == pytest.approx(1.0)
