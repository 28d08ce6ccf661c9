"""The Kinect recordings in UCI's own text files give what the pack gives."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts import gfe, gfe_uci
from neuroface.cohorts.gfe import GfeCohort
from neuroface.errors import DataError

N_FRAMES = 60


def points_of_100() -> np.ndarray:
    """(100, 3) px px mm: points of which the weights make a face again, but for one that two landmarks share."""
    wanted = still_face() / 2 + [320, 240, 1200]
    return np.linalg.pinv(gfe_uci.default_weights()) @ wanted


def uci_folder(root, *, cut: int = 0) -> np.ndarray:
    """Signer b's wh_question, and signer a's; milliseconds without leading zeros, as in the original."""
    points = points_of_100() + np.arange(N_FRAMES)[:, None, None] * [0.1, 0, 0]
    names = " ".join(f"{i}{axis}" for i in range(100) for axis in "xyz")
    for signer in "ab":
        lines = ["0.0 " + names]
        for k in range(N_FRAMES):
            ms = 62 * k
            cells = " ".join(f"{value:.4f}" for value in points[k].ravel())
            lines.append(f"{1390940757 + ms // 1000}.{ms % 1000} {cells}")
        (root / f"{signer}_wh_question_datapoints.txt").write_text("\n".join(lines) + "\n")
        target = ["1" if 20 <= k < 30 else "0" for k in range(N_FRAMES - cut)]
        (root / f"{signer}_wh_question_targets.txt").write_text("\n".join(target) + "\n")
    return points


def test_text_files_are_read_as_published(tmp_path):
    uci_folder(tmp_path)
    one, two = GfeCohort(root=tmp_path).recordings()
    assert (one.subject, one.task, two.subject) == ("A", "wh_question", "B")
    assert one.landmarks.timestamps_s == pytest.approx(np.arange(N_FRAMES) * 0.062)
    assert one.landmarks.points[10] == pytest.approx((still_face() / 2 + [321, 240, 1200])[:, :2], abs=0.5)
    assert one.landmarks.depth == pytest.approx(1200, abs=60)
    assert [(r.start, r.stop) for r in one.repetitions if r.label == "expression"] == [(20, 30)]


def test_the_points_are_those_of_the_pack(shared_data):
    weights = gfe.read_map(shared_data / "gfe_kinect3d" / "gfe100_to_ibug68.json")
    np.testing.assert_allclose(gfe_uci.default_weights(), weights)


def test_files_of_unlike_lengths_and_missing_ones_are_named(tmp_path):
    uci_folder(tmp_path, cut=1)
    (tmp_path / "b_wh_question_targets.txt").unlink()
    with pytest.raises(DataError) as caught:
        list(GfeCohort(root=tmp_path).recordings())
    assert "a_wh_question_datapoints.txt has 60 frames, a_wh_question_targets.txt 59" in str(caught.value)
    assert "b_wh_question_targets.txt; each *_datapoints.txt needs its *_targets.txt" in str(caught.value)


def test_a_folder_of_neither_says_what_is_needed(tmp_path):
    with pytest.raises(DataError, match=r"or of UCI's \*_datapoints.txt and \*_targets.txt"):
        list(GfeCohort(root=tmp_path).recordings())
