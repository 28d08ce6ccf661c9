from __future__ import annotations

import json
import struct

import numpy as np

from neuroface.explain import mesh_files

POINTS = np.array([[0.0, 0, 0], [10, 0, 0], [0, 20, 0], [0, 0, 30]])
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])
COLORS = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]])


def test_obj_counts_from_one_and_looks_at_the_viewer():
    lines = mesh_files.obj(POINTS, TRIANGLES, COLORS).decode().splitlines()
    assert lines[3] == "v 0.0000 -20.0000 -0.0000 0.0000 0.0000 1.0000"
    assert lines[-1] == "f 1 3 4"


def test_ply_holds_the_values():
    content = mesh_files.ply(POINTS, TRIANGLES, COLORS, np.arange(4.0))
    head, _, body = content.partition(b"end_header\n")
    assert b"element vertex 4" in head
    assert len(body) == 4 * (12 + 3 + 4) + 2 * 13
    x, y, z, r, g, b, value = struct.unpack("<fffBBBf", body[19:38])
    assert (x, y, z, r, g, b, value) == (10, 0, 0, 0, 255, 0, 1)


def test_glb_is_in_metres_and_its_parts_lie_where_they_are_said_to():
    content = mesh_files.glb(POINTS, TRIANGLES, COLORS, POINTS + np.array([0, 5, 0]))
    magic, version, length = struct.unpack("<4sII", content[:12])
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack("<I4s", content[12:20])
    told = json.loads(content[20 : 20 + size])
    assert (kind, size % 4) == (b"JSON", 0)
    binary = content[28 + size :]
    assert told["buffers"][0]["byteLength"] == len(binary)
    parts = [binary[v["byteOffset"] : v["byteOffset"] + v["byteLength"]] for v in told["bufferViews"]]
    np.testing.assert_allclose(np.frombuffer(parts[0], "<f4").reshape(-1, 3)[3], [0, 0, -0.03])
    np.testing.assert_array_equal(np.frombuffer(parts[2], "<u4"), TRIANGLES.ravel())
    np.testing.assert_allclose(np.frombuffer(parts[3], "<f4").reshape(-1, 3)[:, 1], -0.005)
    assert told["accessors"][0]["max"] == [np.float32(0.01), 0.0, 0.0]
