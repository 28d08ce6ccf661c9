"""Landmark files of other people's formats: what they hold, and what they say when they are broken."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.cohorts.landmark_files import (
    read_annotated_frames,
    read_boxes,
    read_dlib_faces,
    read_dlib_xml,
    read_pts,
    write_annotated_frames,
    write_boxes,
)
from neuroface.errors import DataError

POINTS = np.stack([np.arange(68) * 3.0 + 1, np.arange(68) * 2.0 + 1], axis=1)


def pts(file, points=POINTS):
    rows = "\n".join(f"{x} {y}" for x, y in points)
    file.write_text(f"version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n")
    return file


def dlib(file, parts):
    rows = "".join(f"<part name='{name}' x='{x:g}' y='{y:g}'/>" for name, (x, y) in parts)
    box = f"<box top='20' left='10' width='100' height='50'>{rows}</box>"
    file.write_text(f"<?xml version='1.0'?><dataset><images><image file='a/b.jpg'>{box}</image></images></dataset>")
    return file


def frame_table(file, rows, columns=68, separator=","):
    header = separator.join(["Frame"] + [f"{axis}{i}" for i in range(1, columns + 1) for axis in "xy"])
    lines = [separator.join(map(str, row)) for row in rows]
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8-sig")
    return file


def row(frame, offset=0.0):
    return [frame, *(POINTS + offset).ravel().tolist()]


def test_pts_counts_pixels_from_one(tmp_path):
    points = read_pts(pts(tmp_path / "a.pts"))
    assert points[0].tolist() == [0, 0]
    assert points == pytest.approx(POINTS - 1)


def test_pts_of_67_points_is_refused(tmp_path):
    file = pts(tmp_path / "a.pts", POINTS[:67])
    with pytest.raises(DataError, match=r"a\.pts holds 67 points; 68 are needed$"):
        read_pts(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a .pts file: its points must stand between { and }"),
        ("{\n" + "1 2 3\n" * 68 + "}", "each point must be two numbers, x and y"),
        ("{\n" + "1 x\n" * 68 + "}", "holds something that is not a number"),
        ("{\n" + "1 nan\n" * 68 + "}", "holds 68 cells that are not finite numbers"),
    ],
)
def test_pts_that_is_broken_says_how(tmp_path, text, message):
    (tmp_path / "a.pts").write_text(text)
    with pytest.raises(DataError) as error:
        read_pts(tmp_path / "a.pts")
    assert message in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"There is no file .*a\.pts$"):
        read_pts(tmp_path / "a.pts")


def test_dlib_parts_are_taken_by_number_and_pixels_from_zero(tmp_path):
    parts = [(f"{i:02d}", point) for i, point in enumerate(POINTS)]
    (found,) = read_dlib_xml(dlib(tmp_path / "a.xml", parts[::-1]))
    assert found.image == "a/b.jpg"
    assert found.box.tolist() == [10, 20, 110, 70]
    assert found.points.tolist() == POINTS.tolist()


def test_dlib_face_without_a_part_is_named(tmp_path):
    parts = [(f"{i:02d}", point) for i, point in enumerate(POINTS)][:-1]
    with pytest.raises(DataError, match=r"parts 0 to 67 are needed, others are in a/b\.jpg \(67\)$"):
        read_dlib_xml(dlib(tmp_path / "a.xml", parts))


@pytest.mark.parametrize("name", ["nose", "", "²"])
def test_dlib_part_whose_name_is_no_number_is_named(tmp_path, name):
    parts = [(f"{i:02d}", point) for i, point in enumerate(POINTS[:-1])] + [(name, POINTS[-1])]
    message = rf"parts 0 to 67 are needed, others are in a/b\.jpg \(68, one named '{name}'\)$"
    with pytest.raises(DataError, match=message):
        read_dlib_xml(dlib(tmp_path / "a.xml", parts))


def test_dlib_boxes_to_ignore_and_faces_of_other_parts_are_passed_over_and_counted(tmp_path):
    def box(n_parts, more=""):
        parts = "".join(f"<part name='{i:02d}' x='{100 + i}' y='200'/>" for i in range(n_parts))
        return f"<box top='1' left='2' width='30' height='40'{more}>{parts}</box>"

    boxes = box(0, " ignore='1'") + box(68) + box(5) + box(68, " ignore='1'")
    (tmp_path / "a.xml").write_text(f"<dataset><images><image file='b.jpg'>{boxes}</image></images></dataset>")
    faces, passed_over = read_dlib_faces(tmp_path / "a.xml")
    assert [found.points[3, 0] for found in faces] == [103]
    assert passed_over == {"boxes_to_ignore": 2, "faces_without_68_parts": 1}


def test_dlib_without_faces_or_without_xml_is_refused(tmp_path):
    (tmp_path / "a.xml").write_text("<dataset><images/></dataset>")
    with pytest.raises(DataError, match="holds no annotated face"):
        read_dlib_xml(tmp_path / "a.xml")
    (tmp_path / "a.xml").write_text("<dataset>")
    with pytest.raises(DataError, match="cannot be read as XML"):
        read_dlib_xml(tmp_path / "a.xml")


@pytest.mark.parametrize("separator", [",", ", "])
def test_neuroface_landmarks_tolerate_blanks_and_byte_order_mark_and_come_in_order(tmp_path, separator):
    file = frame_table(tmp_path / "a.txt", [row(159, 0.5), row(1)], separator=separator)
    frames, points = read_annotated_frames(file)
    assert frames.tolist() == [1, 159]
    assert points.shape == (2, face.N_POINTS, 2)
    assert points[1].tolist() == (POINTS + 0.5).tolist()


def test_neuroface_landmarks_of_67_points_are_refused_word_for_word(tmp_path):
    file = frame_table(tmp_path / "a.txt", [row(1)[:-2]], columns=67)
    with pytest.raises(DataError) as error:
        read_annotated_frames(file)
    wanted = "137 columns (Frame, x1, y1, ..., y68) are needed"
    assert str(error.value) == f"{file} has 135 columns (Frame, x1, y1, ..., y67); {wanted}"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(7), row(9), row(7)], "lists frame 7 more than once"),
        ([row(7)[:-1]], "frame 7: 136 cells, but 137 columns"),
        ([row(1.5)], "frames must be whole numbers of at least 0"),
        ([row(-1)], "frames must be whole numbers of at least 0"),
        ([["a", *row(1)[1:]]], "holds something that is not a number"),
        ([], "lists no frame"),
    ],
)
def test_neuroface_landmarks_that_are_broken_say_how(tmp_path, rows, message):
    with pytest.raises(DataError) as error:
        read_annotated_frames(frame_table(tmp_path / "a.txt", rows))
    assert message in str(error.value)


def test_what_is_written_is_read_again_to_a_thousandth_of_a_pixel(tmp_path):
    frames, points = np.array([1, 5]), np.stack([POINTS + 0.1234, POINTS])
    write_annotated_frames(tmp_path / "a.txt", frames, points)
    assert (tmp_path / "a.txt").read_text().startswith("Frame,x1,y1,x2,y2,")
    read_frames, read_points = read_annotated_frames(tmp_path / "a.txt")
    assert read_frames.tolist() == [1, 5]
    assert np.abs(read_points - points).max() <= 0.0005 + 1e-9
    boxes = np.array([[1, 2, 3, 4], [5, 6, 7, 8.25]])
    write_boxes(tmp_path / "b.txt", frames, boxes)
    assert (tmp_path / "b.txt").read_text().splitlines()[0] == "Frame,x1,y1,x2,y2"
    assert read_boxes(tmp_path / "b.txt")[1].tolist() == boxes.tolist()
