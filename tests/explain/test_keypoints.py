from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.explain import keypoints
from neuroface.explain.keypoints import Told

LEFT, RIGHT = face.MOUTH_CORNER_LEFT, face.MOUTH_CORNER_RIGHT


def told(g: np.ndarray, *, moved: np.ndarray | None = None, side: str = "") -> Told:
    """Two samples of each person, every second one ALS."""
    n = len(g)
    subject = np.array([f"P{i // 2}" for i in range(n)])
    y = np.array(["ALS" if (i // 2) % 2 else "HC" for i in range(n)])
    places = np.tile(np.arange(68.0)[:, None] * [1, 2], (n, 1, 1))
    return Told(
        g, places, np.full(g.shape, np.nan) if moved is None else moved, np.arange(n).astype(str), subject, y,
        np.full(n, side),
    )  # fmt: skip


@pytest.fixture
def corner() -> Told:
    """Forty samples of 20 people; the left mouth corner speaks for ALS in patients and against it in the others."""
    g = 0.001 * np.random.default_rng(0).standard_normal((40, 68))
    sign = np.array([1 if (i // 2) % 2 else -1 for i in range(40)])
    g[:, LEFT] += 0.3 * sign
    g[:, RIGHT] += 0.1
    return told(g)


def test_points_are_ranked_and_groups_compared(corner):
    table = keypoints.table(corner, positive="ALS")
    first, second = table.sort_values("rank").iloc[:2].to_dict("records")
    assert (first["point"], second["point"]) == (LEFT, RIGHT)
    assert (first["normalised"], table["normalised"].min()) == (1.0, 0.0)
    assert first["significance"] == pytest.approx(0.3, abs=0.01)
    assert first["low"] < first["significance"] < first["high"]
    assert first["difference"] == pytest.approx(0.6, abs=0.01)
    assert first["p_fdr"] == pytest.approx(68 * 0.001), "one of 68 points at the least p of 999 permutations"
    assert second["p_fdr"] > 0.1, "significant in both groups, and no different between them"


def test_each_person_weighs_the_same():
    g = np.zeros((4, 68))
    g[:, 0] = [1, 1, 0, 0]
    uneven = Told(**{**vars(told(g)), "subject": np.array(["A", "A", "A", "B"]), "y": np.array(["x", "x", "x", "y"])})
    assert keypoints.table(uneven, positive="y", permutations=9)["significance"][0] == pytest.approx((2 / 3) / 2)


def test_the_affected_side_is_made_the_left(corner):
    g = np.zeros((4, 68))
    g[:, RIGHT] = 1.0
    turned = keypoints.oriented(told(g, side="right"))
    assert turned.g[:, LEFT].tolist() == [1.0] * 4
    assert turned.g[:, RIGHT].tolist() == [0.0] * 4
    assert keypoints.oriented(told(g, side="")).g[:, RIGHT].tolist() == [1.0] * 4


def test_a_ranking_that_follows_the_truth_finds_it():
    rng = np.random.default_rng(0)
    loss = np.r_[np.linspace(0, 3, 34), np.linspace(6, 9, 34)]
    moved = 10.0 + 0.1 * rng.standard_normal((8, 68))
    moved[[2, 3, 6, 7]] -= loss  # the ALS
    g = np.tile(loss / 10, (8, 1))
    good = told(g, moved=moved)
    found = keypoints.found(good, keypoints.table(good, positive="ALS", permutations=9), positive="ALS")
    assert found.rho > 0.95
    assert (found.auc, found.points, found.seen) == (1.0, 34, 67)
    blind = told(g[:, ::-1].copy(), moved=moved)
    assert keypoints.found(blind, keypoints.table(blind, positive="ALS", permutations=9), positive="ALS").auc == 0.0
    unknown = told(g)
    assert keypoints.found(unknown, keypoints.table(unknown, positive="ALS", permutations=9), positive="ALS") is None


def test_sides_are_mirror_images():
    sides = keypoints.side_names()
    other = {"left": "right", "right": "left", "middle": "middle"}
    assert [sides[i] for i in face.MIRROR] == [other[side] for side in sides]
    assert sides[RIGHT] == "right"
    assert sides[face.CHIN] == "middle"


def test_a_point_outside_the_pictures_is_no_number_and_ranked_last(corner):
    corner.g[:, 0] = np.nan
    corner.g[0, 1] = np.nan  # of one picture alone
    table = keypoints.table(corner, positive="ALS", permutations=99)
    assert table.loc[0, ["significance", "normalised", "p", "p_fdr"]].isna().all()
    assert table.loc[0, "rank"] == 68
    assert np.isfinite(table.loc[1:, ["significance", "p_fdr"]]).all(axis=None)
