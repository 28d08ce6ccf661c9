"""Ways to run a FAN. Each takes faces as they are cut and gives the heat-maps of the last stack.

An engine is called with (N, S, S, 3) uint8 RGB, S the size of the network's input, and returns (N, L, S/4, S/4)
float32. All of them use as many threads as torch does.
"""

from __future__ import annotations

import copy
import importlib.util
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from neuroface.errors import ConfigError, did_you_mean
from neuroface.landmarks.fan import FAN
from neuroface.landmarks.quantised import quantised
from neuroface.processor import check_precision, has_bf16

Engine = Callable[[Tensor], Tensor]
PRECISIONS = {"torch": ("fp32", "bf16"), "onnxruntime": ("fp32",), "openvino": ("fp32", "bf16", "int8")}
PACKAGES = {"onnxruntime": ("onnx", "onnxruntime"), "openvino": ("openvino",)}


def check(engine: str, precision: str, device: str) -> None:
    """ConfigError for an engine, precision or device that there is not, or that do not go together."""
    if engine not in PRECISIONS:
        raise ConfigError(f"landmarks.engine={engine}: there is no such engine." + did_you_mean(engine, PRECISIONS))
    if precision not in PRECISIONS[engine]:
        raise ConfigError(
            f"landmarks.precision={precision}: engine {engine} has no such precision."
            + did_you_mean(precision, PRECISIONS[engine])
        )
    if engine != "torch" and device not in ("auto", "cpu"):
        raise ConfigError(f"landmarks.device={device}: engine {engine} runs on the CPU. Set landmarks.engine=torch.")
    missing = [name for name in PACKAGES.get(engine, ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"landmarks.engine={engine} needs {' and '.join(missing)}: pip install 'neuroface[fast]', or set "
            "landmarks.engine=torch."
        )


def make(fan: FAN, *, engine: str = "torch", precision: str = "fp32", device: str = "auto") -> Engine:
    """The engine of that name for a network, which it may move to its device. Errors: see `check`."""
    check(engine, precision, device)
    if engine == "torch":
        return by_torch(fan, precision=precision, device=place(device))
    return by_onnxruntime(fan) if engine == "onnxruntime" else by_openvino(fan, precision=precision)


def place(device: str) -> torch.device:
    """The device of that name; "auto" is a GPU where there is one. Errors: ConfigError for one that is not there."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(f"device={device} is not here: {str(error).splitlines()[0]} Set device=cpu.") from error
    return found


def by_torch(fan: FAN, *, precision: str, device: torch.device) -> Engine:
    """Eager torch, channels last; "bf16" is autocast. Errors: ConfigError for bf16 on a device that has none."""
    check_precision(precision, device, key="landmarks.precision")
    network = _Last(fan).to(device).to(memory_format=torch.channels_last).eval()

    def run(faces: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            return network(_network_input(faces.to(device))).float()

    return run


def by_onnxruntime(fan: FAN) -> Engine:
    """ONNX Runtime on the CPU, one face at a time: a batch gains nothing there."""
    import onnxruntime

    network, example = _Last(fan).cpu().eval(), torch.zeros(1, 3, fan.size, fan.size)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the exporter that needs no further package is the older one
        model = f"{folder}/fan.onnx"
        torch.onnx.export(network, (example,), model, input_names=["faces"], output_names=["heatmaps"], dynamo=False)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return _one_by_one(lambda face: session.run(None, {"faces": face})[0])


def by_openvino(fan: FAN, *, precision: str) -> Engine:
    """OpenVINO on the CPU, one face at a time.

    "int8" is for the 3x3 convolutions (see `quantised`); the rest is bf16 on a CPU that has it, else fp32.
    Errors: ConfigError for bf16 on a CPU that has none.
    """
    import openvino

    cpu = torch.device("cpu")
    check_precision(precision, cpu, key="landmarks.precision")
    own = quantised(fan) if precision == "int8" else copy.deepcopy(fan)
    network, faces = _Last(own).cpu().eval().requires_grad_(False), torch.zeros(1, 3, fan.size, fan.size)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of tracing
        # Torch keeps what it traces of a module until the process ends (its issue 35600), 50 to 200 MB a network. Of a
        # function it keeps a tenth, and the conversion takes half the time.
        traced = torch.jit.trace(lambda x: network(x), faces, check_trace=False)
        model = openvino.convert_model(traced, example_input=faces, input=list(faces.shape))
    wanted = openvino.Type.bf16 if precision != "fp32" and has_bf16(cpu) else openvino.Type.f32
    hints = {"INFERENCE_PRECISION_HINT": wanted, "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = openvino.Core().compile_model(model, "CPU", hints)
    if precision == "bf16" and compiled.get_property("INFERENCE_PRECISION_HINT") != wanted:
        raise ConfigError(f"landmarks.precision={precision}: this CPU has none. Set landmarks.precision=fp32.")
    return _one_by_one(lambda face: compiled(face)[0])


class _Last(nn.Module):
    """A FAN that gives its last heat-maps only."""

    def __init__(self, fan: FAN) -> None:
        super().__init__()
        self.fan = fan

    def forward(self, x: Tensor) -> Tensor:
        return self.fan.last(self.fan.trunk(x))


def _network_input(faces: Tensor) -> Tensor:
    """(N, 3, S, S) float32 0..1 in channels-last layout, from (N, S, S, 3) uint8."""
    return faces.permute(0, 3, 1, 2).float().div_(255)


def _one_by_one(run: Callable[[Any], Any]) -> Engine:
    """An engine from a function of one face as a numpy array (1, 3, S, S) float32."""

    def all_of(faces: Tensor) -> Tensor:
        inputs = _network_input(faces).contiguous().numpy()
        return torch.cat([torch.from_numpy(run(one[None])) for one in inputs])

    return all_of
