"""Weights of the official HTNet and of its palsy adaptation <-> ours, name by name, without loss.

Official (channel-first)                          Ours (token-major)
to_patch_embedding.1.*                            embed.*
layers.L.0.pos_emb                                levels.L.position
layers.L.0.layers.B.0.norm.{g,b}                  levels.L.blocks.B.attention_norm.{weight,bias}
layers.L.0.layers.B.0.fn.to_qkv.weight            levels.L.blocks.B.attention.{to_qk,to_v}.weight, split at two thirds
layers.L.0.layers.B.0.fn.to_{q,k,v}.weight        the same two in blocks with micro-attention, q and k stacked
layers.L.0.layers.B.0.fn.to_out.0.*               levels.L.blocks.B.attention.to_out.*
layers.L.0.layers.B.0.fn.asymmetry_score.{0,2}.*  levels.L.blocks.B.asymmetry.{compare,score}.*
layers.L.0.layers.B.1.norm.{g,b}                  levels.L.blocks.B.feed_norm.{weight,bias}
layers.L.0.layers.B.1.fn.net.{0,3}.*              levels.L.blocks.B.{widen,narrow}.*
layers.L.1.{0.*, 1.g, 1.b}                        levels.L.merge.{conv.*, norm.weight, norm.bias}
mlp_head.{0.g, 0.b, 2.*}                          {head_norm.weight, head_norm.bias, head.*}
roi_module.roi_detector.*                         regions.detect.*
roi_module.background_suppressor.*                regions.foreground.*
roi_module.roi_refine.*, facial_prior             regions.refine.*, prior

Shapes: 1x1 convolutions (out, in, 1, 1) are linear layers (out, in) here, but for those of the regions; a norm's
(1, C, 1, 1) is (C,). The "mirror" variants have no official counterpart. Names: github.com/wangzhifengharrison/HTNet,
Model.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from neuroface.errors import DataError, WeightsNotFoundError

# Official name -> ours. # is a number, * is weight or bias, ** is the rest.
_NORMS = {
    "layers.#.0.layers.#.0.norm": "levels.#.blocks.#.attention_norm",
    "layers.#.0.layers.#.1.norm": "levels.#.blocks.#.feed_norm",
    "layers.#.1.1": "levels.#.merge.norm",
    "mlp_head.0": "head_norm",
}
_NAMES = {
    "to_patch_embedding.1.*": "embed.*",
    "layers.#.0.pos_emb": "levels.#.position",
    "layers.#.0.layers.#.0.fn.to_out.0.*": "levels.#.blocks.#.attention.to_out.*",
    "layers.#.0.layers.#.0.fn.asymmetry_score.0.*": "levels.#.blocks.#.asymmetry.compare.*",
    "layers.#.0.layers.#.0.fn.asymmetry_score.2.*": "levels.#.blocks.#.asymmetry.score.*",
    "layers.#.0.layers.#.1.fn.net.0.*": "levels.#.blocks.#.widen.*",
    "layers.#.0.layers.#.1.fn.net.3.*": "levels.#.blocks.#.narrow.*",
    "layers.#.1.0.*": "levels.#.merge.conv.*",
    "mlp_head.2.*": "head.*",
    "roi_module.roi_detector.**": "regions.detect.**",
    "roi_module.background_suppressor.**": "regions.foreground.**",
    "roi_module.roi_refine.**": "regions.refine.**",
    "roi_module.facial_prior": "regions.prior",
    **{f"{official}.g": f"{ours}.weight" for official, ours in _NORMS.items()},
    **{f"{official}.b": f"{ours}.bias" for official, ours in _NORMS.items()},
}
_BACK = {ours: official for official, ours in _NAMES.items()}
_OFFICIAL_QKV = re.compile(r"layers\.(\d+)\.0\.layers\.(\d+)\.0\.fn\.to_(qkv|q|k|v)\.weight")
_OUR_QKV = re.compile(r"levels\.(\d+)\.blocks\.(\d+)\.attention\.to_(qk|v)\.weight")


def read(path: str | Path) -> dict[str, Tensor]:
    """The official state dict in a checkpoint: bare, or under "model_state_dict" beside the optimiser's state.

    Nothing in the file is executed. Raises WeightsNotFoundError and DataError.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsNotFoundError(f"No HTNet weights at {path}. Give the path of an official checkpoint (.pth).")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken or unsafe file raises errors of many kinds
        raise DataError(f"{path} cannot be read as a file of tensors only. Save its state dict again.") from error
    held = held.get("model_state_dict", held) if isinstance(held, dict) else None
    if held is None or not all(isinstance(value, Tensor) for value in held.values()):
        raise DataError(f"{path} holds no state dict. Give a file that torch.save(model.state_dict(), ...) wrote.")
    return held


def load_official(network: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Sets every weight of an `HTNet` from an official state dict, skipping none; DataError names what does not fit."""
    given, own = from_official(state_dict), network.state_dict()
    odd = [f"{name} is missing" for name in own.keys() - given.keys()]
    odd += [f"{name} has no place" for name in given.keys() - own.keys()]
    odd += [
        f"{name} is {tuple(given[name].shape)} and must be {tuple(own[name].shape)}"
        for name in own.keys() & given.keys()
        if given[name].shape != own[name].shape
    ]
    if odd:
        raise DataError(
            f"These weights are of another HTNet: {_first(odd)}. "
            "Set image_size, dim, heads, block_repeats, num_classes, micro_attention and roi as they were trained."
        )
    network.load_state_dict(given)


def from_official(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Official names and shapes -> ours. Raises DataError naming keys that HTNet does not have."""
    ours: dict[str, Tensor] = {}
    attention: dict[str, dict[str, Tensor]] = {}
    odd = []
    for name, tensor in state_dict.items():
        if found := _OFFICIAL_QKV.fullmatch(name):
            level, block, part = found.groups()
            attention.setdefault(f"levels.{level}.blocks.{block}.attention", {})[part] = tensor.flatten(1)
        elif new := _renamed(name, _NAMES):
            ours[new] = _without_pixels(new, tensor)
        else:
            odd.append(name)
    for name, parts in attention.items():
        if parts.keys() == {"qkv"}:
            qk, v = parts["qkv"].tensor_split([2 * len(parts["qkv"]) // 3])
        elif parts.keys() == {"q", "k", "v"}:
            qk, v = torch.cat([parts["q"], parts["k"]]), parts["v"]
        else:
            odd.append(f"{name} of {', '.join(sorted(parts))} only")
            continue
        ours |= {f"{name}.to_qk.weight": qk, f"{name}.to_v.weight": v}
    if odd:
        raise DataError(
            f"This is no official HTNet state dict: {_first(odd)}. Give one of HTNet or its palsy adaptation."
        )
    return ours


def to_official(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our names and shapes -> official. Raises DataError naming keys without a counterpart ("mirror" variants)."""
    official: dict[str, Tensor] = {}
    odd = [
        name
        for name in state_dict
        if name.endswith("asymmetry.compare.weight") and name.replace("weight", "bias") not in state_dict
    ]
    for name, tensor in state_dict.items():
        if found := _OUR_QKV.fullmatch(name):
            level, block, part = found.groups()
            if part == "v":
                qk = state_dict[name.replace("to_v", "to_qk")]
                if f"levels.{level}.blocks.{block}.asymmetry.compare.weight" in state_dict:
                    q, k = qk.chunk(2)
                    parts = {"q": q, "k": k, "v": tensor}
                else:
                    parts = {"qkv": torch.cat([qk, tensor])}
                prefix = f"layers.{level}.0.layers.{block}.0.fn"
                official |= {f"{prefix}.to_{key}.weight": value[..., None, None] for key, value in parts.items()}
        elif new := _renamed(name, _BACK):
            official[new] = _with_pixels(new, tensor)
        else:
            odd.append(name)
    if odd:
        raise DataError(
            f"The official HTNet has no place for {_first(odd)}. Only as_published variants can be carried over."
        )
    return official


def _renamed(name: str, table: Mapping[str, str]) -> str | None:
    for pattern, target in table.items():
        numbered = re.escape(pattern).replace(r"\#", r"(\d+)").replace(r"\*\*", "(.+)").replace(r"\*", "(weight|bias)")
        if found := re.fullmatch(numbered, name):
            for part in found.groups():
                target = re.sub(r"#|\*\*|\*", part, target, count=1)
            return target
    return None


def _without_pixels(ours: str, tensor: Tensor) -> Tensor:
    """(1, C, 1, 1) of a norm -> (C,), (out, in, 1, 1) of a layer -> (out, in); the regions stay convolutions."""
    if ours.startswith("regions.") or tensor.shape[2:] != (1, 1):
        return tensor
    return tensor.flatten() if "norm" in ours else tensor.flatten(1)


def _with_pixels(official: str, tensor: Tensor) -> Tensor:
    """The inverse of `_without_pixels`; the last layer is linear on both sides."""
    if official.endswith((".g", ".b")):
        return tensor.view(1, -1, 1, 1)
    is_layer = tensor.ndim == 2 and not official.startswith(("mlp_head.", "roi_module."))
    return tensor[..., None, None] if is_layer else tensor


def _first(names: Iterable[str], n: int = 6) -> str:
    names = sorted(names)
    return ", ".join(names[:n]) + (f", and {len(names) - n} more" if len(names) > n else "")
