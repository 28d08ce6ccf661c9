"""A small head in FLAME's layout, made of this package's own face, no data of FLAME's; and FLAME's posing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from neuroface import face
from neuroface.synthesis.face_model import IDENTITY_MODES, JAW_AXIS_YZ, JAW_WEIGHTS, LEFT_FIELDS, NEUTRAL, RIGHT_FIELDS
from neuroface.synthesis.head_shape import head_shape

AXES = np.array([1.0, -1.0, -1.0])
N_SHAPE, N_EXPRESSION = len(IDENTITY_MODES), len(RIGHT_FIELDS) + len(LEFT_FIELDS)
PARENTS = (-1, 0, 1, 1, 1)  # of root, neck, jaw and the eyes


def arrays() -> dict[str, np.ndarray]:
    """As in a file: metres, y up. One standard deviation of expression is 3 mm of a muscle's pull."""
    head = head_shape()
    modes, muscles = np.stack(list(IDENTITY_MODES.values())), np.concatenate([RIGHT_FIELDS, LEFT_FIELDS])
    template = head.neutral(NEUTRAL)
    shapes = np.stack([head.neutral(NEUTRAL + one) - template for one in modes], axis=2)
    moves = np.stack([head.motion @ (3.0 * one) for one in muscles], axis=2)
    jaw = np.clip(head.motion @ JAW_WEIGHTS, 0, 1)
    weights = np.zeros((len(template), 5))
    weights[:, 2], weights[:, 0] = jaw, 1 - jaw
    ones = np.vstack([template.T, np.ones(len(template))])
    centres = ([0, 60, 60], [0, 60, 60], [0, *JAW_AXIS_YZ], [32, 0, 12], [-32, 0, 12])
    regressor = np.stack([np.linalg.lstsq(ones, np.array([*centre, 1.0]), rcond=None)[0] for centre in centres])
    triangles = head.triangles.astype(np.int64)
    where = [int(np.flatnonzero((triangles == point).any(axis=1))[0]) for point in range(face.N_POINTS)]
    bary = np.stack([(triangles[row] == point).astype(float) for point, row in enumerate(where)])
    metres = AXES / 1000
    return {
        "v_template": template * metres,
        "shapedirs": np.concatenate([shapes, moves], axis=2) * metres[:, None],
        "posedirs": np.random.default_rng(0).normal(0, 1e-3, (len(template), 3, 36)),
        "J_regressor": regressor,
        "weights": weights,
        "f": triangles,
        "n_shape": np.array(N_SHAPE),
        "full_lmk_faces_idx": np.array(where)[None],
        "full_lmk_bary_coords": bary[None],
    }


def write(path: Path, **changed: np.ndarray | None) -> Path:
    np.savez(path, **{name: one for name, one in (arrays() | changed).items() if one is not None})
    return path


def posed(held: dict[str, np.ndarray], betas: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """(V, 3) m: linear blend skinning over all five joints by 4 x 4 matrices (Loper et al., SMPL, 2015; FLAME, 2017).

    betas: identity, then expression. jaw: (3,) axis times angle in FLAME's axes; the other joints are at rest.
    """
    shaped = held["v_template"] + held["shapedirs"] @ betas
    joints = held["J_regressor"] @ shaped
    turns = np.tile(np.eye(3), (5, 1, 1))
    turns[2] = Rotation.from_rotvec(jaw).as_matrix()
    corrected = shaped + held["posedirs"] @ (turns[1:] - np.eye(3)).reshape(-1)
    chain: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3], local[:3, 3] = turns[joint], joints[joint] - (joints[parent] if parent >= 0 else 0)
        chain.append(local if parent < 0 else chain[parent] @ local)
    from_rest = []
    for matrix, joint in zip(chain, joints, strict=True):
        back = np.eye(4)
        back[:3, 3] = -joint
        from_rest.append(matrix @ back)
    blended = np.einsum("vj,jab->vab", held["weights"], np.stack(from_rest))
    return np.einsum("vab,vb->va", blended, np.column_stack([corrected, np.ones(len(corrected))]))[:, :3]
