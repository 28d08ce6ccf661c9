"""What the processor of this machine can compute with: asked, not assumed."""

from __future__ import annotations

import os
import platform

import torch

from neuroface.errors import ConfigError

X86 = ("x86_64", "amd64", "i386", "i686")
# Values of oneDNN's ONEDNN_MAX_CPU_ISA under which it may use bf16 instructions of an x86 processor; unset is ALL.
# https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
WITH_BF16 = ("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX10", "AVX2_VNNI_2")


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes with bfloat16 by instructions of its own.

    Where it does not, oneDNN has no recurrent network in bf16 at all, and convolutions in it are many times slower than
    in fp32. ATEN_CPU_CAPABILITY and ONEDNN_MAX_CPU_ISA, which make a processor pass for a lesser one, are heeded.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return True
    if not (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        return False
    if platform.machine().lower() not in X86:
        return True
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "ALL"
    vectors = torch.backends.cpu.get_cpu_capability()
    return vectors == "AVX512" and allowed.upper().startswith(WITH_BF16) and _x86_has_bf16()


def check_precision(precision: str, device: torch.device, *, key: str) -> None:
    """ConfigError for bf16 on a device without it. key: of the configuration, such as classifier.precision."""
    if precision == "bf16" and not has_bf16(device):
        what = "processor" if device.type == "cpu" else "GPU"
        raise ConfigError(f"{key}=bf16: this {what} has no bf16 arithmetic (avx512_bf16 or amx). Set {key}=fp32.")


def _x86_has_bf16() -> bool:
    """By the processor's own flags, which torch tells since 2.4; those of the system where it does not."""
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    if asked is not None:
        return bool(asked())
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as told:  # noqa: PTH123
            return "avx512_bf16" in told.read()
    except OSError:
        return False
