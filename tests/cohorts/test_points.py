"""Points of other tools: the opening of a known mouth comes back, and what cannot be known is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from checks import still_face
from neuroface import face, schemes
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.points import PointsCohort
from neuroface.errors import DataError
from neuroface.features.rom import mouth_opening

FRAMES, FPS, OPENING = 8, 25.0, 20.0
LOWER_LIP = [56, 57, 58, 65, 66, 67]


def moving() -> np.ndarray:
    """(T, 68, 3): the lower lip goes down by OPENING and comes back; px or mm, head at (300, 250, 600)."""
    points = np.repeat(still_face()[None], FRAMES, axis=0)
    points[:, LOWER_LIP, 1] += OPENING * np.sin(np.pi * np.arange(FRAMES) / (FRAMES - 1))[:, None].clip(0, 0.9) / 0.9
    return points + np.array([300.0, 250.0, 600.0])


TRUTH = moving()
ASIDE = np.array([400.0, 0.0, 0.0])


def cohort(root: Path, file: str, *, extra: str = "", cell: str = "", **more) -> PointsCohort:
    (root / "subjects.csv").write_text(f"subject,group,file,task{extra}\n01,HC,{file},OPEN{cell}\n", encoding="utf-8")
    return PointsCohort(root=root, subjects=root / "subjects.csv", **more)


def only(made):
    (one,) = made.recordings()
    return one


def refusal(made) -> str:
    with pytest.raises(DataError) as caught:
        only(made)
    return str(caught.value)


def check_opening(one, *, within: float = 1e-3, points=TRUTH) -> None:
    dims = one.landmarks.points.shape[-1]
    assert one.landmarks.points == pytest.approx(points[..., :dims], abs=within, nan_ok=True)
    assert one.landmarks.timestamps_s == pytest.approx(np.arange(FRAMES) / FPS)
    (value,) = mouth_opening(one.landmarks).values()
    assert value == pytest.approx(OPENING, abs=2 * within)


def numbered(listed, count: int) -> np.ndarray:
    """(T, count, 2): points of another scheme of which those listed are the 68, the others far apart from them."""
    points = np.full((FRAMES, count, 2), 777.0)
    for index, at in enumerate(listed):
        for one in (at,) if isinstance(at, int) else at:
            points[:, one] = TRUTH[:, index, :2]
    return points


# OpenFace 3


def openface3(file: Path, *, second: bool = False, swap: bool = False, lost: int | None = None) -> None:
    """As openface-test 0.1.26 writes it with pandas: lists as text, the time of day, ids in order of detection."""
    import pandas as pd

    points, rows = numbered(schemes.WFLW, 98), []
    for frame in range(FRAMES):
        faces = [points[frame], points[frame] + [400, 0]] if second else [points[frame]]
        for face_id, one in enumerate(faces[::-1] if swap and frame % 2 else faces):
            row = {"timestamp": "2026-01-01 10:00:00", "video_path": "a.mp4", "frame_index": frame, "face_id": face_id}
            row |= {"face_detection": [1.0, 2.0, 3.0, 4.0, 0.99], "landmarks": one.tolist(), "emotion": 0}
            rows.append(row if frame != lost else {k: row[k] for k in ("timestamp", "video_path", "frame_index")})
    pd.DataFrame(rows).to_csv(file, index=False)


def test_98_points_of_openface_3(tmp_path):
    openface3(tmp_path / "a.csv")
    one = only(cohort(tmp_path, "a.csv", fps=FPS))
    check_opening(one)
    assert one.notes["points"] == "OpenFace 3"
    assert one.notes["points_not_used"] == 98 - 68
    assert "thirds" in one.notes["points of the lids"]


def test_its_time_of_day_is_no_clock(tmp_path):
    openface3(tmp_path / "a.csv")
    assert "set cohort.fps" in refusal(cohort(tmp_path, "a.csv"))


def test_frame_without_a_face_is_missing(tmp_path):
    openface3(tmp_path / "a.csv", lost=3)
    one = only(cohort(tmp_path, "a.csv", fps=FPS))
    assert len(one.landmarks) == FRAMES
    assert np.isnan(one.landmarks.points).all(axis=(1, 2)).tolist() == [at == 3 for at in range(FRAMES)]


def test_two_faces_are_told_apart_by_place_not_by_order(tmp_path):
    openface3(tmp_path / "a.csv", second=True, swap=True)
    assert "face 0 (8 frames)" in refusal(cohort(tmp_path, "a.csv", fps=FPS)).replace(
        "faces about as long: 0", "face 0"
    )
    one = only(cohort(tmp_path, "a.csv", fps=FPS, extra=",face", cell=",0"))
    check_opening(one)
    assert one.notes["rows_of_other_faces"] == FRAMES
    other = only(cohort(tmp_path, "a.csv", fps=FPS, extra=",face", cell=",1"))
    check_opening(other, points=TRUTH + ASIDE)


def test_half_a_file_is_refused(tmp_path):
    openface3(tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(text[: int(0.7 * len(text))], encoding="utf-8")
    assert "half a file" in refusal(cohort(tmp_path, "a.csv", fps=FPS))


def test_the_cohort_of_openface_2_names_the_way(tmp_path):
    openface3(tmp_path / "a.csv")
    made = cohort(tmp_path, "a.csv")
    with pytest.raises(DataError, match="a file of OpenFace 3; read it with cohort=points"):
        list(OpenFaceCohort(root=made.root, subjects=made.subjects).recordings())


# py-feat


def fex(file: Path, *, fps: float = FPS, people: int = 1, score: float = 0.95, identity: bool = True) -> None:
    """Columns of py-feat 2.1: one row per face and frame, approx_time as MM:SS."""
    import pandas as pd

    rows = []
    for frame in range(FRAMES):
        for person in range(people if frame % 2 == 0 or people < 3 else 1):
            shown = TRUTH[frame] + [400.0 * person, 0, 0]
            row = {"FaceRectX": 1.0, "FaceScore": score} | {f"x_{i}": shown[i, 0] for i in range(68)}
            row |= {f"y_{i}": shown[i, 1] for i in range(68)} | {"input": "a.mp4", "frame": frame}
            second = int(frame / fps)
            row |= {"approx_time": f"{second // 60:02d}:{second % 60:02d}"}
            rows.append(row | ({"Identity": f"Person_{person}"} if identity else {}))
    pd.DataFrame(rows).to_csv(file, index=False)


def test_fex_of_py_feat(tmp_path):
    fex(tmp_path / "a.csv")
    one = only(cohort(tmp_path, "a.csv", fps=FPS))
    check_opening(one)
    assert one.landmarks.score == pytest.approx(0.95)


@pytest.mark.parametrize("identity", [True, False])
def test_several_faces_a_frame(tmp_path, identity):
    fex(tmp_path / "a.csv", people=2, identity=identity)
    assert "column face" in refusal(cohort(tmp_path, "a.csv", fps=FPS))
    named = "Person_1" if identity else "1"
    check_opening(only(cohort(tmp_path, "a.csv", fps=FPS, extra=",face", cell=f",{named}")), points=TRUTH + ASIDE)
    assert "no face 'Person_9'" in refusal(cohort(tmp_path, "a.csv", fps=FPS, extra=",face", cell=",Person_9"))


def test_rate_that_its_clock_contradicts(tmp_path):
    fex(tmp_path / "a.csv", fps=1.0)  # eight seconds
    assert "ends at about 7 s" in refusal(cohort(tmp_path, "a.csv", fps=FPS))


def test_unsure_points_are_missing_and_counted(tmp_path):
    fex(tmp_path / "a.csv", score=0.7)
    assert "no landmark" in refusal(cohort(tmp_path, "a.csv", fps=FPS, min_confidence=0.8))
    assert only(cohort(tmp_path, "a.csv", fps=FPS)).notes["points_of_low_confidence"] == 0


# MediaPipe

SIZE = np.array([640.0, 480.0])


def mediapipe(file: Path, form: str, points: np.ndarray) -> None:
    if form == "json":
        moments = [
            {"timestamp_ms": 1000 * k / FPS, "face_landmarks": [[{"x": x, "y": y, "z": 0.1} for x, y in one]]}
            for k, one in enumerate(points.tolist())
        ]
        file.write_text(json.dumps(moments), encoding="utf-8")
        return
    if form == "wide":
        header = ["frame", "timestamp_ms", *(f"{axis}_{k}" for k in range(points.shape[1]) for axis in "xy")]
        rows = [[k, 1000 * k / FPS, *one.ravel()] for k, one in enumerate(points)]
    else:
        header = ["frame", "timestamp_ms", "landmark_index", "x", "y", "z"]
        rows = [[k, 1000 * k / FPS, at, *xy, 0.1] for k, one in enumerate(points) for at, xy in enumerate(one)]
    file.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(("form", "count"), [("json", 478), ("wide", 468), ("long", 478)])
def test_the_mesh_of_mediapipe(tmp_path, form, count):
    name = f"a.{'json' if form == 'json' else 'csv'}"
    mediapipe(tmp_path / name, form, numbered(schemes.MESH["yan"], count) / SIZE)
    assert "set cohort.width and cohort.height" in refusal(cohort(tmp_path, name))
    one = only(cohort(tmp_path, name, width=640, height=480))
    shared = [k for k in range(68) if k not in (3, 4, 12, 13)]  # jaw points that share a vertex with their neighbour
    assert one.landmarks.points[:, shared] == pytest.approx(TRUTH[:, shared, :2], abs=1e-3)
    assert mouth_opening(one.landmarks)["rom.mouth_opening_px"] == pytest.approx(OPENING, abs=1e-2)


# DeepLabCut, SLEAP: a user's scheme with a map

PARTS = {"canthus_r": 36, "canthus_l": 45, "corner_r": 48, "corner_l": 54, "lip_up": 51, "lip_low": 57, "nose": 30}
MISSING = [k for k in range(68) if k not in PARTS.values()]


def a_map(root: Path, extra: str = "") -> Path:
    file = root / "map.csv"
    lines = [f"{name},{index}" for name, index in PARTS.items()]
    file.write_text("\n".join(["their_name,ibug_index", *lines, extra]), encoding="utf-8")
    return file


def of_parts() -> np.ndarray:
    points = TRUTH.copy()
    points[:, MISSING] = np.nan
    return points


def dlc_table(likelihood: float = 0.9):
    import pandas as pd

    columns = pd.MultiIndex.from_product(
        [["DLC_resnet"], PARTS, ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    shown = np.dstack([TRUTH[:, list(PARTS.values()), :2], np.full((FRAMES, len(PARTS)), likelihood)])
    shown[2, 0, 2] = 0.1
    return pd.DataFrame(shown.reshape(FRAMES, -1), columns=columns)


@pytest.mark.parametrize("name", ["a.csv", "a.h5"])
def test_deeplabcut_with_a_map(tmp_path, name):
    table = dlc_table()
    if name == "a.csv":
        table.to_csv(tmp_path / name)
    else:
        pytest.importorskip("tables")
        table.to_hdf(tmp_path / name, key="df_with_missing", format="table", mode="w")
    told = refusal(cohort(tmp_path, name, fps=FPS))
    assert "set cohort.map to a CSV with the header their_name,ibug_index" in told
    assert "canthus_r" in told
    one = only(cohort(tmp_path, name, fps=FPS, map=a_map(tmp_path)))
    expected = of_parts()
    expected[2, 36] = np.nan  # its likelihood is .1
    check_opening(one, points=expected)
    assert one.notes["points_of_low_confidence"] == 1
    assert one.notes["points_of_the_68"].startswith("7;")


def test_half_a_deeplabcut_file(tmp_path):
    dlc_table().to_csv(tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(text[:-150], encoding="utf-8")
    assert "half a file" in refusal(cohort(tmp_path, "a.csv", fps=FPS, map=a_map(tmp_path)))


@pytest.mark.parametrize(
    ("line", "told"),
    [("nos,31", "no point 'nos' of line 9"), ("nose,68", "ibug_index '68'; it must be 0 to 67")],
)
def test_map_that_is_wrong(tmp_path, line, told):
    dlc_table().to_csv(tmp_path / "a.csv")
    assert told in refusal(cohort(tmp_path, "a.csv", fps=FPS, map=a_map(tmp_path, line)))


SLEAP_AXES = ("track", "xy", "node", "frame")


@pytest.mark.parametrize(
    "order", [None, SLEAP_AXES, ("frame", "track", "node", "xy"), ("node", "xy", "track", "frame")]
)
def test_analysis_file_of_sleap(tmp_path, order):
    h5py = pytest.importorskip("h5py")
    tracks = np.full((2, 2, len(PARTS), FRAMES), np.nan)
    tracks[0] = TRUTH[:, list(PARTS.values()), :2].transpose(2, 1, 0)
    tracks[1, ..., :2] = tracks[0, ..., :2] + 50
    scores = np.where(np.isfinite(tracks[:, 0]), 0.9, np.nan)
    if order is not None:  # as sleap-io says it
        tracks = tracks.transpose([SLEAP_AXES.index(name) for name in order])
        scores = scores.transpose([("track", "node", "frame").index(name) for name in order if name != "xy"])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["tracks"], file["point_scores"] = tracks, scores
        if order is not None:
            file["tracks"].attrs["dims"] = json.dumps(order)
        file["node_names"] = [name.encode() for name in PARTS]
        file["track_names"] = [b"patient", b"nurse"]
    one = only(cohort(tmp_path, "a.h5", fps=FPS, map=a_map(tmp_path)))
    check_opening(one, points=of_parts())
    assert (one.notes["face"], one.notes["rows_of_other_faces"]) == ("patient", 2)


def test_analysis_file_of_sleap_in_an_order_that_it_does_not_say(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(
        tmp_path / "a.h5", "w"
    ) as file:  # (frames, two faces, points, 2): looks like (faces, 2, points, frames)
        file["tracks"], file["point_scores"] = np.zeros((9, 2, 7, 2)), np.zeros((9, 2, 7))
        file["node_names"] = [name.encode() for name in PARTS]
    assert "another order of axes" in refusal(cohort(tmp_path, "a.h5", fps=FPS, map=a_map(tmp_path)))
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["tracks"].attrs["dims"] = '["time", "track", "node", "xy"]'
    assert "with the axes time, track, node, xy" in refusal(cohort(tmp_path, "a.h5", fps=FPS, map=a_map(tmp_path)))


# C3D


def write_c3d(file: Path, *, unit: str = "mm") -> None:
    """By ezc3d: axes of a laboratory, x to the person's left as seen from behind the camera, y away, z up."""
    ezc3d = pytest.importorskip("ezc3d")
    scale = {"mm": 1.0, "m": 0.001}[unit]
    made = ezc3d.c3d()
    made["parameters"]["POINT"]["RATE"]["value"] = [FPS]
    made["parameters"]["POINT"]["LABELS"]["value"] = list(PARTS)
    made["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    x, y, z = np.moveaxis(TRUTH[:, list(PARTS.values())], -1, 0)
    data = np.ones((4, len(PARTS), FRAMES))
    data[:3] = scale * np.stack([x.T, z.T, -y.T])
    data[:3, 0, 2] = np.nan  # ezc3d writes residual -1
    made["data"]["points"] = data
    made.write(str(file))


@pytest.mark.parametrize("unit", ["mm", "m"])
def test_c3d_in_the_axes_of_a_laboratory(tmp_path, unit):
    pytest.importorskip("c3d")
    write_c3d(tmp_path / "a.c3d", unit=unit)
    one = only(cohort(tmp_path, "a.c3d", map=a_map(tmp_path), axes="right,away,up"))
    expected = of_parts()
    expected[2, 36] = np.nan
    check_opening(one, points=expected)
    assert one.landmarks.space == "head"
    assert one.notes["markers_hidden"] == 1


def test_hidden_marker_that_keeps_its_last_place(tmp_path):
    c3d = pytest.importorskip("c3d")
    writer = c3d.Writer(point_rate=FPS)
    rows = np.zeros((FRAMES, len(PARTS), 5), np.float32)
    rows[..., :3] = TRUTH[:, list(PARTS.values())]
    rows[4:, 5, :3], rows[4:, 5, 3] = rows[3, 5, :3], -1
    writer.add_frames([(row, np.zeros((0, 0))) for row in rows])
    writer.set_point_labels(list(PARTS))
    with (tmp_path / "a.c3d").open("wb") as file:
        writer.write(file)
    one = only(cohort(tmp_path, "a.c3d", map=a_map(tmp_path), units="mm"))
    assert np.isnan(one.landmarks.points[4:, face.LIP_BOTTOM_OUTER]).all()
    assert np.isfinite(one.landmarks.points[:4, face.LIP_BOTTOM_OUTER]).all()


def test_c3d_whose_header_cannot_hold_its_length(tmp_path):
    pytest.importorskip("c3d")
    ezc3d = pytest.importorskip("ezc3d")
    made = ezc3d.c3d()
    made["parameters"]["POINT"]["RATE"]["value"] = [FPS]
    made["parameters"]["POINT"]["LABELS"]["value"] = ["nose"]
    made["data"]["points"] = np.ones((4, 1, 65_540))
    made.write(str(tmp_path / "a.c3d"))
    assert "65535 frames or more" in refusal(cohort(tmp_path, "a.c3d", map=a_map(tmp_path)))


def test_half_a_c3d_file(tmp_path):
    pytest.importorskip("c3d")
    write_c3d(tmp_path / "a.c3d")
    content = (tmp_path / "a.c3d").read_bytes()
    (tmp_path / "a.c3d").write_bytes(content[: content.rindex(b"\x00" * 8) - 700])
    assert "half a file" in refusal(cohort(tmp_path, "a.c3d", map=a_map(tmp_path)))


def test_file_of_no_known_tool(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 3", encoding="utf-8")
    assert "py-feat, DeepLabCut" in refusal(cohort(tmp_path, "a.txt"))
