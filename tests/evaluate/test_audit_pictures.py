from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface.errors import LeakageError
from neuroface.evaluate.audit import audit, refuse_leakage
from neuroface.evaluate.audit_pictures import copies
from neuroface.evaluate.splits import Loso, make_folds
from neuroface.types import Parts, Samples

N, SIZE = 12, 64
PEOPLE = np.array([f"p{i:02d}" for i in range(N)])
NEAR = "no nearly identical rows of different people"


def pictures(n=N, seed=0):
    """(n, SIZE, SIZE, 3) uint8: smooth fields, no two alike."""
    rng = np.random.default_rng(seed)
    fields = [cv2.resize(rng.integers(0, 256, (8, 8, 3)).astype(np.uint8), (SIZE, SIZE)) for _ in range(n)]
    return np.stack(fields)


def saved_again(picture, quality=40):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def smaller(picture):
    return cv2.resize(cv2.resize(picture, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA), (SIZE, SIZE))


def brighter(picture):
    return np.clip(picture * 1.1 + 5, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [np.copy, saved_again, smaller, brighter])
def test_a_copy_under_another_name_is_found_however_it_was_saved(change):
    X = pictures()
    assert copies(X, PEOPLE) == {}
    X[7] = change(X[2])
    assert copies(X, PEOPLE) == {("p02", "p07"): 1}
    assert copies(Parts({"eyes": pictures(seed=1), "whole": X}), PEOPLE) == {("p02", "p07"): 1}


def test_faces_that_differ_in_detail_alone_are_two_peoples():
    """What aligned small faces share: broad light and dark; the grey values correlate above .97."""
    rng = np.random.default_rng(3)
    broad = cv2.resize(rng.integers(0, 256, (3, 3, 3)).astype(np.uint8), (SIZE, SIZE)).astype(float)
    fine = [cv2.resize(rng.normal(0, 7, (16, 16)), (SIZE, SIZE))[..., None] for _ in range(2)]
    X = pictures()
    X[2], X[7] = (np.clip(broad + one, 0, 255).astype(np.uint8) for one in fine)
    grey = [cv2.cvtColor(X[i], cv2.COLOR_RGB2GRAY).ravel() for i in (2, 7)]
    assert np.corrcoef(grey)[0, 1] > 0.97
    assert copies(X, PEOPLE) == {}
    X[7] = saved_again(X[2], quality=75)
    assert copies(X, PEOPLE) == {("p02", "p07"): 1}


def test_the_same_person_may_have_copies_and_empty_pictures_are_like_nothing():
    X = pictures()
    X[7] = X[2]
    people = np.where(PEOPLE == "p07", "p02", PEOPLE)
    X[8:10] = 200
    assert copies(X, people) == {}


def test_of_recordings_a_few_frames_that_are_alike_are_no_copy_of_a_person():
    X, people = pictures(), np.repeat(["a", "b", "c"], 4)
    X[4] = X[0]  # one of four frames of a and of b
    X[8:11] = X[1:4]  # three of four of a and of c
    assert copies(X, people) == {("a", "b"): 1, ("a", "c"): 3}
    assert copies(X, people, least_share=0.5) == {("a", "c"): 3}
    y = np.array(["x"] * 8 + ["y"] * 4)
    meta = {"sample": np.arange(N).astype(str), "group": y, "task": np.full(N, "SMILE"), "repetition": np.zeros(N, int)}
    found = audit(Samples(X=X, y=y, subject=people, meta=meta, view="images"), ())
    assert [text for one in found["findings"] for text in one["found"] if one["check"] == NEAR] == [
        "a and c: 3 pairs of pictures are copies of each other, or nearly"
    ]


def test_what_holds_no_pictures_is_not_looked_at():
    assert copies(np.zeros((4, 3)), PEOPLE[:4]) is None
    assert copies(np.zeros((4, 5, 8, 8, 3), np.uint8), PEOPLE[:4]) is None


def samples(X, task="still"):
    y = np.where(np.arange(N) % 2, "a", "b")
    meta = {"sample": PEOPLE, "group": y, "task": np.full(N, task), "repetition": np.zeros(N, int)}
    return Samples(X=X, y=y, subject=PEOPLE, meta=meta, view="images")


def test_copies_on_both_sides_of_a_fold_are_refused_unless_that_is_accepted():
    X = pictures()
    honest = samples(X.copy())
    folds = make_folds(Loso(), honest.X, honest.y, honest.subject)
    refuse_leakage(honest, folds)
    assert audit(honest, folds)["checks"][NEAR] == "passed"
    X[7] = saved_again(X[2])
    copied = samples(X)
    with pytest.raises(LeakageError) as error:
        refuse_leakage(copied, folds)
    assert "p02 and p07: one picture is a copy of the other's, or nearly" in str(error.value)
    refuse_leakage(copied, folds, accepted=True)
    told = audit(copied, folds)
    assert told["checks"][NEAR] == "found"
    assert told["verdict"] == "suspect"
    refuse_leakage(replace(copied, meta={**copied.meta, "task": np.full(N, "OPEN")}), folds)  # told, not refused
