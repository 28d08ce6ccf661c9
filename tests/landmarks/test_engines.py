from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from checks import give_memory_back
from neuroface.errors import ConfigError
from neuroface.landmarks import engines, heatmaps, weights
from neuroface.landmarks.crops import from_points
from neuroface.landmarks.fan import FAN
from neuroface.processor import has_bf16

HERE = [
    (engine, precision)
    for engine, precisions in engines.PRECISIONS.items()
    for precision in precisions
    if all(importlib.util.find_spec(name) for name in engines.PACKAGES.get(engine, ()))
    and (precision != "bf16" or has_bf16(torch.device("cpu")))
]


@pytest.fixture(scope="module")
def fan():
    torch.manual_seed(0)
    return FAN(2, width=16, size=64).eval()


@pytest.fixture
def faces():
    return torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("engine", "precision"), HERE)
def test_every_engine_gives_the_networks_last_heat_maps(fan, faces, engine, precision):
    with torch.inference_mode():
        wanted = fan(faces.permute(0, 3, 1, 2) / 255)[-1]
    got = engines.make(fan, engine=engine, precision=precision, device="cpu")(faces)
    assert got.dtype == torch.float32
    # bf16 and int8 keep 8 bits: one part in 256 per rounding, of which a network makes many that average out
    tolerance = 1e-5 if precision == "fp32" else 0.1
    assert (got - wanted).abs().max() <= tolerance * wanted.abs().max()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")
def test_a_network_made_ready_again_leaves_little_memory_behind(fan):
    """Traced as a module, each left 45 MB: cross-fitted networks are as many as there are folds."""

    def held_mb():
        give_memory_back()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    engines.make(fan, engine="openvino", device="cpu")
    before = held_mb()
    for _ in range(4):
        engines.make(fan, engine="openvino", device="cpu")
    assert held_mb() - before < 4 * 25


@pytest.mark.parametrize(("engine", "precision"), [one for one in HERE if one[1] != "fp32"])
def test_less_precision_reads_the_landmarks_that_fp32_reads(engine, precision):
    """Mean difference below 1 % of the intercanthal distance, on rendered faces by the bundled network."""
    if not weights.BUNDLED.is_file():
        pytest.skip("the bundled network is not there")
    faces, apart = rendered(weights.load("bundled").size)
    exact, rough = (
        heatmaps.to_crop(
            heatmaps.decode(engines.make(weights.load("bundled"), engine=e, precision=p, device="cpu")(faces))[0]
        )
        for e, p in (("torch", "fp32"), (engine, precision))
    )
    error = (exact - rough).norm(dim=-1).mean(dim=1).numpy() / apart
    assert 0 < error.mean() < 0.01


def rendered(size):
    """(N, size, size, 3) uint8 faces and their intercanthal distances (N,) px of the crop."""
    from neuroface import face
    from neuroface.cohorts.synthetic import SyntheticCohort

    cuts, apart = [], []
    for recording in SyntheticCohort(people={"HC": 4, "ALS": 4}, tasks=("OPEN",), modality="rgbd").recordings():
        points = recording.truth.pixels.points[20]
        crop = from_points(points, size)
        (frame,) = recording.video.frames(20, 21)
        cuts.append(torch.from_numpy(crop.cut(frame.color)))
        at = crop.to_crop(points)
        apart.append(np.linalg.norm(at[face.CANTHUS_RIGHT_INNER] - at[face.CANTHUS_LEFT_INNER]))
    return torch.stack(cuts), np.array(apart)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 5e-3), ("bf16", 0.05)])
def test_a_gpu_gives_what_the_cpu_gives(faces, precision, tolerance):
    torch.manual_seed(0)
    fan = FAN(2, width=16, size=64).eval()
    wanted = engines.make(fan, device="cpu")(faces)
    got = engines.make(fan, precision=precision, device="cuda")(faces)
    assert got.device.type == "cuda"
    assert (got.cpu() - wanted).abs().max() <= tolerance * wanted.abs().max()


@pytest.mark.parametrize(
    ("engine", "precision", "device", "message"),
    [
        ("onnxrun", "fp32", "auto", "landmarks.engine=onnxrun: there is no such engine. Did you mean 'onnxruntime'?"),
        (
            "torch",
            "int8",
            "auto",
            "landmarks.precision=int8: engine torch has no such precision. Choose from bf16, fp32.",
        ),
        ("onnxruntime", "bf16", "auto", "engine onnxruntime has no such precision. Choose from fp32."),
        ("openvino", "bf16", "cuda", "engine openvino runs on the CPU. Set landmarks.engine=torch."),
    ],
)
def test_what_does_not_go_together(engine, precision, device, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        engines.check(engine, precision, device)


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_bf16_is_refused_where_the_processor_has_none(fan, engine, monkeypatch):
    """Nothing falls back in silence: it would be eight times slower than fp32."""
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    with pytest.raises(ConfigError, match=r"landmarks\.precision=bf16: this processor has no bf16 arithmetic"):
        engines.make(fan, engine=engine, precision="bf16", device="cpu")


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_that_is_not_installed(engine, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'neuroface[fast]', or set landmarks.engine=torch.")):
        engines.check(engine, "fp32", "auto")


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_here(device):
    with pytest.raises(ConfigError, match=re.escape(f"device={device} is not here:")):
        engines.place(device)
