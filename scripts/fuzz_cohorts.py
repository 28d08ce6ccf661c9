"""Readers of whole folders for scripts/fuzz.py: one file of a cohort is broken, the others beside it are valid."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Entry = tuple[str, str, bytes, Callable[[Path], Any], int, Mapping[str, bytes]]


def groups() -> list[Callable[[], list[Entry]]]:
    """What makes (name, file, content, read, weight, files beside it). read is given the path of the broken file."""
    return [_listed, _stills, _kinect, _toronto, _folder, _models]


def _cohort(make: Callable[[Path], Any], depth: int = 1) -> Callable[[Path], Any]:
    """All recordings of the cohort whose root lies so many folders above the file."""
    return lambda file: list(make(file.parents[depth - 1]).recordings())


def _rows(*names: str, n: int = 3) -> bytes:
    lines = [",".join([str(i), *(f"{i + at / 7 + 1:.3f}" for at in range(len(names) - 1))]) for i in range(n)]
    return ("\n".join([",".join(names), *lines]) + "\n").encode()


def _picture(ending: str = ".png") -> bytes:
    import cv2

    image = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
    return cv2.imencode(ending, image)[1].tobytes()


def _sheet(header: list[Any], *rows: list[Any]) -> bytes:
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    for row in (header, *rows):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _face(at: float = 0.0) -> np.ndarray:
    """(68, 2) px: a face that looks like one."""
    from neuroface.cohorts.synthetic import SyntheticCohort

    points = next(iter(SyntheticCohort().recordings())).landmarks.points
    whole = points[np.isfinite(points).all(axis=(1, 2))][0]
    return (whole[:, :2] - whole[:, :2].min(axis=0)) * 2 + 20 + at


def _listed() -> list[Entry]:
    from neuroface.cohorts.openface import OpenFaceCohort
    from neuroface.cohorts.pseudonyms import KeyFile
    from neuroface.cohorts.videos import VideosCohort
    from neuroface.recording.face_detectors import BoxTable
    from neuroface.types import Landmarks, Recording

    names = [f"{axis}_{i}" for axis in "xy" for i in range(68)]
    lines = [",".join(["frame", "timestamp", "confidence", "success", *names])]
    for i in range(4):
        cells = (f"{value:.2f}" for value in _face(i / 9).T.ravel())
        lines.append(",".join([str(i), f"{i / 25:.3f}", "0.98", "1", *cells]))
    openface = ("\n".join(lines) + "\n").encode()
    who = b"subject,group,file,task\nP1,HC,a.csv,OPEN\n"
    of = _cohort(lambda root: OpenFaceCohort(root=root, subjects=root / "who.csv", space="2d"))
    dlc = [["scorer", *["net"] * 6], ["bodyparts", *(p for p in ("lip", "eye") for _ in range(3))]]
    dlc += [["coords", *["x", "y", "likelihood"] * 2], ["0", *["1.5"] * 6], ["1", *["2.5"] * 6]]
    lips = ("\n".join(map(",".join, dlc)) + "\n").encode()

    def of_map(file: Path) -> Any:
        from neuroface.cohorts.trackers import deeplabcut, tracks

        points = file.with_name("a.csv")
        return tracks.on_68(deeplabcut.read(points), file, points)

    motion, channels, about = _motion()
    one = Recording("P1", "HC", "OPEN", Landmarks(np.zeros((1, 68, 2)), np.zeros(1), "pixel"))
    videos = _cohort(lambda root: VideosCohort(root=root, subjects=root / "who.csv"))
    clip = {f"P1/{i}.png": _picture() for i in range(2)}

    def of_motion(file: Path) -> Any:
        from neuroface.cohorts.trackers import motion_bids

        return motion_bids.read(file.with_name("sub-1_motion.tsv"))

    return [
        ("openface csv", "a.csv", openface, of, 8, {"who.csv": who}),
        ("subjects table", "who.csv", who, of, 8, {"a.csv": openface}),
        (
            "map of points",
            "map.csv",
            b"their_name,ibug_index\nlip,51\neye,36\n",
            of_map,
            2,
            {"a.csv": lips},
        ),
        (
            "motion tsv",
            "sub-1_motion.tsv",
            motion,
            of_motion,
            1,
            {"sub-1_channels.tsv": channels, "sub-1_motion.json": about},
        ),
        (
            "channels tsv",
            "sub-1_channels.tsv",
            channels,
            of_motion,
            1,
            {"sub-1_motion.tsv": motion, "sub-1_motion.json": about},
        ),
        (
            "motion json",
            "sub-1_motion.json",
            about,
            of_motion,
            1,
            {"sub-1_motion.tsv": motion, "sub-1_channels.tsv": channels},
        ),
        (
            "key file",
            "key.csv",
            b"subject,pseudonym\nP1,QW3K2Z\nP2,ABCDEF\n",
            lambda f: KeyFile(f).of(["P1", "P3"]),
            1,
            {},
        ),
        ("videos table", "who.csv", b"file,subject,group,fps\nP1,S1,HC,25\n", videos, 2, clip),
        (
            "face boxes",
            "boxes.csv",
            b"recording,frame,x,y,width,height\nP1/OPEN,0,1,2,30,40\nP1/OPEN,1,1.5,2,30,40\n",
            lambda f: BoxTable(path=f).of(one),
            1,
            {},
        ),
    ]


def _motion() -> tuple[bytes, bytes, bytes]:
    channels = "name\tcomponent\ttype\ttracked_point\tunits\n"
    channels += "".join(f"{p}_{c}\t{c}\tPOS\t{p}\tmm\n" for p in ("lip", "eye") for c in "xyz")
    motion = "\n".join("\t".join(f"{i + k / 3:.3f}" for k in range(6)) for i in range(3)) + "\n"
    return motion.encode(), channels.encode(), b'{"SamplingFrequency": 100, "TrackedPointsCount": 2}'


def _stills() -> list[Entry]:
    from neuroface.cohorts.ckplus import CkPlusCohort
    from neuroface.cohorts.faces68 import Faces68Cohort
    from neuroface.cohorts.fnp import FnpCohort
    from neuroface.cohorts.image_folder import ImageFolderCohort
    from neuroface.cohorts.meei import MeeiCohort
    from neuroface.cohorts.megc import TABLE, MegcCohort
    from neuroface.cohorts.yfp import YfpCohort

    a, b = {"a.png": _picture()}, {"a.png": _picture(), "b.png": _picture()}
    table = b"image,label,subject,age\na.png,HC,P1,40\nb.png,ALS,P2,51\n"
    landmarks = "".join(f"{x:.7e} {y:.7e}\n" for x, y in _face()).encode()
    ck = "cohn-kanade-images/S005/001/S005_001_00000001.png"
    ck_marks = "Landmarks/S005/001/S005_001_00000001_landmarks.txt"
    ck_feeling = "Emotion/S005/001/S005_001_00000001_emotion.txt"
    ck_all = {ck: _picture(), ck_marks: landmarks, ck_feeling: b"   3.0000000e+00\n"}
    graded = _cohort(lambda root: CkPlusCohort(root=root, target="grade", grades=root / "grades.csv"))
    flow = {f"STSNet_whole_norm_u_v_os/sub01_EP02_01f{e}.png": _flow() for e in (" ",)}
    megc = b",dataset,sub,filename_o,label\n0,casme2,sub01,EP02_01f,1\n"
    points = b"image,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\nsub01_EP02_01f .png,9,9,18,9,14,14,9,20,18,20\n"
    person = {"Flaccid/MildFlaccid/MildFlaccid1/a_1.jpg": _picture(".jpg")}
    sheet = _sheet(["Category", "Sub-category", "#", "Side", "Age"], ["Flaccid", "Mild", 1, "Left", 51])
    pts = b"version: 1\nn_points: 68\n{\n" + b"".join(b"%.3f %.3f\n" % tuple(p) for p in _face()) + b"}\n"

    def of_flow(file: Path) -> Any:
        points = "points.csv" if (file.parent / "points.csv").is_file() else None
        return list(MegcCohort(root=file.parent, regions=points).recordings())

    def meei(root: Path) -> Any:
        return MeeiCohort(root=root)

    return [
        ("image table", "t.csv", table, _cohort(lambda r: ImageFolderCohort(root=r, table=r / "t.csv")), 2, b),
        (
            "list_label",
            "l.txt",
            b"a.png 1\nb.png 7\n",
            _cohort(lambda r: ImageFolderCohort(root=r, labels=r / "l.txt")),
            2,
            b,
        ),
        ("tiff", "HC/a.tif", _picture(".tif"), _cohort(lambda r: ImageFolderCohort(root=r), 2), 1, {}),
        (
            "graded stills",
            "g.csv",
            b"image_path,grade,side,subject\na.png,3,left,P1\nb.png,5,right,P2\n",
            _cohort(lambda r: FnpCohort(root=r, annotations=r / "g.csv")),
            2,
            b,
        ),
        (
            "graded regions",
            "y.csv",
            b"image,subject,region,intensity\na.png,P1,Eyes,0.5\na.png,P1,Mouth,1\n",
            _cohort(lambda r: YfpCohort(root=r, annotations=r / "y.csv")),
            2,
            a,
        ),
        ("ck+ landmarks", ck_marks, landmarks, _cohort(lambda r: CkPlusCohort(root=r), 4), 2, ck_all),
        ("ck+ emotion", ck_feeling, b"   3.0000000e+00\n", _cohort(lambda r: CkPlusCohort(root=r), 4), 2, ck_all),
        ("ck+ grades", "grades.csv", b"subject,sequence,grade\nS005,001,4\n", graded, 2, ck_all),
        (
            "300-w index",
            "index.csv",
            b"image,subject\na.png,P1\n",
            _cohort(lambda r: Faces68Cohort(root=r)),
            2,
            {**a, "a.pts": pts},
        ),
        ("megc table", TABLE, megc, of_flow, 2, flow),
        ("megc classes", "classes.csv", b"label,class\n0,a\n1,b\n2,c\n", of_flow, 2, {TABLE: megc, **flow}),
        ("megc points", "points.csv", points, of_flow, 2, {TABLE: megc, **flow}),
        ("meei workbook", "who.xlsx", sheet, _cohort(meei), 20, person),
    ]


def _flow() -> bytes:
    import cv2

    return cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (28, 28, 3), np.uint8))[1].tobytes()


def _kinect() -> list[Entry]:
    from neuroface.cohorts.gfe import GfeCohort, read_map

    own = {"map": {str(i): i for i in range(68)}}
    frames = "\n".join(
        " ".join([f"{i * 0.033:.3f}", *(f"{200 + (k * 7) % 90}.5" for k in range(300))]) for i in range(3)
    )
    points = f"0.0 {' '.join(f'{i}x' for i in range(300))}\n{frames}\n".encode()
    targets = b"0\n1\n0\n"
    both = {"a_affirmative_datapoints.txt": points, "a_affirmative_targets.txt": targets}
    gfe = _cohort(lambda root: GfeCohort(root=root))
    return [
        ("gfe map", "map.json", json.dumps(own).encode(), read_map, 1, {}),
        ("gfe points", "a_affirmative_datapoints.txt", points, gfe, 4, both),
        ("gfe targets", "a_affirmative_targets.txt", targets, gfe, 4, both),
    ]


def _toronto() -> list[Entry]:
    from neuroface.cohorts import toronto_tables as tables

    wanted = [f"{score} ({rater})" for rater in tables.RATERS for score in tables.SCORES]
    scores = _sheet(["File Name", *wanted], ["A002_02_BBP_NORMAL_color.avi", *[1, 2, 3, 4, 5, 15] * 2])
    info = _sheet(["File name", "fps"], ["A002_02_BBP_NORMAL_color.avi", 29.97])
    clinical = b"SubjectID,AgeSession,Gender,DaysfromStroke\nA002,61,Female,30\nA003,55,Male,\n"
    parsing = b"video_id,rep,start_frame,end_frame\nA002_02_BBP_NORMAL_color,1,5,40\n"
    return [
        ("slp workbook", "s.xlsx", scores, tables.slp_scores, 20, {}),
        ("rates workbook", "r.xlsx", info, tables.frame_rates, 20, {}),
        ("clinical", "c.csv", clinical, tables.clinical, 1, {}),
        ("parsing", "p.csv", parsing, lambda f: tables.parsing(f, one_based=True), 1, {}),
    ]


def _folder() -> list[Entry]:
    import pandas as pd

    from neuroface.cohorts.folder import FolderCohort
    from neuroface.cohorts.one import Visits
    from neuroface.cohorts.table import TableCohort
    from neuroface.cohorts.table_files import Written, read_table

    marks = ["frame", "timestamp_s", *(f"{axis}_{i}" for axis in "xy" for i in range(68))]
    lines = [",".join([str(i), f"{i / 25:.3f}", *(f"{v:.2f}" for v in _face(i / 9).T.ravel())]) for i in range(4)]
    csv = ("\n".join([",".join(marks), *lines]) + "\n").encode()
    beside = {"sub-P1/sub-P1_task-OPEN_landmarks.csv": csv, "landmarks.json": b'{"space": "pixel"}'}
    people = b"participant_id\tgroup\tage\tsex\nsub-P1\tHC\t40\tF\n"
    types = b'{"age": {"Type": "number"}, "sex": {"Type": "string"}}'
    read = _cohort(lambda root: FolderCohort(root=root))
    parquet = io.BytesIO()
    pd.DataFrame({"subject": ["P1", "P2"], "group": ["HC", "ALS"], "f_1": [0.5, 1.5]}).to_parquet(parquet)
    arrays = io.BytesIO()
    np.savez_compressed(arrays, points=np.stack([_face(i / 9) for i in range(4)]), fps=25.0, size_wh=[640, 480])
    visit = arrays.getvalue()

    def of_visits(file: Path) -> Any:
        return list(Visits(paths=[file, file.with_name("after.npz")]).recordings())

    subjects = [(f"P{i}", ("HC", "ALS")[i % 2], "OPEN", 40 + i, i / 7 + 0.5, i * i) for i in range(6)]
    lines = ["subject,group,task,age,f_1,f_2", *(",".join(map(str, row)) for row in subjects)]
    features = ("\n".join(lines) + "\n").encode()
    book = _sheet(lines[0].split(","), *map(list, subjects))

    def table(file: Path) -> Any:
        return TableCohort(path=file, features="f_*").table()

    return [
        ("feature table", "t.csv", features, table, 2, {}),
        ("feature workbook", "t.xlsx", book, table, 20, {}),
        ("two visits", "before.npz", visit, of_visits, 1, {"after.npz": visit}),
        ("participants", "participants.tsv", people, read, 4, {**beside, "participants.json": types}),
        ("types of columns", "participants.json", types, read, 4, {**beside, "participants.tsv": people}),
        (
            "native csv",
            "sub-P1/sub-P1_task-OPEN_landmarks.csv",
            csv,
            _cohort(lambda r: FolderCohort(root=r), 2),
            8,
            {"participants.tsv": people, "landmarks.json": b'{"space": "pixel"}'},
        ),
        (
            "parquet",
            "t.parquet",
            parquet.getvalue(),
            lambda f: read_table(f, text=["subject"], written=Written()),
            4,
            {},
        ),
    ]


def _models() -> list[Entry]:
    import torch
    from safetensors.torch import save
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression

    from neuroface.classifiers.least_squares import Ridge
    from neuroface.classifiers.load import load_model
    from neuroface.evaluate.workers import saved
    from neuroface.landmarks import weights

    X, y = make_classification(20, 4, random_state=0)
    names = np.where(y > 0, "ALS", "HC")
    skops = saved(LogisticRegression().fit(X, names)).content
    ridge = saved(Ridge().fit(X, names)).content
    state = {"conv1.weight": torch.zeros(2, 3, 7, 7), "l0.weight": torch.zeros(68, 8, 1, 1)}
    pth = io.BytesIO()
    torch.save(state, pth)

    def fan(file: Path) -> Any:
        """A file of the right kind that holds no whole network: what is asked is that it is refused in words."""
        from neuroface.errors import DataError

        try:
            return weights.load(file)
        except DataError as error:
            if "holds no FAN" in str(error):
                return None
            raise

    return [
        ("skops", "a.skops", skops, load_model, 10, {}),
        ("ridge", "a.npz", ridge, load_model, 1, {}),
        ("weights", "a.safetensors", save(state), fan, 10, {}),
        ("state dict", "a.pth", pth.getvalue(), fan, 10, {}),
    ]
