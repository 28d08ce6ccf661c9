"""What no face before a camera can be is refused with its cause; what a face can be passes."""

from __future__ import annotations

import numpy as np
import pytest

from checks import still_face
from neuroface import face, plausible
from neuroface.errors import DataError

AT = np.array([0.0, 0.0, 600.0])
SET = "set {key}={value}"


def in_mm(scale: float = 1.0, turn=(1, 1, 1)) -> np.ndarray:
    """(3, 68, 3) mm: a face half a metre from the camera, enlarged about its middle, axes turned over."""
    return np.tile((still_face() * scale + AT) * turn, (3, 1, 1))


def in_px(turn=(1, 1)) -> np.ndarray:
    points = still_face() + AT
    return np.tile((600 * points[:, :2] / points[:, 2:] + [320, 240]) * turn, (3, 1, 1))


def refusal(points: np.ndarray, **more) -> str:
    with pytest.raises(DataError) as caught:
        plausible.check_landmarks(
            points, **{"pixels": points.shape[2] == 2, "from_camera": True, "declare": SET} | more
        )
    return str(caught.value)


@pytest.mark.parametrize("apart_mm", [55, 75, 92, 115])
def test_newborns_and_adults_pass(apart_mm):
    plausible.check_landmarks(in_mm(apart_mm / 92), pixels=False, from_camera=True)


@pytest.mark.parametrize("apart_px", [8, 40, 900])
def test_small_and_large_pictures_pass(apart_px):
    plausible.check_landmarks(in_px() * apart_px / 92, pixels=True)


def test_profile_and_a_head_on_its_side_pass():
    for yaw_deg in (-85, 0, 85):
        for roll_deg in (0, 90, 180):
            y, r = np.radians([yaw_deg, roll_deg])
            turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
            roll = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
            points = (still_face() @ (roll @ turn).T + AT)[None]
            plausible.check_landmarks(points, pixels=False, from_camera=True)
            plausible.check_landmarks(600 * points[..., :2] / points[..., 2:] + 300, pixels=True)


@pytest.mark.parametrize(
    ("points", "cause", "key"),
    [
        (in_mm() / 1000, "metres", "units=m"),
        (in_mm() / 10, "centimetres", "units=cm"),
        (in_mm() * 1000, "micrometres", "units=um"),
        (in_mm() * 8, "unit of the points, or of the depth", ""),  # an SR300's depth read as a D400's
        (in_mm() / 8, "", ""),
        (in_px() / [640, 480], "fractions of the image", "units=normalised"),
        (in_px() / 1e6, "fractions", "units=normalised"),
        (in_px() * 1e4, "more than an image has", ""),
        (in_mm() * [1, 1, 1e-3], "z is in another unit", ""),
        (in_mm() - AT, "about the head", "space=head"),
        (in_mm(turn=(1, -1, 1)), "y seems to point up", "axes=right,up,away"),
        (in_mm(turn=(-1, 1, 1)), "x seems to point left", "axes=left,down,away"),
        (in_mm(turn=(1, 1, -1)), "z seems to point towards", "axes=right,down,toward"),
        (in_px(turn=(1, -1)), "y seems to point up", "axes=right,up"),
        (in_px(turn=(-1, 1)), "x seems to point left", "axes=left,down"),
        (in_px()[..., ::-1], "x and y seem to be swapped", ""),
    ],
)
def test_the_cause_and_its_key_are_named(points, cause, key):
    told = refusal(points)
    assert cause in told
    assert key in told


@pytest.mark.parametrize(
    ("scale", "cause", "key"), [(1e-3, "metres", "units=m"), (0.1, "centimetres", "units=cm"), (1e3, "micro", "=um")]
)
def test_a_mouth_alone_has_a_size_too(scale, cause, key):
    points = in_mm()
    points[:, : face.MOUTH_CORNER_RIGHT] = np.nan
    plausible.check_landmarks(points, pixels=False)
    message = refusal(points * scale)
    assert cause in message
    assert key in message


def test_a_mouth_in_fractions_of_the_image():
    points = in_px() / [640, 480]
    points[:, : face.MOUTH_CORNER_RIGHT] = np.nan
    assert "set units=normalised" in refusal(points)


def test_points_are_of_their_picture():
    def told(points, size=(640, 480)) -> str:
        with pytest.raises(DataError) as caught:
            plausible.check_picture(points, size, declare=SET)
        return str(caught.value)

    assert plausible.check_picture(in_px(), (640, 480)) == 0
    assert plausible.check_picture(in_px() / 8, (80, 60)) == 0  # a small picture
    assert (
        plausible.check_picture(in_px() + np.array([2000, 0]), (640, 480)) == in_px()[..., 0].size
    )  # counted, not refused
    assert "per cent of it: set units=percent" in told(in_px() / [6.4, 4.8])


def test_swapped_axes_are_called_so():
    assert refusal(in_mm()[..., [1, 0, 2]]).endswith("two axes seem to be swapped; swap them back")


def test_a_face_seen_from_behind():
    behind = in_mm(turn=(1, -1, -1)) + np.array([0, 0, 1200])
    assert "seen from behind" in refusal(behind)


def test_nothing_to_judge_by():
    points = in_mm()
    points[:, :-3] = np.nan
    plausible.check_landmarks(points / 1000, pixels=False)


def clock(times, **more) -> str:
    with pytest.raises(DataError) as caught:
        plausible.check_clock(np.asarray(times, dtype=float), **{"declare": SET} | more)
    return str(caught.value)


@pytest.mark.parametrize("fps", [5, 16, 25, 59.94, 240, 1000])
def test_every_camera_passes(fps):
    plausible.check_clock(np.arange(50) / fps)
    plausible.check_clock(np.arange(50) / fps, fps=fps)


@pytest.mark.parametrize(
    ("times", "key"),
    [
        (np.arange(20) * 20, "time_unit=ms"),
        (np.arange(20) * 1000 / 60, "time_unit=ms"),
        (np.arange(20) * 20_000, "time_unit=us"),
        (np.arange(20) * 20e6, "time_unit=ns"),
        (np.arange(20), "time_unit=frames"),
        (np.arange(20) / 50 / 86400, "no clock in seconds"),  # days
        (np.arange(20) / 30 / 60, "no clock in seconds"),  # minutes
    ],
)
def test_a_clock_that_does_not_count_seconds(times, key):
    assert key in clock(times)


def test_a_clock_against_the_stated_rate():
    assert "time_unit=frames" in clock(np.arange(20), fps=50)
    assert "time_unit=ms" in clock(np.arange(20) * 4, fps=250)
    assert "no clock in seconds" in clock(np.arange(20) / 50, fps=5)


def test_frames_that_somebody_chose_are_far_apart_by_declaration_only():
    times = np.cumsum([0.3, 0.9, 1.4, 0.6, 2.2])
    assert "if they are in ms, set time_unit=ms; if frames were chosen, say s" in clock(times)
    plausible.check_clock(times, declared=True)
