"""A small sample of scripts/fuzz.py, the same in each run; and what larger ones found, each by itself."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from neuroface.cohorts.marks import datavyu, textgrid
from neuroface.cohorts.native import read_recording
from neuroface.cohorts.reading import read_rows
from neuroface.cohorts.table_files import Written, read_table
from neuroface.cohorts.trackers import mediapipe, openface3
from neuroface.errors import DataError
from neuroface.evaluate.predictions import read_predictions
from neuroface.recording.camera_file import read_camera
from neuroface.recording.rgbd import read_times

SCRIPT = Path(__file__).parents[1] / "scripts" / "fuzz.py"
CASES = 6
COSTLY = 5  # readers of a higher weight are asked by the script alone


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("neuroface_fuzz_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_broken_files_give_a_result_or_one_message(fuzz):
    found = {r.name: fuzz.fuzz(r, CASES, seed=0)[1] for r in fuzz.readers() if r.weight <= COSTLY}
    assert len(found) > 25
    assert not {name: dict(faults) for name, faults in found.items() if faults}


def test_a_fault_is_seen(fuzz):
    def reads_nothing_odd(file):
        return int(file.read_text(encoding="latin-1"))

    outcomes, faults = fuzz.fuzz(fuzz.Reader("number", "a.txt", b"12345", reads_nothing_odd), 50, seed=0)
    assert outcomes["fault"] > 10
    assert any("ValueError" in what for what in faults)


def sidecar(file):
    who = {"subject": "P1", "group": "HC", "task": "OPEN", "session": "", "attributes": {}}
    return read_recording(file.with_name("a"), marks=None, videos=[], common={}, **who)


@pytest.mark.parametrize(
    ("read", "name", "content"),
    [
        (lambda f: read_rows(f, required=()), "a.csv", b'a,b\n1,"' + b"x" * 200_000 + b'"\n'),
        (lambda f: read_table(f, text=[], written=Written()), "a.csv", b"a;b\r1;2\n1;2\n"),
        (lambda f: read_table(f, text=[], written=Written()), "a.csv", b'a;"b\n' + b"x" * 200_000),
        (read_times, "timestamps.csv", b"stream,frame,timestamp_s\ncolor,0,\xff\n"),
        (read_predictions, "predictions.csv", b"sample,p_HC\nP1,0,5\nP2,,,\n"),
        (read_predictions, "predictions.csv", b"sample,p_HC\nP1,half\n"),
        (read_predictions, "predictions.csv", b"sample,p_HC\nP1,\xff\n"),
        (openface3.read, "a.csv", b"frame_index,face_detection\n0,\n"),
        (openface3.read, "a.csv", b'frame_index,face_detection,landmarks\n0,,"' + b"[[1,2]]" + b'"\n'),
        (openface3.read, "a.csv", b'frame_index,face_detection,landmarks\n0,"[1,2,3,4,{}]",\n'),
        (mediapipe.read, "a.json", b'[{"faces": 3}]'),
        (mediapipe.read, "a.json", b'[{"frame": {}, "faces": [[{"x": 1, "y": 2}]]}]'),
        (
            textgrid.read,
            "a.TextGrid",
            b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n"x"\n"y"\n<exists>\n0\n',
        ),
        (
            read_camera,
            "camera.json",
            b'{"depth_scale": 0.001, "color_intrinsics": {"fx": 1, "fy": 1, "ppx": 1, "ppy": 1, '
            b'"width": 1e999, "height": 1}, "aligned": true}',
        ),
        (sidecar, "a_landmarks.json", b'{"space": "pixel", "fps": 30, "camera": "none"}'),
        (datavyu.read, "a.opf", b"PK\x05\x06" + bytes(18)),
    ],
)
def test_what_was_found(read, name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with suppress(DataError):  # any other error fails
        read(tmp_path / name)
