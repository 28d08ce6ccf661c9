"""Weight files: what is read back, where they are looked for, and what is refused in which words."""

from __future__ import annotations

import hashlib
import io
import urllib.error
from pathlib import Path

import pytest
import torch

from neuroface.errors import DataError, WeightsNotFoundError
from neuroface.landmarks import weights
from neuroface.landmarks.fan import FAN


@pytest.fixture(scope="module")
def fan() -> FAN:
    torch.manual_seed(0)
    return FAN(2, width=16, landmarks=5, size=64).eval()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of torch."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def saved(fan: FAN, path: Path) -> str:
    weights.save(fan, path, about={"look": "wild"}, fitted_on=["A002", "A001", "A002"])
    return str(path)


def same(one: FAN, other: FAN) -> bool:
    image = torch.rand(1, 3, one.size, one.size)
    with torch.no_grad():
        return torch.equal(one(image)[-1], other(image)[-1])


def test_what_is_saved_is_loaded(fan, tmp_path):
    path = saved(fan, tmp_path / "new" / "fan.safetensors")
    found = weights.load(path)
    assert (found.stacks, found.width, found.landmarks, found.size) == (2, 16, 5, 64)
    assert same(found, fan)
    assert not found.training
    assert all(value.requires_grad for value in found.parameters())
    assert weights.fitted_on(path) == {"A001", "A002"}
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["fan.safetensors"]


def test_half_precision_on_disk_is_full_precision_in_use(fan, tmp_path):
    half = FAN(2, width=16, landmarks=5, size=64)
    half.load_state_dict(fan.state_dict())
    found = weights.load(saved(half.half(), tmp_path / "fan.safetensors"))
    assert {value.dtype for value in found.parameters()} == {torch.float32}
    torch.testing.assert_close(found.conv1.weight, fan.conv1.weight, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ["fan.pth", "fan.pth.tar"])
def test_a_plain_state_dict_is_loaded(fan, tmp_path, name):
    torch.save(fan.state_dict(), tmp_path / name)
    found = weights.load(str(tmp_path / name))
    assert (found.stacks, found.width, found.landmarks, found.size) == (2, 16, 5, 256)
    assert same(found, fan)
    assert weights.fitted_on(str(tmp_path / name)) == frozenset()


def test_a_file_older_than_the_counters_of_batch_norm_is_loaded(fan, tmp_path):
    state = {name: value for name, value in fan.state_dict().items() if "num_batches" not in name}
    torch.save(state, tmp_path / "old.pth")
    assert same(weights.load(str(tmp_path / "old.pth")), fan)


def test_other_keys_and_shapes_are_named(fan, tmp_path):
    state = fan.state_dict()
    del state["m1.b2_4.conv2.weight"]
    state["al1.weight"] = torch.zeros(3)
    state["bl0.bias"] = torch.zeros(3)
    path = tmp_path / "odd.pth"
    torch.save(state, path)
    with pytest.raises(DataError) as caught:
        weights.load(str(path))
    assert str(caught.value) == (
        f"{path} holds no FAN of 2 stacks, width 16, 5 landmarks. missing: m1.b2_4.conv2.weight; "
        "not expected: al1.weight; of another shape: bl0.bias (3,) for (16,)."
    )


def test_another_network_is_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)).state_dict(), path)
    with pytest.raises(DataError) as caught:
        weights.load(str(path))
    assert str(caught.value) == (
        f"{path} holds no FAN: conv1.weight and l0.weight are wanted; it has 0.weight, 0.bias, 1.weight and 1 more."
    )


def test_a_checkpoint_around_the_weights_is_described(fan, tmp_path):
    path = tmp_path / "checkpoint.pth"
    torch.save({"epoch": 3, "state_dict": fan.state_dict()}, path)
    with pytest.raises(DataError) as caught:
        weights.load(str(path))
    assert str(caught.value) == (
        f"{path} holds a mapping with epoch, state_dict, not a plain state dict (name -> tensor)."
    )


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_programs_and_broken_files_are_refused(tmp_path):
    script, pickled, broken = tmp_path / "script.zip", tmp_path / "model.pth", tmp_path / "broken.pth.tar"
    torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)).save(str(script))
    torch.save(FAN(1, width=8, size=64), pickled)
    broken.write_bytes(b"not a network")
    for path in (script, pickled, broken):
        with pytest.raises(DataError) as caught:
            weights.load(str(path))
        assert str(caught.value) == (
            f"{path} is no plain state dict, or it is damaged. TorchScript archives and pickled models are programs "
            "and are not read; the published network's plain file is 2DFAN4-11f355bf06.pth.tar."
        )


def test_broken_safetensors_are_refused(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"\x08" + bytes(20))
    for read in (weights.load, weights.fitted_on):
        with pytest.raises(DataError, match=r"broken\.safetensors cannot be read as safetensors: "):
            read(str(path))


def test_a_path_that_is_not_there():
    with pytest.raises(WeightsNotFoundError) as caught:
        weights.load("no/fan.pth")
    assert caught.value.exit_code == 4
    assert str(caught.value) == (
        "landmarks.weights=no/fan.pth: there is no such file. Name a .safetensors, .pth or .pth.tar file, or choose "
        "official or bundled."
    )


def test_official_weights_that_are_not_there(cache):
    (cache / "2DFAN4-cd938726ad.zip").touch()
    with pytest.raises(WeightsNotFoundError) as caught:
        weights.load("official")
    assert str(caught.value) == (
        f"landmarks.weights=official: 2DFAN4-11f355bf06.pth.tar (about 91 MiB) is not in {cache}. Set "
        "landmarks.allow_download=true to fetch it from "
        "https://www.adrianbulat.com/downloads/python-fan/2DFAN4-11f355bf06.pth.tar, or put it there yourself. "
        "(2DFAN4-cd938726ad.zip there is a program, which is not read.)"
    )


def test_the_official_name_and_size_are_face_alignments():
    api = pytest.importorskip("face_alignment.api")
    assert api.models_urls["2DFAN-4"] == weights.OFFICIAL_URL
    with torch.device("meta"):
        size = sum(value.numel() * value.element_size() for value in FAN().state_dict().values())
    assert f"about {round(size / 2**20)} MiB" == weights.OFFICIAL_SIZE


def published(fan: FAN, monkeypatch) -> bytes:
    """The file of a small network, under an official name that tells its digest, served as if by the authors."""
    file = io.BytesIO()
    torch.save(fan.state_dict(), file)
    content = file.getvalue()
    name = f"2DFAN4-{hashlib.sha256(content).hexdigest()[:10]}.pth.tar"
    monkeypatch.setattr(weights, "OFFICIAL_NAME", name)
    monkeypatch.setattr(weights, "OFFICIAL_URL", f"https://example.org/{name}")
    return content


def test_official_weights_are_fetched_when_allowed_and_kept(fan, cache, monkeypatch, capsys):
    content, asked = published(fan, monkeypatch), []
    monkeypatch.setattr(
        weights.urllib.request, "urlopen", lambda url, timeout: asked.append(url) or io.BytesIO(content)
    )
    assert same(weights.load("official", allow_download=True), fan)
    assert hashlib.sha256(content).hexdigest() in capsys.readouterr().err
    assert same(weights.load("official"), fan)
    assert asked == [weights.OFFICIAL_URL]
    assert [file.name for file in cache.iterdir()] == [weights.OFFICIAL_NAME]


def test_a_download_of_other_content_is_not_kept(fan, cache, monkeypatch):
    content = published(fan, monkeypatch)
    monkeypatch.setattr(weights.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(content[:-100]))
    with pytest.raises(DataError, match=r"It is damaged or another file; remove it and fetch it again\.$"):
        weights.load("official", allow_download=True)
    assert list(cache.iterdir()) == []


def test_a_download_that_fails_says_where_the_file_belongs(fan, cache, monkeypatch):
    published(fan, monkeypatch)

    def refuse(url, timeout):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(weights.urllib.request, "urlopen", refuse)
    with pytest.raises(WeightsNotFoundError) as caught:
        weights.load("official", allow_download=True)
    assert str(caught.value) == (
        f"landmarks.weights=official: {weights.OFFICIAL_URL} (about 91 MiB) could not be fetched: <urlopen error no "
        f"route to host>. Put the file in {cache} by other means."
    )
    assert list(cache.iterdir()) == []


def test_an_official_file_of_another_digest_is_refused(fan, cache):
    torch.save(fan.state_dict(), cache / weights.OFFICIAL_NAME)
    with pytest.raises(
        DataError, match=r"2DFAN4-11f355bf06\.pth\.tar: its SHA-256 is [0-9a-f]{64} and should begin with"
    ):
        weights.load("official")


def test_bundled_weights_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "BUNDLED", tmp_path / "fan_wild.safetensors")
    with pytest.raises(WeightsNotFoundError) as caught:
        weights.load("bundled")
    assert str(caught.value) == (
        f"landmarks.weights=bundled: {tmp_path}/fan_wild.safetensors is not there. It comes with neuroface and is made "
        "by scripts/train_bundled_fan.py; install neuroface again, or run that."
    )
