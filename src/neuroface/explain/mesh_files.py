"""A coloured mesh as Wavefront OBJ, PLY and binary glTF: plain enough to be written without a library.

Files are in metres for glTF, as its specification wants, and in mm for the others; x to the person's left, y up, z
towards the viewer, so that the face looks at you whatever opens it.
"""

from __future__ import annotations

import json
import struct

import numpy as np

_UP = np.array([1.0, -1.0, -1.0])  # face axes have y down and z away: half a turn about x


def obj(points: np.ndarray, triangles: np.ndarray, colors: np.ndarray) -> bytes:
    """points: (V, 3) mm, face axes; triangles: (F, 3); colors: (V, 3) 0..1, behind each vertex."""
    lines = ["v " + " ".join(f"{number:.4f}" for number in vertex) for vertex in np.hstack([points * _UP, colors])]
    lines += [f"f {a} {b} {c}" for a, b, c in triangles + 1]
    return ("# neuroface, mm\n" + "\n".join(lines) + "\n").encode()


def ply(points: np.ndarray, triangles: np.ndarray, colors: np.ndarray, value: np.ndarray) -> bytes:
    """Binary, little endian; value: (V,) what the colour stands for, as the property "value"."""
    head = (
        f"ply\nformat binary_little_endian 1.0\ncomment neuroface, mm\nelement vertex {len(points)}\n"
        "property float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\n"
        f"property uchar blue\nproperty float value\nelement face {len(triangles)}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    vertex = np.empty(len(points), dtype=[("p", "<f4", 3), ("c", "u1", 3), ("v", "<f4")])
    vertex["p"], vertex["c"], vertex["v"] = points * _UP, np.round(colors * 255), value
    corner = np.empty(len(triangles), dtype=[("n", "u1"), ("i", "<i4", 3)])
    corner["n"], corner["i"] = 3, triangles
    return head.encode() + vertex.tobytes() + corner.tobytes()


def glb(points: np.ndarray, triangles: np.ndarray, colors: np.ndarray, moved: np.ndarray | None = None) -> bytes:
    """glTF 2.0 in one file; moved: (V, 3) mm, the face at the peak of its movement, as morph target 0."""
    metres = (points * _UP / 1000).astype("<f4")
    parts = [metres.tobytes(), np.clip(colors, 0, 1).astype("<f4").tobytes(), triangles.astype("<u4").tobytes()]
    accessors = [
        _accessor(0, len(points), "VEC3", 5126, low=metres.min(axis=0), high=metres.max(axis=0)),
        _accessor(1, len(points), "VEC3", 5126),
        _accessor(2, triangles.size, "SCALAR", 5125),
    ]
    primitive = {"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2, "material": 0}
    mesh: dict = {"primitives": [primitive]}
    if moved is not None:
        shift = ((moved - points) * _UP / 1000).astype("<f4")
        parts.append(shift.tobytes())
        accessors.append(_accessor(3, len(points), "VEC3", 5126, low=shift.min(axis=0), high=shift.max(axis=0)))
        primitive["targets"] = [{"POSITION": 3}]
        mesh |= {"weights": [0.0], "extras": {"targetNames": ["movement"]}}
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    views = [{"buffer": 0, "byteOffset": at, "byteLength": len(part)} for at, part in zip(starts, parts, strict=False)]
    told = {
        "asset": {"version": "2.0", "generator": "neuroface"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "face"}],
        "meshes": [mesh],
        "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 0.9}, "doubleSided": True}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": starts[-1]}],
    }
    text = json.dumps(told, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    content = b"".join(parts)  # every part is of 4-byte numbers
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(content), b"BIN\0") + content
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _accessor(
    view: int, count: int, kind: str, component: int, *, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> dict:
    ends = {} if low is None or high is None else {"min": low.tolist(), "max": high.tolist()}
    return {"bufferView": view, "componentType": component, "count": count, "type": kind, **ends}
