"""A small sample of scripts/fuzz.py, the same in each run; and what larger ones found, each by itself."""

from __future__ import annotations

import ast
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import neuroface
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
    assert len(found) > 50
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


# What parses: whoever calls one of these reads a format of somebody's.
PARSERS = (
    *("read_rows", "read_table", "read_numbers", "read_npz", "read_json", "read_xml", "read_cells", "read_lines"),
    *("read_text", "read_excel", "read_parquet", "read_csv", "read_member", "imdecode", "safe_open", "load_file"),
)
ROOMS = ("cohorts", "recording", "landmarks", "classifiers")
# Written and read again by neuroface alone, or read by a library of its own (docs/scale.md).
OWN = {
    "cohorts/folder_writer.py",  # who wrote a folder
    "cohorts/toronto_depth.py",  # of `camera` and `times`, in a folder of pictures
    "recording/extract.py",  # of a folder that prepare goes on in
    "landmarks/finetune.py", "landmarks/fold_weights.py",  # of a run
    "classifiers/model_file.py",  # of a run; what parses is safetensors, as in `weights`
    "classifiers/local_weights.py",
}  # fmt: skip


def test_every_file_that_parses_something_is_reached_by_a_reader(fuzz, tmp_path):
    package = Path(neuroface.__file__).parent
    parsing = {
        file.relative_to(package).as_posix()
        for room in ROOMS
        for file in (package / room).rglob("*.py")
        if any(called(node) in PARSERS for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    }
    reached: set[str] = set()

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(str(package)):
            reached.add(Path(frame.f_code.co_filename).relative_to(package).as_posix())

    for number, reader in enumerate(fuzz.readers()):
        place = tmp_path / str(number)
        place.mkdir()
        reader.lay_out(place)
        sys.setprofile(note)
        try:
            kind, what = fuzz.outcome(reader, reader.content, place)
        finally:
            sys.setprofile(None)
        assert kind == "result", f"{reader.name}: {what}"
    assert len(parsing) > 30
    assert parsing - reached - OWN == set()


def called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))
