"""Readers of one file each for fuzz.py: tables, marks, trackers, recordings, what runs keep."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fuzz_case import Reader


def groups() -> list[Callable[[], list[Reader]]]:
    """What makes readers, each with a small valid file."""
    return [_tables, _marks, _trackers, _recordings, _runs]


def _rows(*names: str, n: int = 3, sep: str = ",") -> bytes:
    """A table of numbers that increase, with a first column of whole numbers."""
    lines = [sep.join([str(i), *(f"{i + at / 7 + 1:.3f}" for at in range(len(names) - 1))]) for i in range(n)]
    return ("\n".join([sep.join(names), *lines]) + "\n").encode()


def _tables() -> list[Reader]:
    from neuroface.cohorts import landmark_files, reading, table_files
    from neuroface.cohorts.annotations import read_annotations
    from neuroface.cohorts.native_events import read_events

    people = b"subject,group,age\nP1,HC,40\nP2,ALS,51.5\n'007,HC,n/a\n"
    european = b"subject;group;age\nP1;HC;40,5\nP2;ALS;51,5\n"
    xy = [f"{axis}_{i}" for i in range(68) for axis in "xy"]
    written = table_files.Written()
    pts = b"version: 1\nn_points: 68\n{\n" + b"".join(b"%d.5 %d.25\n" % (i, i + 3) for i in range(68)) + b"}\n"
    parts = "".join(f"<part name='{i:02d}' x='{i}' y='{i + 1}'/>" for i in range(68))
    box = f"<box top='1' left='2' width='30' height='40'>{parts}</box>"
    xml = f"<?xml version='1.0'?><dataset><images><image file='a.jpg'>{box}</image></images></dataset>".encode()
    events = b"onset\tduration\trepetition\tlabel\n0.1\t0.3\t0\tn/a\n0.5\t0.3\t1\tsmile\n"
    images = b"image_path,grade,side,subject\na.png,3,left,P1\nb.png,5,right,P2\n"
    clock = np.arange(30) / 30
    return [
        Reader("rows", "a.csv", people, lambda f: reading.read_rows(f, required=("subject",))),
        Reader("table", "a.csv", european, lambda f: table_files.read_table(f, text=["subject"], written=written)),
        Reader("numbers", "a.csv", _rows(*xy[:8]), lambda f: reading.read_numbers(f, lambda name: "_" in name)),
        Reader("pts", "a.pts", pts, landmark_files.read_pts),
        Reader("dlib xml", "a.xml", xml, landmark_files.read_dlib_faces),
        Reader("frames", "a.csv", _rows("Frame", *_toronto_columns()), landmark_files.read_annotated_frames),
        Reader("boxes", "a.csv", _rows("Frame", *landmark_files.BOX_COLUMNS), landmark_files.read_boxes),
        Reader("events", "a_events.tsv", events, lambda f: read_events(f.with_name("a"), clock, np.arange(30))),
        Reader("annotations", "a.csv", images, lambda f: read_annotations(f, root=f.parent)),
    ]


def _toronto_columns() -> tuple[str, ...]:
    from neuroface.cohorts.landmark_files import LANDMARK_COLUMNS

    return tuple(LANDMARK_COLUMNS)


def _marks() -> list[Reader]:
    from neuroface.cohorts.marks import bids, boris, datavyu, elan, textgrid

    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="t{i}" TIME_VALUE="{i * 500}"/>' for i in range(4))
    mark = '<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="t0" TIME_SLOT_REF2="t2">'
    part = '<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b1" ANNOTATION_REF="a1">'
    eaf = (
        f'<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="a.mp4" TIME_ORIGIN="40"/>'
        f'</HEADER><TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID="open">{mark}<ANNOTATION_VALUE>x</ANNOTATION_VALUE>'
        f'</ALIGNABLE_ANNOTATION></ANNOTATION></TIER><TIER TIER_ID="part">{part}</REF_ANNOTATION></ANNOTATION></TIER>'
        "</ANNOTATION_DOCUMENT>"
    ).encode()
    grid = (
        b'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 2\ntiers? <exists>\nsize = 1\n'
        b"item []:\n"
        b'    item [1]:\n        class = "IntervalTier"\n        name = "open"\n        xmin = 0\n        xmax = 2\n'
        b"        intervals: size = 2\n        intervals [1]:\n            xmin = 0\n            xmax = 1\n"
        b'            text = ""\n        intervals [2]:\n            xmin = 1\n            xmax = 2\n'
        b'            text = "go"\n'
    )
    sheet = b"#4\nopen (MATRIX,true,)-code01|NOMINAL\n00:00:00:500,00:00:01:900,(wide)\n00:00:02:100,00:00:03:400,(,)\n"
    names = "Observation id,Source,Time offset (s),Media duration (s),Behavior,Behavior type,Time,Subject"
    rows = "obs,player #1:/a.mp4,0,5.0,open,START,0.5,P1\nobs,player #1:/a.mp4,0,5.0,open,STOP,1.5,P1\n"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("db", sheet)
    return [
        Reader("elan", "a.eaf", eaf, elan.read),
        Reader("textgrid", "a.TextGrid", grid, textgrid.read),
        Reader("datavyu", "a.csv", sheet, datavyu.read),
        Reader("datavyu opf", "a.opf", zipped.getvalue(), datavyu.read),
        Reader("boris", "a.csv", f"{names}\n{rows}".encode(), boris.read),
        Reader("bids events", "a.tsv", b"onset\tduration\ttrial_type\n0.5\t1.0\topen\n2\tn/a\topen\n", bids.read),
    ]


def _trackers() -> list[Reader]:
    from neuroface.cohorts.trackers import deeplabcut, mediapipe, openface3, pyfeat

    mesh = [[{"x": i / 468, "y": 0.5, "z": 0.0} for i in range(468)]]
    points = json.dumps([[i, i + 1] for i in range(98)])
    of3 = f'frame_index,face_detection,landmarks\n0,"[1,2,3,4,0.9]","{points}"\n1,"[1,2,3,4,0.9]","{points}"\n'.encode()
    feat = _rows("frame", "FaceScore", *(f"{axis}_{i}" for axis in "xy" for i in range(68)))
    head = [["scorer", *["net"] * 6], ["bodyparts", *(p for p in ("lip", "eye") for _ in range(3))]]
    head += [["coords", *["x", "y", "likelihood"] * 2], ["0", *["1.5"] * 6], ["1", *["2.5"] * 6]]
    dlc = ("\n".join(map(",".join, head)) + "\n").encode()
    wide = _rows("frame", *(f"{axis}_{i}" for i in range(468) for axis in "xy"), n=2)
    return [
        Reader("openface 3", "a.csv", of3, openface3.read),
        Reader("py-feat", "a.csv", feat, pyfeat.read, weight=5),
        Reader("deeplabcut", "a.csv", dlc, deeplabcut.read),
        Reader("mediapipe", "a.json", json.dumps([{"face_landmarks": mesh}] * 2).encode(), mediapipe.read, weight=50),
        Reader("mediapipe csv", "a.csv", wide, mediapipe.read, weight=20),
    ]


def _recordings() -> list[Reader]:
    import cv2

    from neuroface.cohorts import native
    from neuroface.cohorts.synthetic import SyntheticCohort
    from neuroface.recording.camera_file import read_camera
    from neuroface.recording.containers import edited_s, length_proves_nothing, why_unreadable
    from neuroface.recording.images import read_color
    from neuroface.recording.rgbd import read_depth, read_times

    arrays = io.BytesIO()
    landmarks = next(iter(SyntheticCohort().recordings())).landmarks[:3]
    np.savez_compressed(arrays, points=landmarks.points.astype(np.float32), timestamps_s=landmarks.timestamps_s)
    picture = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)
    png = cv2.imencode(".png", picture)[1].tobytes()
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    depth = cv2.imencode(".png", picture[..., 0].astype(np.uint16) * 9)[1].tobytes()
    intrinsics = {"fx": 600.0, "fy": 600.0, "ppx": 320.0, "ppy": 240.0, "width": 640, "height": 480}
    camera = json.dumps({"color_intrinsics": intrinsics, "depth_scale": 0.001, "model": "D415"}).encode()
    side = json.dumps(
        {"fps": 30, "space": landmarks.space, "units": "mm", "time_unit": "s", "notes": {"a": 1}}
    ).encode()
    times = b"stream,frame,timestamp_s\ncolor,0,0.0\ncolor,1,0.04\ndepth,0,0.01\n"

    def box(name: bytes, content: bytes) -> bytes:
        return (len(content) + 8).to_bytes(4, "big") + name + content

    header = box(b"mvhd", bytes(12) + (1000).to_bytes(4, "big") + (5000).to_bytes(4, "big") + bytes(80))
    edit = box(b"edts", box(b"elst", bytes(4) + (1).to_bytes(4, "big") + (400).to_bytes(4, "big") + bytes(8)))
    handler = box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(13)))
    film = (
        box(b"ftyp", b"isom" + bytes(8))
        + box(b"moov", header + box(b"trak", edit + handler))
        + box(b"mdat", b"\0" * 40)
    )

    def recording(file: Path) -> Any:
        marks = file.with_name("a_landmarks.npz")
        if file.suffix == ".json":
            marks.write_bytes(arrays.getvalue())
        who = {"subject": "P1", "group": "HC", "task": "OPEN", "session": "", "attributes": {}}
        space = {"space": landmarks.space, "fps": 30}
        return native.read_recording(file.with_name("a"), marks=marks, videos=[], common=space, **who)

    def container(file: Path) -> Any:
        return why_unreadable(file), length_proves_nothing(file), edited_s(file)

    return [
        Reader("npz", "a_landmarks.npz", arrays.getvalue(), recording),
        Reader("sidecar", "a_landmarks.json", side, recording),
        Reader("camera", "camera.json", camera, lambda f: read_camera(f, depth=False)),
        Reader("times", "timestamps.csv", times, read_times),
        Reader("png", "a.png", png, read_color),
        Reader("jpeg", "a.jpg", jpeg, read_color),
        Reader("depth", "a.png", depth, read_depth),
        Reader("video header", "a.mp4", film, container),
    ]


def _runs() -> list[Reader]:
    from sklearn.datasets import make_classification

    from neuroface.classifiers.forest import Forest
    from neuroface.classifiers.load import load_model
    from neuroface.configuration.compose import compose
    from neuroface.evaluate.predictions import read_predictions
    from neuroface.evaluate.run_files import read_json, read_yaml

    X, y = make_classification(20, 4, random_state=0)
    _, forest = Forest(n_estimators=2, random_state=0).fit(X, y.astype(str)).saved()
    table = b"sample,subject,group,task,repetition,fold,y,p_HC,p_ALS\nP1/0,P1,HC,OPEN,0,P1,HC,0.5,0.5\n"
    words = b"protocol.task=OPEN size.people={HC: 3, ALS: 3} classifier=forest seed=3 cohort.exclude=[P1]"

    def composed(file: Path) -> Any:
        return compose("train", file.read_bytes().decode("utf-8", "replace").split(" "))

    return [
        Reader("run.json", "run.json", b'{"status": "done", "digest": "x", "wall_s": 1.5}', read_json),
        Reader("config.yaml", "config.yaml", b"seed: 0\nprotocol:\n  classes: [HC, ALS]\n  task: null\n", read_yaml),
        Reader("predictions", "predictions.csv", table, read_predictions),
        Reader("forest", "a.npz", forest, load_model),
        Reader("words", "words", words.replace(b": ", b":").replace(b", ", b","), composed, weight=200),
    ]
