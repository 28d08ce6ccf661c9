"""Still pictures as they might have been: light, mirror and place, noise of a camera, and something in the way."""

from __future__ import annotations

import torch
from torch import Tensor

from neuroface.classifiers.augment import augment
from neuroface.errors import ConfigError

ERASED = (0.02, 0.25)  # share of a picture's area, Emoface's RandomErasing
PROPORTION = (0.3, 3.3)  # height over width of what is erased: Zhong et al., Random Erasing, AAAI 2020


def augment_stills(
    pixels: Tensor,
    generator: torch.Generator | None = None,
    *,
    flip: float = 0.5,
    zoom: float = 0.05,
    shift: float = 0.05,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    noise: float = 0.0,
    erase: float = 0.0,
) -> Tensor:
    """Other pictures of the same: float32 0..255. Without a generator nothing is left to chance and pixels stay.

    pixels: (B, H, W, C) uint8. flip, zoom, shift, brightness, contrast, saturation: see `augment.augment`. noise:
    standard deviation, in grey levels, of Gaussian noise on every other picture. erase: share of pictures in which a
    rectangle is grey. Errors: ConfigError for values without meaning.
    """
    if noise < 0 or not 0 <= erase <= 1:
        raise ConfigError(f"augment: noise={noise}, erase={erase}; 0 or more, and a share from 0 to 1.")
    out = augment(
        pixels,
        generator,
        frames=None,
        flip=flip,
        zoom=zoom,
        shift=shift,
        brightness=brightness,
        contrast=contrast,
        saturation=saturation,
        time_shift=0.0,
        speed=0.0,
    )
    if generator is None:
        return out
    if noise:
        chosen = torch.rand(len(out), 1, 1, 1, generator=generator) < 0.5
        drawn = noise * torch.randn(out.shape, generator=generator) * chosen
        out = (out + drawn.to(out.device)).clamp_(0, 255)
    return _erased(out, erase, generator) if erase else out


def _erased(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Rectangles set to the mean grey of a picture's range, in a share of pictures (B, H, W, C)."""
    b, height, width, _ = x.shape
    drawn = torch.rand(b, 5, generator=generator)
    area = ERASED[0] + (ERASED[1] - ERASED[0]) * drawn[:, 0]
    low, high = torch.tensor(PROPORTION).log()
    tall = (low + (high - low) * drawn[:, 1]).exp()
    h, w = ((area * tall).sqrt().clamp(max=1) * height).round(), ((area / tall).sqrt().clamp(max=1) * width).round()
    top, left = ((height - h) * drawn[:, 2]).round(), ((width - w) * drawn[:, 3]).round()
    rows, columns = torch.arange(height), torch.arange(width)
    inside = ((rows >= top[:, None]) & (rows < (top + h)[:, None]))[:, :, None]
    inside = inside & ((columns >= left[:, None]) & (columns < (left + w)[:, None]))[:, None, :]
    inside &= (drawn[:, 4] < share)[:, None, None]
    return torch.where(inside[..., None].to(x.device), torch.full_like(x, 127.5), x)
