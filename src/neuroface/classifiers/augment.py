"""Pictures and clips as they might have been: mirrored, nearer, elsewhere in the frame, in other light, a little later.

A whole batch at once, on the device it is on; what is drawn comes from a generator on the CPU, so that the same seed
gives the same batch on any device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from neuroface.errors import ConfigError, DataError

# Rec. 601 luma, the grey that saturation is measured against.
LUMA = (0.299, 0.587, 0.114)


class Augment:
    """f(pixels (B, [T,] H, W, C) uint8, generator) -> pixels; with None for generator nothing is left to chance.

    frames: how many frames of a clip go to the network; the others are room for `time_shift` and `speed`, and without
    chance the middle ones are taken. None takes all. flip: share of samples that are mirrored. zoom: faces are shown up
    to this share larger or smaller; shift: and moved by up to this share of a side, the border repeated. brightness,
    contrast, saturation: changed by up to this share. time_shift: by up to this many frames, a real number; speed: a
    clip runs up to this share faster or slower; beyond its ends the last frame repeats.
    Every draw is uniform, and the same for all frames of a clip. Errors: ConfigError for values without meaning.
    """

    def __init__(
        self,
        *,
        frames: int | None = None,
        flip: float = 0.5,
        zoom: float = 0.05,
        shift: float = 0.05,
        brightness: float = 0.2,
        contrast: float = 0.2,
        saturation: float = 0.2,
        time_shift: float = 1.0,
        speed: float = 0.1,
    ) -> None:
        shares = {
            "flip": flip,
            "zoom": zoom,
            "shift": shift,
            "brightness": brightness,
            "contrast": contrast,
            "saturation": saturation,
            "speed": speed,
        }
        wrong = [f"{name}={value}" for name, value in shares.items() if not 0 <= value <= 1]
        if wrong or zoom == 1 or speed == 1:
            raise ConfigError(
                f"augment: {', '.join(wrong) or 'zoom, speed'}; shares from 0 to 1, zoom and speed below 1."
            )
        if time_shift < 0 or (frames is not None and frames < 1):
            raise ConfigError(f"augment: time_shift={time_shift}, frames={frames}; from 0, and a frame at least.")
        self.frames, self.flip, self.zoom, self.shift = frames, flip, zoom, shift
        self.brightness, self.contrast, self.saturation = brightness, contrast, saturation
        self.time_shift, self.speed = time_shift, speed

    def __call__(self, pixels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Float32 0..255 when there is chance, else the pixels as they are. Errors: DataError for clips too short."""
        is_clip = pixels.ndim == 5
        if generator is None:
            return self._middle(pixels) if is_clip else pixels
        draw = _Draw(len(pixels), pixels.device, generator)
        clips = self._in_time(pixels, draw) if is_clip else pixels[:, None]
        x = self._in_space(clips, draw)
        if x.shape[-1] == 3:
            x = self._in_color(x, draw)
        return x if is_clip else x[:, 0]

    def _middle(self, clips: Tensor) -> Tensor:
        frames = self._frames_of(clips)
        start = (clips.shape[1] - frames) // 2
        return clips[:, start : start + frames]

    def _frames_of(self, clips: Tensor) -> int:
        frames = self.frames or clips.shape[1]
        if frames > clips.shape[1]:
            raise DataError(f"augment.frames is {frames}, clips have {clips.shape[1]}; set frames of the view.")
        return frames

    def _in_time(self, clips: Tensor, draw: _Draw) -> Tensor:
        """(B, frames, H, W, C): the nearest frames at each clip's own pace and start."""
        frames, stored = self._frames_of(clips), clips.shape[1]
        first = (stored - frames) // 2
        from_middle = torch.arange(frames, device=clips.device) - (frames - 1) / 2
        pace, late = draw(1 - self.speed, 1 + self.speed), draw(-self.time_shift, self.time_shift)
        at = first + (frames - 1) / 2 + late[:, None] + pace[:, None] * from_middle
        at = at.round().long().clamp(0, stored - 1)
        return clips[torch.arange(len(clips), device=clips.device)[:, None], at]

    def _in_space(self, clips: Tensor, draw: _Draw) -> Tensor:
        """(B, T, H, W, C) float32, mirrored, scaled and moved, bilinear; one look-up for all frames of a clip."""
        b, t, h, w, c = clips.shape
        side = 1 - 2 * (draw(0, 1) < self.flip).float()
        scale = 1 / draw(1 - self.zoom, 1 + self.zoom)
        x, y = draw(-2 * self.shift, 2 * self.shift), draw(-2 * self.shift, 2 * self.shift)
        nothing = torch.zeros_like(x)
        rows = torch.stack([side * scale, nothing, x, nothing, scale, y], dim=1).view(b, 2, 3)
        grid = functional.affine_grid(rows, [b, 1, h, w], align_corners=False)
        planes = clips.permute(0, 1, 4, 2, 3).reshape(b, t * c, h, w).float()
        moved = functional.grid_sample(planes, grid, padding_mode="border", align_corners=False)
        return moved.view(b, t, c, h, w).permute(0, 1, 3, 4, 2)

    def _in_color(self, x: Tensor, draw: _Draw) -> Tensor:
        """RGB (B, T, H, W, 3) with light and colours changed about each clip's own mean grey."""
        light, contrast, color = (
            draw(1 - share, 1 + share).view(-1, 1, 1, 1, 1)
            for share in (self.brightness, self.contrast, self.saturation)
        )
        grey = (x * x.new_tensor(LUMA)).sum(dim=-1, keepdim=True)
        mean = grey.mean(dim=(1, 2, 3), keepdim=True)
        x = grey + color * (x - grey)
        return ((mean + contrast * (x - mean)) * light).clamp(0, 255)


class _Draw:
    """Uniform numbers (n,), drawn on the CPU and moved to the device."""

    def __init__(self, n: int, device: torch.device, generator: torch.Generator) -> None:
        self._n, self._device, self._generator = n, device, generator

    def __call__(self, low: float, high: float) -> Tensor:
        drawn = torch.rand(self._n, generator=self._generator)
        return (low + (high - low) * drawn).to(self._device)
