"""Pictures and clips as they might have been: mirrored, nearer, elsewhere in the frame, in other light, a little later.

A whole batch at once, on the device it is on; what is drawn comes from a generator on the CPU, so that the same seed
gives the same batch on any device.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from neuroface.errors import ConfigError, DataError

# Rec. 601 luma, the grey that saturation is measured against.
LUMA = (0.299, 0.587, 0.114)


def augment(
    pixels: Tensor,
    generator: torch.Generator | None = None,
    *,
    frames: int | None = 16,
    flip: float = 0.5,
    zoom: float = 0.05,
    shift: float = 0.05,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    time_shift: float = 1.0,
    speed: float = 0.1,
) -> Tensor:
    """Other pictures of the same: float32 0..255. Without a generator nothing is left to chance and pixels stay.

    pixels: (B, H, W, C) or (B, T, H, W, C) uint8; of more than 3 channels the others are masks, which light and color
    leave alone. frames: how many of a clip's go to the network, None for all; the others are room for time_shift and
    speed, and without chance the middle ones are taken. flip: share of samples that are mirrored. zoom: faces are shown
    up to this share larger or smaller; shift: and moved by up to this share of a side, the border repeated. brightness,
    contrast, saturation: changed by up to this share. time_shift: frames by which a clip begins up to so much earlier
    or later; speed: it runs up to this share faster or slower; beyond what is stored the last frame repeats. Draws are
    uniform, and the same for all frames of a clip.
    Errors: ConfigError for values without meaning, DataError for clips of fewer frames.
    """
    look = {"flip": flip, "brightness": brightness, "contrast": contrast, "saturation": saturation}
    _check(frames, time_shift, {**look, "zoom": zoom, "shift": shift, "speed": speed})
    clips = pixels if pixels.ndim == 5 else pixels[:, None]
    length = clips.shape[1] if frames is None or pixels.ndim == 4 else frames
    if length > clips.shape[1]:
        raise DataError(f"augment.frames is {length}, clips have {clips.shape[1]}; set frames of the view.")
    if generator is None:
        first = (clips.shape[1] - length) // 2
        clips = clips[:, first : first + length]
    else:
        draw = _Draw(len(pixels), pixels.device, generator)
        clips = _in_time(clips, length, time_shift, speed, draw)
        clips = _in_space(clips, flip, zoom, shift, draw)
        colors, masks = clips[..., : len(LUMA)], clips[..., len(LUMA) :]
        colors = _in_light(colors, brightness, contrast, draw)
        colors = _in_color(colors, saturation, draw) if colors.shape[-1] == len(LUMA) else colors
        clips = torch.cat([colors, masks], dim=-1) if masks.shape[-1] else colors
        clips = clips.clamp_(0, 255).contiguous()  # channels last in memory, as convolutions run fastest
    return clips if pixels.ndim == 5 else clips[:, 0]


class _Draw:
    """Uniform numbers (n,), drawn on the CPU and moved to the device."""

    def __init__(self, n: int, device: torch.device, generator: torch.Generator) -> None:
        self._n, self._device, self._generator = n, device, generator

    def __call__(self, low: float, high: float) -> Tensor:
        drawn = torch.rand(self._n, generator=self._generator)
        return (low + (high - low) * drawn).to(self._device)

    def about_one(self, share: float) -> Tensor:
        """(n, 1, 1, 1, 1) factors."""
        return self(1 - share, 1 + share).view(-1, 1, 1, 1, 1)


def _in_time(clips: Tensor, length: int, time_shift: float, speed: float, draw: _Draw) -> Tensor:
    """(B, length, H, W, C): the nearest frames, from each clip's own start and at its own pace."""
    stored = clips.shape[1]
    middle = (stored - length) // 2 + (length - 1) / 2
    from_middle = torch.arange(length, device=clips.device) - (length - 1) / 2
    pace, late = draw(1 - speed, 1 + speed), draw(-time_shift, time_shift)
    at = (middle + late[:, None] + pace[:, None] * from_middle).round().long().clamp(0, stored - 1)
    return clips[torch.arange(len(clips), device=clips.device)[:, None], at]


def _in_space(clips: Tensor, flip: float, zoom: float, shift: float, draw: _Draw) -> Tensor:
    """(B, T, H, W, C) float32: mirrored, scaled and moved, bilinear; one grid for all frames of a clip."""
    b, t, h, w, c = clips.shape
    side = torch.where(draw(0, 1) < flip, -1.0, 1.0)
    scale = 1 / draw(1 - zoom, 1 + zoom)
    x, y = draw(-2 * shift, 2 * shift), draw(-2 * shift, 2 * shift)  # affine_grid spans a side by -1..1
    nothing = torch.zeros_like(x)
    rows = torch.stack([side * scale, nothing, x, nothing, scale, y], dim=1).view(b, 2, 3)
    grid = functional.affine_grid(rows, [b, 1, h, w], align_corners=False)
    planes = clips.permute(0, 1, 4, 2, 3).reshape(b, t * c, h, w).float()
    moved = functional.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    return moved.view(b, t, c, h, w).permute(0, 1, 3, 4, 2)


def _in_light(x: Tensor, brightness: float, contrast: float, draw: _Draw) -> Tensor:
    """Brighter or darker, and flatter or harder about each clip's own mean."""
    mean = x.mean(dim=(1, 2, 3, 4), keepdim=True)
    harder, brighter = draw.about_one(contrast), draw.about_one(brightness)
    return torch.addcmul(brighter * (1 - harder) * mean, x, brighter * harder)


def _in_color(x: Tensor, saturation: float, draw: _Draw) -> Tensor:
    """RGB, each pixel moved towards its grey or away from it."""
    red, green, blue = LUMA
    grey = (red * x[..., 0]).add_(x[..., 1], alpha=green).add_(x[..., 2], alpha=blue)
    return torch.lerp(grey[..., None], x, draw.about_one(saturation))


def _check(frames: int | None, time_shift: float, shares: Mapping[str, float]) -> None:
    wrong = [f"{name}={value}" for name, value in shares.items() if not 0 <= value < 1 and (name, value) != ("flip", 1)]
    if wrong:
        raise ConfigError(f"augment: {', '.join(wrong)}; a share from 0 to below 1 is needed.")
    if time_shift < 0 or (frames is not None and frames < 1):
        raise ConfigError(f"augment: time_shift={time_shift}, frames={frames}; 0 or more, and a frame at least.")
