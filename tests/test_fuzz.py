"""A small sample of scripts/fuzz.py, the same in each run; and what larger ones found, each by itself."""

from __future__ import annotations

import ast
import importlib
import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import save

import neuroface
from neuroface.classifiers.load import load_model
from neuroface.classifiers.local_weights import people_of
from neuroface.cohorts.marks import datavyu, textgrid
from neuroface.cohorts.native import read_recording
from neuroface.cohorts.one import Visits
from neuroface.cohorts.reading import read_numbers, read_rows
from neuroface.cohorts.table_files import Written, read_table
from neuroface.cohorts.trackers import mediapipe, openface3
from neuroface.errors import DataError
from neuroface.evaluate.predictions import read_predictions
from neuroface.outside import read_npz
from neuroface.recording.camera_file import read_camera
from neuroface.recording.containers import edited_s, length_proves_nothing
from neuroface.recording.rgbd import read_times

SCRIPT = Path(__file__).parents[1] / "scripts" / "fuzz.py"
CASES = 6
COSTLY = 5  # readers of a higher weight are asked by the script alone


@pytest.fixture(scope="module")
def fuzz():
    before = set(sys.modules)
    sys.path.insert(0, str(SCRIPT.parent))
    yield importlib.import_module("fuzz")
    sys.path.remove(str(SCRIPT.parent))
    for name in {name for name in sys.modules if name.startswith("fuzz")} - before:
        del sys.modules[name]


def cases(fuzz, reader, number, **keys):
    return fuzz.fuzz_apart.fuzz(reader, number, **keys)


def test_broken_files_give_a_result_or_one_message(fuzz):
    asked = [reader for _, reader in fuzz.readers().values() if reader.weight <= COSTLY]
    found = {reader.name: cases(fuzz, reader, CASES, seed=0)[1] for reader in asked}
    assert len(found) > 60
    assert not {name: dict(faults) for name, faults in found.items() if faults}


def test_a_fault_is_seen(fuzz):
    def reads_nothing_odd(file):
        return int(file.read_text(encoding="latin-1"))

    outcomes, faults = cases(fuzz, fuzz.Reader("number", "a.txt", b"12345", reads_nothing_odd), 50, seed=0)
    assert outcomes["fault"] > 10
    assert any("ValueError" in what for what in faults)


def kills_itself(file):
    if b"3" not in file.read_bytes():
        os.kill(os.getpid(), signal.SIGKILL)


def sleeps_deaf(file):
    if b"3" not in file.read_bytes():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # as compiled code is that hangs
        time.sleep(60)


@pytest.mark.parametrize(("read", "told"), [(kills_itself, "ended by SIGKILL"), (sleeps_deaf, "in compiled code")])
def test_what_ends_the_process_or_hangs_it_is_a_fault_of_its_case_and_the_others_go_on(fuzz, read, told, monkeypatch):
    monkeypatch.setattr(sys.modules["fuzz_case"], "HUNG_S", 0.5)
    monkeypatch.setattr(sys.modules["fuzz_case"], "HUNG_APART_S", 0.5)
    reader = fuzz.Reader("end", "a.txt", b"12345", read)
    outcomes, faults = cases(fuzz, reader, 8, seed=0)
    assert outcomes.total() == 8
    assert outcomes["fault"] == sum(faults.values()) > 1
    assert outcomes["result"] > 1
    assert all(told in what for what in faults)
    outcomes, faults = cases(fuzz, replace(reader, apart=True), 8, seed=0)
    assert (outcomes["fault"], sum(faults.values())) == (0, 0)
    assert outcomes["refused"] > 1


def test_what_is_packed_is_broken_inside_and_packed_again(fuzz):
    chosen = random.Random(0)
    packing = sys.modules["fuzz_packed"].packing
    whole = {reader.name: reader.content for _, reader in fuzz.readers().values()}
    for name in ("npz", "png", "weights", "source archive"):
        content = whole[name]
        assert packing(content)(content, lambda part: part, chosen) != b""
    opened = 0
    for _ in range(50):
        changed = packing(whole["npz"])(whole["npz"], lambda part: part + b"!", chosen)
        with zipfile.ZipFile(io.BytesIO(changed)) as archive:
            opened += archive.testzip() is None
    assert opened == 50
    picture = packing(whole["png"])(whole["png"], lambda part: part, chosen)
    assert (cv2.imdecode(np.frombuffer(picture, np.uint8), -1) == np.arange(576).reshape(12, 16, 3) % 256).all()


PLANTED = """
import sys
from fuzz_case import Reader

def read(file):
    content = file.read_bytes()
    if len(content) > 4 and content[0] == 0xC3:
        if content[1] == 0x91:
            if content[2] == 0x5E:
                raise IndexError("planted")

def readers():
    return [Reader("planted", "a.bin", b"12345678", read)]
"""


@pytest.mark.slow
def test_guidance_finds_a_fault_that_chance_does_not(tmp_path):
    pytest.importorskip("atheris")
    (tmp_path / "planted_readers.py").write_text(PLANTED, encoding="utf-8")
    call = [sys.executable, str(SCRIPT), "--readers", str(tmp_path / "planted_readers.py")]
    by_chance = subprocess.run([*call, "--cases", "20000"], capture_output=True, text=True, check=False)
    assert (by_chance.returncode, by_chance.stdout.split()[-2]) == (0, "0"), by_chance.stdout + by_chance.stderr
    guided = subprocess.run([*call, "--guided", "20"], capture_output=True, text=True, check=False)
    assert guided.returncode == 1, guided.stdout + guided.stderr
    assert "IndexError at planted_readers.py" in guided.stdout


def sidecar(file):
    who = {"subject": "P1", "group": "HC", "task": "OPEN", "session": "", "attributes": {}}
    return read_recording(file.with_name("a"), marks=None, videos=[], common={}, **who)


def read_npz_as_data(file):
    try:
        read_npz(file)
    except ValueError as error:
        raise DataError(str(error)) from error


def landmarks(file):
    who = {"subject": "P1", "group": "HC", "task": "OPEN", "session": "", "attributes": {}}
    return read_recording(file.with_name("a"), marks=file, videos=[], common={"space": "pixel", "fps": 30}, **who)


def one_file(file):
    return list(Visits(paths=[file, file]).recordings())


def npz(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def tensors(told):
    return save({"a": np.zeros(2)}, told)


@pytest.mark.parametrize(
    ("read", "name", "content"),
    [
        (lambda f: read_rows(f, required=()), "a.csv", b'a,b\n1,"' + b"x" * 200_000 + b'"\n'),
        (lambda f: read_table(f, text=[], written=Written()), "a.csv", b"a;b\r1;2\n1;2\n"),
        (lambda f: read_table(f, text=[], written=Written()), "a.csv", b'a;"b\n' + b"x" * 200_000),
        (lambda f: read_numbers(f, lambda name: True), "a.csv", b"x_0,\ry_0\n0,1,\n"),
        (lambda f: read_numbers(f, lambda name: True), "a.csv", b"x_0\n0,1,y,\n0,1,y,2\n0,1,y,2\n"),
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
        (textgrid.read, "a.TextGrid", b'"ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n1e999\n'),
        (textgrid.read, "a.TextGrid", b'"ooTextFile"\n"TextGrid"\n0 1 <exists> 1\n"IntervalTier" "a" 0 1 1e999\n'),
        (edited_s, "a.mp4", b""),
        (length_proves_nothing, "a.mkv", b"\x1a\x45\xdf\xa3"),
        (length_proves_nothing, "a.mkv", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67"),
        (lambda f: read_camera(f, depth=False), "camera.json", b'{"color_intrinsics": "fx"}'),
        (
            landmarks,
            "a_landmarks.npz",
            npz({"points.npy": npy(np.ones((2, 6, 2))), "timestamps_s.npy": npy(np.arange(2.0))}),
        ),
        (
            landmarks,
            "a_landmarks.npz",
            npz({"points.npy": npy(np.array([["x"]])), "timestamps_s.npy": npy(np.arange(1.0))}),
        ),
        (read_npz_as_data, "a.npz", npz({"a.npy": b"\x93NUMPY\1\0\x20\0" + b"{'descr': '<f8', 'shape': (3,   \n"})),
        (one_file, "a.npz", npz({"points.npy": npy(np.ones((2, 68, 2))), "size_wh.npy": npy(np.ones(1))})),
        (one_file, "a.npz", npz({"points.npy": npy(np.ones((2, 68, 2))), "fps.npy": npy(np.array(["x", "y"]))})),
        (load_model, "a.safetensors", tensors({"neuroface": "[]"})),
        (load_model, "a.safetensors", tensors({"neuroface": "{}"})),
        (load_model, "a.safetensors", tensors({"neuroface": '{"settings": {"no": 1}}'})),
        (people_of, "a.safetensors", tensors({"neuroface.weights": "{"})),
        (people_of, "a.safetensors", tensors({"neuroface.weights": '{"people": 3}'})),
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
    *("read_plain_pickle", "open_dataset", "File", "Reader", "VideoCapture", "unpack_from", "ZipFile"),
)
ROOMS = (".", "cohorts", "recording", "landmarks", "classifiers", "explain")
# Written and read again by neuroface alone, or read by a library of its own (docs/scale.md).
OWN = {
    "cohorts/folder_writer.py",  # who wrote a folder
    "cohorts/toronto_depth.py",  # of `camera` and `times`, in a folder of pictures
    "recording/extract.py",  # of a folder that prepare goes on in
    "landmarks/finetune.py", "landmarks/fold_weights.py",  # of a run
    "contents.py", "store.py",  # what neuroface itself keeps
    "cohorts/toronto_scores.py",  # writes a workbook
}  # fmt: skip


def test_every_file_that_parses_something_is_reached_by_a_reader(fuzz, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["fuzz_case"], "LIMIT_S", 120.0)  # each call is noted, which takes its time
    package = Path(neuroface.__file__).parent
    parsing = {
        file.relative_to(package).as_posix()
        for room in ROOMS
        for file in ((package / room).glob("*.py") if room == "." else (package / room).rglob("*.py"))
        if any(called(node) in PARSERS for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    }
    reached: set[str] = set()

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(str(package)):
            reached.add(Path(frame.f_code.co_filename).relative_to(package).as_posix())

    for number, (_, reader) in enumerate(fuzz.readers().values()):
        place = tmp_path / str(number)
        place.mkdir()
        reader.lay_out(place)
        sys.setprofile(note)
        try:
            kind, what = sys.modules["fuzz_case"].outcome(reader, reader.content, place)
        finally:
            sys.setprofile(None)
        assert kind == "result", f"{reader.name}: {what}"
    assert len(parsing) > 40
    assert parsing - reached - OWN == set()


def called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))
