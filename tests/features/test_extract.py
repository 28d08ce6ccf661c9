from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from scipy.spatial.transform import Rotation

from checks import face_with_lips, flat, moved, scaled, wild_face
from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.features import rom, velocity
from neuroface.features.extract import extract
from neuroface.types import Repetition

CONFIGS = Path(__file__).parents[2] / "configs" / "features"
WHOLE = (Repetition(0, 40, 0),)


def chosen(*names: str) -> dict:
    """The named YAML files merged as Hydra does, and instantiated."""
    nodes = OmegaConf.merge(*(OmegaConf.load(CONFIGS / f"{name}.yaml") for name in names))
    return instantiate(nodes, _convert_="all")


def test_one_row_per_repetition_of_that_repetitions_own_frames():
    landmarks = face_with_lips(50, np.r_[np.linspace(10, 20, 20), np.linspace(20, 50, 20)])
    repetitions = (Repetition(0, 20, 0), Repetition(20, 40, 1))
    names, X = extract(landmarks, repetitions, {"rom": {"mouth_opening": rom.mouth_opening}})
    assert names == ("rom.mouth_opening_mm",)
    assert pytest.approx(np.array([[20 - 10], [50 - 20]])) == X


def test_the_als_set_has_the_eleven_features_of_the_table():
    names, X = extract(wild_face(0), WHOLE, chosen("als11_v1"))
    assert names == (
        "rom.mouth_area_mm2",
        "rom.mouth_opening_mm",
        "rom.mouth_width_mm",
        "roundness.eccentricity_mean",
        "roundness.eccentricity_range",
        "symmetry.area_correlation",
        "symmetry.area_ratio",
        "velocity.closing_peak_mm_per_s",
        "velocity.lower_lip_path_mm",
        "velocity.lower_lip_peak_mm_per_s",
        "velocity.opening_peak_mm_per_s",
    )
    assert np.isfinite(X).all()


def test_the_stroke_set_has_the_thirteen_features_of_the_table():
    names, X = extract(wild_face(0), WHOLE, chosen("ps13_v1"))
    assert names == (
        "rom.mouth_area_mm2",
        "rom.mouth_opening_mm",
        "rom.mouth_width_mm",
        "symmetry.area_correlation",
        "symmetry.area_range_ratio",
        "symmetry.area_ratio",
        "symmetry.corner_excursion_asymmetry",
        "symmetry.corner_velocity_correlation",
        "symmetry.mouth_tilt_deg",
        "velocity.closing_peak_mm_per_s",
        "velocity.narrowing_peak_mm_per_s",
        "velocity.opening_peak_mm_per_s",
        "velocity.widening_peak_mm_per_s",
    )
    assert np.isfinite(X).all()


def test_sets_and_families_merge_into_their_union_in_any_order():
    names, X = extract(wild_face(0), WHOLE, chosen("als11_v1", "ps13_v1"))
    assert len(names) == 17
    again, Y = extract(wild_face(0), WHOLE, chosen("ps13_v1", "als11_v1"))
    assert names == again
    np.testing.assert_array_equal(X, Y)
    everything, _ = extract(wild_face(0), WHOLE, chosen("rom", "velocity", "symmetry", "roundness"))
    assert set(everything) - set(names) == {"velocity.lower_lip_mean_speed_mm_per_s"}


def test_the_head_frame_takes_head_motion_out_and_the_camera_frame_leaves_it_in():
    still_head = face_with_lips(50, np.linspace(10, 30, 40))
    rotation = Rotation.from_euler("xyz", np.linspace(0, 0.3, 40)[:, None] * [1, 2, 1]).as_matrix()
    turning = moved(still_head, rotation, np.linspace(0, 50, 40)[:, None, None])
    path = {"velocity": {"lower_lip_path": velocity.lower_lip_path}}
    assert extract(turning, WHOLE, path)[1] == pytest.approx(np.array([[10.0]]), rel=1e-6)
    assert extract(turning, WHOLE, path, frame="camera")[1][0, 0] > 50


def test_the_head_frame_of_pixels_is_in_the_image_plane():
    still_head = flat(face_with_lips(50, np.linspace(10, 30, 40)))
    angle = np.linspace(0, 0.3, 40)
    rotation = np.stack([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    turning = moved(still_head, rotation, np.linspace(0, 50, 40)[:, None, None])
    path = {"velocity": {"lower_lip_path": velocity.lower_lip_path}}
    names, X = extract(turning, WHOLE, path)
    assert names == ("velocity.lower_lip_path_px",)
    assert pytest.approx(np.array([[10.0]]), rel=1e-6) == X


def test_pixels_of_a_person_near_and_far_give_the_same_features():
    far = flat(face_with_lips(50, np.linspace(10, 30, 40)))
    near = scaled(far, 2.5)
    size = {"pixel_scale": "intercanthal"}
    names, X = extract(far, WHOLE, chosen("als11_v1"), **size)
    assert extract(near, WHOLE, chosen("als11_v1"), **size)[1] == pytest.approx(X, nan_ok=True)
    opening = dict(zip(names, X[0], strict=True))["rom.mouth_opening_icd"]
    assert opening == pytest.approx((30 - 10) / 32)  # the inner eye corners of the still face are 32 apart
    assert {"rom.mouth_area_icd2", "velocity.opening_peak_icd_per_s"} <= set(names)
    in_px = dict(zip(*extract(near, WHOLE, {"rom": {"o": rom.mouth_opening}}), strict=True))
    assert in_px["rom.mouth_opening_px"] == pytest.approx(2.5 * 20)


def test_millimetres_are_never_scaled_and_no_repetitions_have_the_same_names():
    landmarks = face_with_lips(50, np.linspace(10, 30, 40))
    opening = {"rom": {"o": rom.mouth_opening}}
    assert extract(landmarks, WHOLE, opening, pixel_scale="intercanthal")[0] == ("rom.mouth_opening_mm",)
    assert extract(flat(landmarks), (), chosen("als11_v1"))[0] == extract(flat(landmarks), WHOLE, chosen("als11_v1"))[0]


def test_the_scale_is_the_median_over_the_frames_that_show_the_eyes():
    landmarks = flat(face_with_lips(50, np.linspace(10, 30, 40)))
    landmarks.points[:5, face.CANTHUS_RIGHT_INNER] -= 300  # a detector that slips for some frames
    landmarks.points[5:8, face.CANTHUS_LEFT_INNER] = np.nan
    _, X = extract(landmarks, WHOLE, {"rom": {"o": rom.mouth_opening}}, frame="camera", pixel_scale="intercanthal")
    assert pytest.approx(20 / 32) == X[0, 0]


def test_a_face_without_eye_corners_cannot_be_scaled():
    landmarks = flat(wild_face(0))
    landmarks.points[:, face.CANTHUS_LEFT_INNER] = np.nan
    with pytest.raises(DataError, match=r"shows both inner eye corners in no frame.*pixel_scale=null"):
        extract(landmarks, WHOLE, chosen("rom"), pixel_scale="intercanthal")


def test_no_repetitions_give_names_and_no_rows():
    names, X = extract(wild_face(0), (), chosen("als11_v1"))
    assert len(names) == 11
    assert X.shape == (0, 11)


def test_features_do_not_change_the_landmarks():
    landmarks = wild_face(0)
    before = landmarks.points.copy()
    for frame in ("head", "camera"):
        extract(landmarks, WHOLE, chosen("als11_v1", "ps13_v1"), frame=frame)
    np.testing.assert_array_equal(landmarks.points, before)


@pytest.mark.parametrize(
    ("features", "options", "message"),
    [
        ({}, {}, "No features are chosen. Choose some, e.g. features=[als11_v1]."),
        (
            {"rom": {"mouth_opening": rom.mouth_opening}},
            {"frame": "hed"},
            "Unknown frame 'hed' for features. Did you mean 'head'?",
        ),
        (
            {"rom": {"mouth_opening": rom.mouth_opening}},
            {"pixel_scale": "interocular"},
            "pixel_scale=interocular: there is no such scale. Did you mean 'intercanthal'?",
        ),
        (
            {"rom": {"mouth_opening": {"robust": 3}}},
            {},
            "Feature rom.mouth_opening.robust is 3, not a function. Its YAML needs _target_ and _partial_: true; "
            "to leave it out write '~features.rom.mouth_opening.robust'.",
        ),
        (
            {"mine": {"opening": partial(rom.mouth_opening, robust=True)}, "rom": {"mouth_opening": rom.mouth_opening}},
            {},
            "Features mine.opening and rom.mouth_opening both return 'rom.mouth_opening_mm'. Leave one out.",
        ),
    ],
)
def test_a_wrong_choice_says_what_and_what_to_do(features, options, message):
    with pytest.raises(ConfigError) as error:
        extract(wild_face(0), WHOLE, features, **options)
    assert str(error.value) == message


def test_a_feature_that_raises_is_named():
    def broken(landmarks):
        return {"mine.ratio": 1 / 0}

    with pytest.raises(
        DataError, match=r"^feature mine\.ratio raises ZeroDivisionError: division by zero; neuroface check"
    ):
        extract(wild_face(0), WHOLE, {"mine": {"ratio": broken}})
