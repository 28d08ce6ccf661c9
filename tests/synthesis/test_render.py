from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroface import face, geometry
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError
from neuroface.landmarks import lift
from neuroface.recording import projection
from neuroface.synthesis import face_model, figure, filming, raster
from neuroface.synthesis.depth_sensor import SENSORS
from neuroface.types import Camera, Recording

EXACT = {"noise_mm": 0.0, "dropped": 0.0, "sensor_noise": 0.0}
SHORT = {"people": {"HC": 1}, "tasks": ["OPEN"], "repetitions": {"OPEN": 1}, "modality": "rgbd"}


def filmed(**kwargs) -> Recording:
    (recording,) = SyntheticCohort(**{**SHORT, **kwargs}).recordings()
    return recording


def frame_of(recording: Recording, number: int):
    return next(recording.video.frames(number, number + 1))


def mesh_in_camera(recording: Recording, number: int) -> tuple[figure.Figure, np.ndarray]:
    act, looks = recording.video.act, recording.video.looks
    mesh = figure.build(act.neutral, long_hair=looks.long_hair)
    return mesh, mesh.pose(act.landmarks[number], act.rotation[number], act.translation[number], act.neck)


def widest(recording: Recording) -> int:
    points = recording.truth.landmarks.points
    return int(geometry.distance(points, face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER).argmax())


def nearest_hit(ray: np.ndarray, corners: np.ndarray) -> float:
    """Depth at which a ray from the origin first meets a triangle that faces it (Moeller, Trumbore); inf if none."""
    a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = np.cross(ray, ac)
    determinant = np.einsum("nd,nd->n", ab, p)
    with np.errstate(all="ignore"):
        u = np.einsum("nd,nd->n", -a, p) / determinant
        q = np.cross(-a, ab)
        v = q @ ray / determinant
        t = np.einsum("nd,nd->n", ac, q) / determinant
    hit = (determinant > 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
    return float(t[hit].min(initial=np.inf) * ray[2])


def test_one_flat_triangle_has_the_depth_of_its_plane():
    camera = Camera(600.0, 600.0, 320.0, 240.0, 640, 480)
    points = np.array([[-60.0, -50.0, 400.0], [10.0, 70.0, 500.0], [70.0, -40.0, 600.0]])
    view = raster.View(points, np.array([[0, 1, 2]]), np.zeros(1, dtype=int), camera)
    depth = view.depth_mm()
    rows, columns = np.nonzero(view.ids)
    assert len(rows) > 10_000
    normal = np.cross(points[1] - points[0], points[2] - points[0])
    rays = np.column_stack([(columns + view.left - 320) / 600, (rows + view.top - 240) / 600, np.ones(len(rows))])
    assert_allclose(depth[rows, columns], normal @ points[0] / (rays @ normal), rtol=2e-6)
    assert (depth[view.ids == 0] == 0).all()
    away = raster.View(points[::-1], np.array([[0, 1, 2]]), np.zeros(1, dtype=int), camera)
    assert not away.ids.any()


def test_depth_at_each_landmark_in_sight_is_the_truth():
    """With the camera shifted so that a landmark falls on the middle of a pixel, that pixel has its depth."""
    recording = filmed(**EXACT)
    number = widest(recording)
    mesh, points = mesh_in_camera(recording, number)
    camera, truth = recording.video.rig.color, recording.truth
    assert_allclose(points[: face.N_POINTS], truth.landmarks.points[number], atol=1e-9)
    pixels = truth.pixels.points[number]
    checked = [k for k in face.WITHOUT_JAW if truth.pixels.score[number, k] and k not in face.MOUTH_INNER]
    assert len(checked) > 35
    for k in checked:
        shift = np.rint(pixels[k]) - pixels[k]
        shifted = replace(camera, cx=camera.cx + shift[0], cy=camera.cy + shift[1])
        view = raster.View(points, mesh.triangles, mesh.layer, shifted)
        u, v = np.rint(pixels[k]).astype(int)
        assert view.depth_mm()[v - view.top, u - view.left] == pytest.approx(points[k, 2], abs=0.01), k


@pytest.mark.parametrize(("sensor", "unit_mm"), [("d400", 1.0), ("sr300", 0.125)])
def test_depth_frames_are_what_rays_meet_in_whole_units(sensor: str, unit_mm: float):
    recording = filmed(**EXACT, sensor=sensor)
    number = widest(recording)
    rig, depth = recording.video.rig, frame_of(recording, number).depth
    mesh, points = mesh_in_camera(recording, number)
    skin = mesh.triangles[mesh.layer == figure.LAYERS.index("skin")]
    corners = projection.color_to_depth(points, rig)[skin]
    assert depth.dtype == np.uint16
    assert rig.depth.depth_unit_mm == unit_mm
    middle = projection.project(projection.color_to_depth(points[[face.NOSE_TIP]], rig), rig.depth)[0][0]
    offsets = np.random.default_rng(1).uniform(-45, 45, (150, 2))
    wrong = []
    for u, v in np.rint(middle + offsets).astype(int):
        true_mm = nearest_hit(
            np.array([(u - rig.depth.cx) / rig.depth.fx, (v - rig.depth.cy) / rig.depth.fy, 1]), corners
        )
        if np.isfinite(true_mm):  # else the ray passes through an eye or the mouth
            wrong.append(abs(depth[v, u] * unit_mm - true_mm) / unit_mm)
    assert len(wrong) > 100
    # half a unit by rounding; a few pixels on the edge between two triangles take the neighbour's plane
    assert np.mean(np.array(wrong) <= 0.51) > 0.9
    assert np.median(wrong) < 0.3


def test_the_colour_image_shows_the_mouth_where_the_landmarks_are():
    recording = filmed(**EXACT)
    number = widest(recording)
    image, pixels = frame_of(recording, number).color.astype(float), recording.truth.pixels.points[number]

    def at(k: int, down: float = 0.0) -> np.ndarray:
        u, v = np.rint(pixels[k] + [0, down]).astype(int)
        return image[v - 1 : v + 2, u - 1 : u + 2].mean(axis=(0, 1))

    hollow = np.rint(pixels[[face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER]].mean(axis=0)).astype(int)
    dark = image[hollow[1], hollow[0]].mean()
    lower_lip = np.rint(pixels[[face.LIP_BOTTOM_INNER, face.LIP_BOTTOM_OUTER]].mean(axis=0)).astype(int)
    lip = image[lower_lip[1], lower_lip[0]]
    chin = at(face.CHIN, down=-20)
    assert dark < 0.5 * lip.mean()
    assert lip[0] / lip[1] > 1.15 * chin[0] / chin[1]  # lips are redder than skin


def test_a_frame_is_the_same_whenever_it_is_asked_for():
    recording = filmed()
    whole = [(f.index, f.color, f.depth) for f in recording.video.frames(3, 9)]
    assert [index for index, _, _ in whole] == [3, 4, 5, 6, 7, 8]
    stepped = list(recording.video.frames(4, 9, 2))
    assert [f.index for f in stepped] == [4, 6, 8]
    again = filmed().video
    for frame in [*stepped, *again.frames(5, 6)]:
        assert_array_equal(frame.color, whole[frame.index - 3][1])
        assert_array_equal(frame.depth, whole[frame.index - 3][2])
        assert frame.timestamp_s == recording.landmarks.timestamps_s[frame.index]
    assert not np.array_equal(whole[0][1], whole[1][1])
    assert list(recording.video.frames(len(recording.video))) == []
    with pytest.raises(ValueError, match="start and stop from 0, step from 1"):
        next(recording.video.frames(0, 5, 0))


def test_a_recording_with_video_is_complete():
    recording = filmed(tasks=["KISS"], repetitions={"KISS": 1})
    video, frame = recording.video, frame_of(recording, 0)
    assert video.size == (640, 480) == frame.color.shape[1::-1]
    assert frame.color.dtype == np.uint8
    assert len(video) == len(recording.landmarks)
    assert recording.landmarks.space == recording.truth.pixels.space == "pixel"
    assert recording.landmarks.depth is None
    assert recording.truth.landmarks.space == "camera"
    truth = recording.truth
    lifted = projection.deproject(truth.pixels.points, truth.pixels.depth, recording.camera)
    assert_allclose(lifted, truth.landmarks.points, atol=1e-9)


def test_without_sensor_noise_nothing_is_missing_and_with_it_holes_are_zero():
    exact, real = (frame_of(filmed(**{**EXACT, "sensor_noise": s}), 0).depth for s in (0.0, 1.0))
    assert (exact > 0).all()
    lost = real == 0
    assert 0.005 < lost.mean() < 0.2
    # beside the head, on the side away from the second eye, lies its shadow on the wall
    row = lost[240]
    head = np.flatnonzero(exact[240] < 900)
    assert row[head[0] - 8 : head[0]].all()
    assert not row[head[-1] + 4 : head[-1] + 12].any()


def test_noise_grows_with_the_square_of_distance():
    sensor = SENSORS["d400"]
    shape = (200, 200)
    spread = []
    for z in (400.0, 800.0):
        flat = np.full(shape, z, dtype=np.float32)
        raw = sensor.measure(flat, np.ones(shape), np.zeros(shape, dtype=bool), np.random.default_rng(0), noise=1.0)
        spread.append(np.sqrt(raw[raw > 0].astype(float).var() - 1 / 12))  # less the variance of rounding to whole mm
    assert spread[1] / spread[0] == pytest.approx(4, rel=0.1)
    assert spread[0] == pytest.approx(400**2 * 0.08 / (385 * 50), rel=0.1)


def test_what_is_out_of_range_or_edge_on_or_hair_is_lost():
    sensor, shape = SENSORS["sr300"], (100, 100)
    generator = np.random.default_rng(0)
    face_on, no_hair, z = np.ones(shape, np.float32), np.zeros(shape, bool), np.full(shape, 450, np.float32)
    assert not sensor.measure(z + 1100, face_on, no_hair, generator, noise=0.0).any()
    assert (sensor.measure(z, face_on, no_hair, generator, noise=0.0) == 450 / 0.125).all()
    edge_on = (sensor.measure(z, face_on * 0.12, no_hair, generator, noise=1.0) == 0).mean()
    strands = (sensor.measure(z, face_on, ~no_hair, generator, noise=1.0) == 0).mean()
    plain = (sensor.measure(z, face_on, no_hair, generator, noise=1.0) == 0).mean()
    assert edge_on > 0.6
    assert 0.1 < strands < 0.5
    assert plain < 0.01


def test_annotation_shift_is_constant_and_as_large_as_stated():
    plain, shifted = (filmed(noise_mm=0.0, dropped=0.0, annotation_shift=s) for s in (0.0, 1.5))
    assert_allclose(plain.landmarks.points, plain.truth.pixels.points, atol=1e-9)
    offset = shifted.landmarks.points - plain.landmarks.points
    assert_allclose(offset, np.broadcast_to(offset[0], offset.shape), atol=1e-9)
    assert np.sqrt((offset[0] ** 2).sum(axis=1).mean()) == pytest.approx(1.5)
    assert_array_equal(shifted.truth.pixels.points, plain.truth.pixels.points)
    assert_array_equal(filming.annotation_shift(3.0), 2 * filming.annotation_shift(1.5))


def test_annotators_err_as_stated_across_the_line_of_sight():
    recording = filmed(noise_mm=0.5, depth_noise_mm=5.0, dropped=0.0)
    error = recording.landmarks.points - recording.truth.pixels.points
    z = recording.truth.landmarks.points[..., 2:]
    assert np.std(error * z / recording.camera.fx) == pytest.approx(0.5, rel=0.05)


def test_a_lamed_side_lags_in_the_truth_and_in_the_picture():
    cohort = SyntheticCohort(
        people={"PS": 6}, tasks=["BIGSMILE"], repetitions={"BIGSMILE": 1}, effect=1.5, modality="rgbd", **EXACT
    )
    recording = max(cohort.recordings(), key=lambda r: r.truth.severity)
    corners = {"right": face.MOUTH_CORNER_RIGHT, "left": face.MOUTH_CORNER_LEFT}
    ill = recording.truth.affected_side
    well = {"left": "right", "right": "left"}[ill]
    in_face = recording.video.act.landmarks
    moved = {s: np.ptp(np.linalg.norm(in_face[:, k] - in_face[0, k], axis=1)) for s, k in corners.items()}
    assert moved[ill] < 0.6 * moved[well]
    start, peak = (frame_of(recording, n).color for n in (0, len(recording.landmarks) // 2))
    at_rest = recording.truth.pixels.points[0]
    head = shift_px(start, peak, at_rest[face.NOSE_BRIDGE[1]])
    seen = {s: np.linalg.norm(shift_px(start, peak, at_rest[k]) - head) for s, k in corners.items()}
    assert seen[ill] < 0.7 * seen[well]


def shift_px(before: np.ndarray, after: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How far the little patch of an image about a point has moved in another image, by normalised correlation."""
    u, v = np.rint(at).astype(int)
    half, reach = 10, 30
    patch = before[v - half : v + half + 1, u - half : u + half + 1]
    window = after[v - half - reach : v + half + reach + 1, u - half - reach : u + half + reach + 1]
    best = cv2.minMaxLoc(cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED))[3]
    return np.array(best) - reach


def test_side_points_are_hidden_when_the_head_turns():
    hidden = {"right": 0, "left": 0}
    for recording in SyntheticCohort(**{**SHORT, "people": {"HC": 12}}, look="wild").recordings():
        forward = recording.video.act.rotation[0] @ [0, 0, -1]
        yaw = np.degrees(np.arctan2(forward[0], -forward[2]))  # positive: towards the right edge of the image
        if abs(yaw) > 15:
            score = recording.truth.pixels.score[0]
            far, near = (face.JAW_LEFT_END, face.JAW_RIGHT_END) if yaw > 0 else (face.JAW_RIGHT_END, face.JAW_LEFT_END)
            assert (score[far], score[near]) == (0, 1)
            hidden["left" if yaw > 0 else "right"] += 1
    assert all(hidden.values())


def test_looks_belong_to_the_person():
    cohort = SyntheticCohort(people={"HC": 3}, tasks=["KISS", "OPEN"], modality="rgbd")
    found = list(cohort.recordings())
    assert_array_equal(found[0].video.looks.skin, found[1].video.looks.skin)
    assert found[0].video.looks.long_hair == found[1].video.looks.long_hair
    assert not np.array_equal(found[0].video.looks.skin, found[2].video.looks.skin)


def test_video_changes_no_truth_of_the_landmark_cohort():
    plain = next(SyntheticCohort(**{**SHORT, "modality": "landmarks"}).recordings())
    recording = filmed()
    assert_array_equal(plain.truth.landmarks.points, recording.truth.landmarks.points)
    assert plain.repetitions == recording.repetitions
    assert_array_equal(np.isnan(plain.landmarks.points[:, 0, 0]), np.isnan(recording.landmarks.points[:, 0, 0]))


def test_faces_in_the_wild_stay_in_the_picture():
    for recording in SyntheticCohort(**{**SHORT, "people": {"HC": 30}}, look="wild").recordings():
        pixels = recording.truth.pixels.points[:, face.WITHOUT_JAW]
        assert pixels.min() > 0
        assert (pixels.max(axis=(0, 1)) < [640, 480]).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"modality": "rgb"}, "Unknown modality 'rgb' for cohort.modality. Did you mean 'rgbd'?"),
        ({"look": "labs"}, "Unknown look 'labs' for cohort.look. Did you mean 'lab'?"),
        ({"sensor": "sr30"}, "Unknown sensor 'sr30' for cohort.sensor. Did you mean 'sr300'?"),
        ({"sensor_noise": -1.0}, "cohort.sensor_noise must be 0 or more; got -1.0."),
        ({"annotation_shift": 1.0}, "cohort.annotation_shift is about video; set cohort.modality=rgbd with it."),
        ({"aligned": True}, "cohort.aligned is about video; set cohort.modality=rgbd with it."),
        ({"sensor": "sr300"}, "cohort.sensor is about video; set cohort.modality=rgbd with it."),
        ({"sensor_noise": 0.0}, "cohort.sensor_noise is about video; set cohort.modality=rgbd with it."),
    ],
)
def test_wrong_settings_are_refused(kwargs: dict, message: str):
    with pytest.raises(ConfigError) as refused:
        SyntheticCohort(**kwargs)
    assert str(refused.value) == message


@pytest.mark.slow
@pytest.mark.parametrize("kwargs", [{"sensor": "d400"}, {"sensor": "sr300"}, {"sensor": "d400", "aligned": True}])
def test_pixels_and_depth_frames_give_the_mouth_back_within_a_millimetre(kwargs: dict):
    recording = filmed(**kwargs)
    lifted, _ = lift.depth(recording.landmarks[:80], recording)
    error = np.linalg.norm(lifted.points - recording.truth.landmarks.points[:80], axis=2)[:, face.MOUTH]
    assert np.isfinite(error).mean() > 0.95
    assert np.nanmedian(error) < 1.0


def test_one_persons_mesh_does_not_depend_on_who_was_built_before():
    before = figure.build(face_model.NEUTRAL, long_hair=False).base
    figure.build(face_model.identity_face({"face_width": 2.0}), long_hair=True)
    assert_array_equal(figure.build(face_model.NEUTRAL, long_hair=False).base, before)
