"""What holds for every feature, whatever the face does."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from checks import face_with_lips, flat, mirrored, missing, moved, scaled, stretched, wild_face
from neuroface.features import eyes, hemiface, rom, roundness, smile, symmetry, synkinesis, timing, velocity

FEATURES = [
    function
    for family in (rom, velocity, symmetry, roundness, smile, eyes, hemiface, synkinesis, timing)
    for name, function in sorted(vars(family).items())
    if callable(function)
    and getattr(function, "__module__", "") == family.__name__
    and not name.startswith("_")
    and name not in ("aspect_ratios", "brow_heights")  # signals that features share
]
FEEL_HEAD_MOTION = {
    *(velocity.lower_lip_peak, velocity.lower_lip_path, velocity.lower_lip_mean_speed),
    *(smile.commissure_excursion, smile.commissure_excursion_weaker, timing.lower_lip_jerk),
}
# unit -> (power of length, power of time)
UNITS = {
    "mm_per_s3": (1, -3), "mm_per_s": (1, -1), "mm2": (2, 0), "mm": (1, 0), "deg": (0, 0), "percent": (0, 0),
    "per_min": (0, -1), "s": (0, 1), "": (0, 0),
}  # fmt: skip
few = settings(max_examples=15, deadline=None)
faces = st.integers(0, 10_000).map(wild_face)


def values(landmarks) -> dict[str, float]:
    return {name: value for feature in FEATURES for name, value in feature(landmarks).items()}


def unit(name: str) -> str:
    return next((u for u in UNITS if u and name.endswith("_" + u)), "")


def test_all_features_are_here():
    assert len(FEATURES) == len(values(wild_face(0))) == 18 + 16


@few
@given(face=faces, seed=st.integers(0, 10_000))
def test_a_rigid_motion_of_the_whole_recording_changes_nothing(face, seed):
    rotation = Rotation.random(random_state=seed).as_matrix()
    assert values(moved(face, rotation, [300.0, -50.0, 600.0])) == pytest.approx(values(face), rel=1e-6, abs=1e-6)


@few
@given(face=faces, seed=st.integers(0, 10_000))
def test_head_motion_changes_nothing_but_the_lower_lip(face, seed):
    rng = np.random.default_rng(seed)
    rotation = Rotation.random(len(face), random_state=seed).as_matrix()
    shaken = moved(face, rotation, rng.uniform(-100, 100, (len(face), 1, 3)))
    for feature in set(FEATURES) - FEEL_HEAD_MOTION:
        assert feature(shaken) == pytest.approx(feature(face), rel=1e-6, abs=1e-6)


@few
@given(face=faces, factor=st.floats(0.5, 3))
def test_a_larger_face_scales_each_feature_by_its_unit(face, factor):
    before, after = values(face), values(scaled(face, factor))
    expected = {name: value * factor ** UNITS[unit(name)][0] for name, value in before.items()}
    assert after == pytest.approx(expected, rel=1e-7, abs=1e-9)


@few
@given(face=faces)
def test_a_mirrored_person_has_the_same_features(face):
    assert values(mirrored(face)) == pytest.approx(values(face), rel=1e-9, abs=1e-9)


@few
@given(face=faces, factor=st.floats(0.5, 3))
def test_slow_motion_changes_speeds_and_durations_and_nothing_else(face, factor):
    before, after = values(face), values(stretched(face, factor))
    expected = {name: value * factor ** UNITS[unit(name)][1] for name, value in before.items()}
    assert after == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_a_still_face_has_no_range_no_speed_and_no_correlation():
    still = values(moved(face_with_lips(50, np.full(30, 20.0)), np.eye(3), [0.1, 0.2, 600.3]))
    for name, value in still.items():
        if (
            "correlation" in name
            or "synkinesis" in name
            or name in ("symmetry.area_range_ratio", "symmetry.corner_excursion_asymmetry")
        ):
            assert np.isnan(value), name
        elif unit(name) in ("mm", "mm2", "mm_per_s", "mm_per_s3"):
            assert value == 0, name


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("to", [lambda face: face, flat], ids=["3d", "2d"])
def test_nothing_seen_gives_nan_without_a_warning(feature, to):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n_frames in (1, 2, 20):
            assert np.isnan(list(feature(missing(to(wild_face(0, n_frames)))).values())).all()


@pytest.mark.parametrize("feature", FEATURES)
def test_few_frames_and_gaps_give_numbers_or_nan_without_a_warning(feature):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n_frames in (1, 2, 3):
            feature(wild_face(1, n_frames))
        (value,) = feature(missing(wild_face(1), slice(10, 13))).values()
    assert np.isfinite(value)


@pytest.mark.parametrize("feature", FEATURES)
def test_the_docstring_names_shape_result_and_source(feature):
    doc = feature.__doc__
    assert "landmarks: (T, 68, D) mm or px" in doc
    assert f'{{"{feature.__module__.rsplit(".")[-1]}.{feature.__name__}' in doc
    assert "econstruction of" in doc or "Not part of a published set" in doc
