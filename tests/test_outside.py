"""What a few bytes can make huge, deep or a program is refused in one message; nothing retries it another way."""

from __future__ import annotations

import ast
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

import neuroface
from neuroface import outside
from neuroface.classifiers import model_file
from neuroface.classifiers.load import load_model
from neuroface.cohorts import native
from neuroface.cohorts.landmark_files import read_dlib_faces
from neuroface.cohorts.marks import datavyu, elan
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.run_files import read_yaml
from neuroface.recording.images import read_color
from neuroface.recording.rgbd import read_depth

FILES = sorted(Path(neuroface.__file__).parent.rglob("*.py"))


def calls() -> list[tuple[str, ast.Call]]:
    """(file:line name, call) of every call in the package."""
    return [
        (f"{file.name}:{node.lineno} {ast.unparse(node.func)}", node)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def keyword(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), None)


def test_nothing_in_the_package_reads_a_file_as_a_program():
    """Held for every call there is: a fallback that retries unsafely would be one of them."""
    wrong = []
    for where, call in calls():
        name = where.rpartition(" ")[2]
        wrong += [where] * (name in ("eval", "exec", "compile", "__import__"))
        wrong += [where] * name.endswith(
            ("pickle.load", "pickle.loads", "Unpickler", "joblib.load", "read_pickle", "unsafe_load", "full_load",
             "read_hdf", "extractall", "os.system", "mktemp", "jit.load", "hub.load", "torch.package")
        )  # fmt: skip
        wrong += [where] * (name == "torch.load" and keyword(call, "weights_only") != "True")
        wrong += [where] * (name == "np.load" and keyword(call, "allow_pickle") != "False")
        wrong += [where] * (keyword(call, "allow_pickle") == "True")
        wrong += [where] * (name == "skops.io.load" and keyword(call, "trusted") is None)
        loader = keyword(call, "Loader") or ""
        wrong += [where] * (name == "yaml.load" and "Safe" not in loader and loader != "_NoAliases")
        wrong += [where] * (keyword(call, "shell") == "True")
        wrong += [where] * (name.startswith("ElementTree.") and name.endswith(("parse", "fromstring", "XML"))
                            and not where.startswith("outside.py"))  # fmt: skip
    assert not wrong, wrong


def test_torch_is_new_enough_to_keep_weights_only():
    """Before 2.6 a crafted file ran code in spite of weights_only=True (CVE-2025-32434)."""
    project = (Path(neuroface.__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"torch>=2.6"' in project


def npz(file: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file


def npy(shape: tuple[int, ...], kind: str = "<f8", content: bytes = b"") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": kind, "fortran_order": False, "shape": shape})
    return out.getvalue() + content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (npy((1 << 40, 68, 2)), "more than it holds"),
        (npy((1 << 60, 1 << 60)), "more than it holds"),
        (npy((3,), "|O", b"\x80\x04."), "allow_pickle"),
        (npy((4,), content=b"short"), "more than it holds"),
        (b"\x93NUMPY\x09\x00nonsense", "cannot be read as .npz"),
        (b"not numpy at all", "magic"),
    ],
)
def test_an_array_header_that_promises_more_than_there_is(content, why, tmp_path):
    with pytest.raises(DataError, match=why) as error:
        native.read_arrays(npz(tmp_path / "a.npz", points=content))
    assert "\n" not in str(error.value)


def test_an_archive_that_unpacks_to_more_than_any_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(outside, "MOST_BYTES", 1 << 16)
    file = npz(tmp_path / "a.npz", points=npy((1 << 17,), "|u1", bytes(1 << 17)))
    assert file.stat().st_size < 2000
    with pytest.raises(DataError, match="unpacks to"):
        native.read_arrays(file)
    with pytest.raises(DataError, match="unpacks to"):
        load_model(file.rename(tmp_path / "a.skops"))


def test_whole_arrays_are_read_as_numpy_reads_them(tmp_path):
    held = {"points": np.arange(6.0).reshape(2, 3), "name": np.array("pixel"), "none": np.zeros((0, 4), np.uint8)}
    np.savez_compressed(tmp_path / "a.npz", **held)
    found = native.read_arrays(tmp_path / "a.npz")
    assert found.keys() == held.keys()
    assert all((found[name] == held[name]).all() and found[name].dtype == held[name].dtype for name in held)


def test_the_text_in_a_zip_is_bounded(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.opf", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("db", "#4\n" + " " * 100_000)
    assert datavyu.read(tmp_path / "a.opf")
    monkeypatch.setattr(outside.read_member, "__kwdefaults__", {"at_most": 1000})
    with pytest.raises(DataError, match="is larger than"):
        datavyu.read(tmp_path / "a.opf")


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def test_a_picture_that_promises_more_pixels_than_a_camera_has(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(png(20_000, 20_000))
    for read in (read_color, read_depth):
        with pytest.raises(DataError, match="promises 20000x20000 px"):
            read(file)
    jpeg = cv2.imencode(".jpg", np.zeros((5, 7, 3), np.uint8))[1].tobytes()
    at = jpeg.index(b"\xff\xc0") + 5
    assert jpeg[at : at + 4] == struct.pack(">HH", 5, 7)
    (tmp_path / "a.jpg").write_bytes(jpeg[:at] + struct.pack(">HH", 60_000, 60_000) + jpeg[at + 4 :])
    with pytest.raises(DataError, match="promises 60000x60000 px"):
        read_color(tmp_path / "a.jpg")


@pytest.mark.parametrize("read", [elan.read, read_dlib_faces])
def test_xml_with_entities_of_its_own_is_not_expanded(read, tmp_path):
    file = tmp_path / "a.eaf"
    file.write_text('<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>')
    with pytest.raises(DataError, match="declares a document type"):
        read(file)


def test_json_and_yaml_without_end(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(DataError, match="nested too deeply"):
        native.read_json(deep)
    with pytest.raises(DataError, match="nested too deeply"):
        read_yaml(deep)
    (tmp_path / "config.yaml").write_text("a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    with pytest.raises(DataError, match="alias"):
        read_yaml(tmp_path / "config.yaml")


@pytest.mark.parametrize("target", ["neuroface.fetching.subprocess", "neuroface.fetching.contextmanager"])
def test_a_model_file_reaches_nothing_that_our_files_only_import(target):
    with pytest.raises(ConfigError, match="is not part of neuroface itself"):
        model_file.built({"_target_": target})


def test_a_model_file_whose_metadata_have_no_end(tmp_path):
    from safetensors.torch import save

    (tmp_path / "a.safetensors").write_bytes(save({}, {model_file.KEY: "[" * 100_000}))
    with pytest.raises(DataError, match="is no model file"):
        model_file.from_file(tmp_path / "a.safetensors")


def test_what_is_read_as_json_is_json():
    assert outside.read_json(json.dumps({"a": [1, None]})) == {"a": [1, None]}


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".tif", ".webp lossless", ".webp lossy", ".webp extended"])
def test_the_size_that_a_picture_promises_is_the_one_it_is_decoded_to(kind, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 255, (37, 53, 3), np.uint8)
    if kind == ".webp extended":
        image = pytest.importorskip("PIL.Image")
        out = io.BytesIO()
        image.fromarray(picture).save(out, "WEBP", exif=b"Exif\0\0II*\0")
        content = out.getvalue()
    else:
        quality = [cv2.IMWRITE_WEBP_QUALITY, 101 if "lossless" in kind else 50] if "webp" in kind else []
        content = cv2.imencode(kind.split()[0], picture, quality)[1].tobytes()
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == (37, 53, 3)
    monkeypatch.setattr(outside, "MOST_PIXELS", 37 * 53)
    outside.check_pixels(content)
    monkeypatch.setattr(outside, "MOST_PIXELS", 37 * 53 - 1)
    with pytest.raises(ValueError, match="promises 53x37 px"):
        outside.check_pixels(content)


def test_bigtiff_and_tiff_of_the_other_byte_order_promise_their_size_too():
    big = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, 2)
    big += struct.pack("<HHQQ", 256, 4, 1, 1 << 20) + struct.pack("<HHQQ", 257, 4, 1, 1 << 20)
    other = struct.pack(">2sHIH", b"MM", 42, 8, 2)
    other += struct.pack(">HHIHH", 256, 3, 1, 65535, 0) + struct.pack(">HHIHH", 257, 3, 1, 65535, 0)
    for content, size in ((big, "1048576x1048576"), (other, "65535x65535")):
        with pytest.raises(ValueError, match=f"promises {size} px"):
            outside.check_pixels(content)


@pytest.mark.parametrize("kind", [".ppm", ".ras", ".hdr"])
def test_a_picture_of_a_kind_without_a_bound_is_refused(kind):
    content = cv2.imencode(kind, np.zeros((4, 5, 3), np.uint8))[1].tobytes()
    with pytest.raises(ValueError, match="is no PNG, JPEG, BMP, TIFF or WebP"):
        outside.check_pixels(content)
