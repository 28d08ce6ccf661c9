from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from neuroface import face
from neuroface.synthesis import face_model, figure, raster, thin_plate
from neuroface.synthesis.head_shape import CURVE_STEPS, head_shape


def test_a_thin_plate_goes_through_its_sites_and_carries_planes_everywhere():
    generator = np.random.default_rng(0)
    sites, at = generator.uniform(-80, 80, (40, 2)), generator.uniform(-120, 120, (30, 2))
    values = generator.standard_normal(40)
    assert_allclose(thin_plate.weights(sites, sites) @ values, values, atol=1e-8)
    plane = sites @ [0.3, -0.7] + 5
    assert_allclose(thin_plate.weights(sites, at) @ plane, at @ [0.3, -0.7] + 5, atol=1e-8)


def test_landmarks_are_vertices_exactly():
    shape = head_shape()
    traits = dict.fromkeys(face_model.IDENTITY_MODES, 1.5)
    person = face_model.identity_face(traits)
    assert_array_equal(shape.neutral(person)[: face.N_POINTS], person)
    assert_array_equal(shape.motion[: face.N_POINTS], np.eye(face.N_POINTS))


def test_outlines_of_lips_and_eyes_are_edges_of_the_mesh():
    triangles = head_shape().triangles
    edges = {tuple(sorted(e)) for t in triangles.tolist() for e in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    first = face.N_POINTS
    for loop in (face.MOUTH_OUTER, face.MOUTH_INNER, face.EYE_RIGHT, face.EYE_LEFT):
        path = []
        for landmark in loop:
            path += [int(landmark), *range(first, first + CURVE_STEPS - 1)]
            first += CURVE_STEPS - 1
        missing = [e for e in zip(path, path[1:] + path[:1], strict=True) if tuple(sorted(e)) not in edges]
        assert missing == []


def test_closed_lips_leave_no_gap():
    """In the neutral face the inner landmarks of both lips touch, so the curves between them must coincide."""
    vertices = head_shape().neutral(face_model.NEUTRAL)
    first = face.N_POINTS + len(face.MOUTH_OUTER) * (CURVE_STEPS - 1)
    half = len(face.MOUTH_INNER) // 2 * (CURVE_STEPS - 1)
    upper, lower = vertices[first : first + half], vertices[first + half : first + 2 * half]
    touching = face_model.NEUTRAL[[face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER]]
    assert_array_equal(touching[0], touching[1])
    assert_allclose(upper, lower[::-1], atol=1e-9)


def test_the_neutral_skin_is_its_own_mirror_image():
    vertices = head_shape().neutral(face_model.NEUTRAL)
    mirrored = vertices * face_model.MIRROR_X
    nearest = np.linalg.norm(vertices[:, None] - mirrored[None], axis=2).min(axis=1)
    assert nearest.max() < 1e-6


def test_skin_faces_outwards_all_over_the_front():
    """A fold or a triangle turned inside out would show as a hole: from ahead nearly all is seen."""
    shape = head_shape()
    vertices = shape.neutral(face_model.NEUTRAL)
    _, normals = raster.vertex_normals(vertices, shape.triangles)
    middle = vertices[shape.triangles].mean(axis=1)
    front = (middle[:, 2] < 30) & (middle[:, 1] > -60) & (middle[:, 1] < 40) & (np.abs(middle[:, 0]) > 25)
    assert front.sum() > 200
    assert (normals[front, 2] < 0).mean() > 0.99


@pytest.mark.parametrize("long_hair", [False, True])
def test_a_raised_brow_moves_the_skin_about_it_and_not_the_crown(long_hair: bool):
    mesh = figure.build(face_model.NEUTRAL, long_hair=long_hair)
    raised = face_model.NEUTRAL.copy()
    raised[face.BROW_RIGHT] -= [0.0, 10.0, 0.0]
    still, zero = np.eye(3), np.zeros(3)
    moved = mesh.pose(raised, still, zero, zero) - mesh.pose(face_model.NEUTRAL, still, zero, zero)
    assert_allclose(moved[face.BROW_RIGHT, 1], -10)
    above_brow = np.abs(mesh.base - [-37, -32, -4]).max(axis=1) < 9
    assert above_brow.any()
    assert (moved[above_brow, 1] < -2).all()
    crown = mesh.base[:, 1] < -85
    assert np.abs(moved[crown]).max() < 1.0


def test_a_torso_stays_upright_when_the_head_turns():
    mesh = figure.build(face_model.NEUTRAL, long_hair=False)
    neck = np.array([0.0, 110.0, 110.0])
    quarter = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    still = mesh.pose(face_model.NEUTRAL, np.eye(3), np.zeros(3), neck)
    turned = mesh.pose(face_model.NEUTRAL, quarter, neck - quarter @ neck, neck)
    assert_allclose(turned[mesh.on_torso], still[mesh.on_torso], atol=1e-9)
    assert_allclose(turned[~mesh.on_torso] - neck, (still[~mesh.on_torso] - neck) @ quarter.T, atol=1e-9)
