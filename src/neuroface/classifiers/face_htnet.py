"""HTNet as the training loop calls networks, and as a classifier with the keys of its published script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface.classifiers.htnet import HTNet
from neuroface.classifiers.palsy_attention import REGIONS
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import ConfigError, DataError, did_you_mean

SIGHTS = ("picture", "asymmetry")
EPS = 1e-6
CERTAINTY = 8.0  # log-odds of a map that is dark on one side
GAIN = 4.0  # of differences in standard deviations of a face; chosen on the synthetic clinic
COLORS = 3  # or the three components of optical flow


class FaceHTNet(nn.Module):
    """HTNet on pictures (B, S, S, 3), or (B, S, S, 3 + 5) where masks of the facial regions come with them.

    shape: (S, S, channels) of one picture. sees: "picture", or its "asymmetry", see `asymmetry`. tells_side: the last
    output is the log-odds that the left side is affected, as far as the asymmetry maps of micro_attention="mirror" are
    brighter there; learning it teaches them to be. Other tunables as in `htnet.HTNet`. Errors: ConfigError for another
    choice; DataError for pictures that are not square or, with roi="mirror", bring no regions.
    """

    own = ("htnet.head.*", "htnet.levels.*.position")  # of a question and a picture size; see `transfer`

    def __init__(
        self, shape: Sequence[int], n_outputs: int, *, sees: str = "picture", tells_side: bool = False, **tunables: Any
    ) -> None:
        super().__init__()
        if sees not in SIGHTS:
            raise ConfigError(f"classifier.sees is {sees!r}." + did_you_mean(sees, SIGHTS))
        self.sees, self.tells_side = sees, tells_side
        with_regions = tunables.get("roi") == "mirror"
        wanted = COLORS + len(REGIONS) if with_regions else COLORS
        if len(shape) != 3 or shape[0] != shape[1] or shape[2] != wanted:
            raise DataError(
                f"HTNet takes square pictures with {wanted} channels here, these are {tuple(shape)}. "
                "roi=mirror needs classifier.view.regions=true, anything else false."
            )
        classes = n_outputs - 1 if tells_side else n_outputs
        self.htnet = HTNet(image_size=shape[0], num_classes=classes, channels=COLORS, **tunables)

    def forward(self, x: Tensor, seen: None = None) -> Tensor:
        """x: (B, S, S, channels) standardised. Returns (B, n_outputs)."""
        return self.forward_with_maps(x)[0] if self.tells_side else self.htnet(*self._seen(x))

    def forward_with_maps(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Outputs, and the maps of `HTNet.forward_with_maps`."""
        logits, maps = self.htnet.forward_with_maps(*self._seen(x))
        if self.tells_side:
            logits = torch.cat([logits, CERTAINTY * left_right_contrast(maps["asymmetry"])], dim=1)
        return logits, maps

    def _seen(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        pictures, masks = split(x)
        return (asymmetry(pictures) if self.sees == "asymmetry" else pictures), masks


def split(x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Pictures (B, 3, S, S), and region masks (B, 5, S, S) of 0 and 1 where (B, S, S, channels) brings them.

    A mask of 0 and 255 that was standardised is above 0 where the region is.
    """
    planes = x.permute(0, 3, 1, 2)
    masks = (planes[:, COLORS:] > 0).to(x.dtype) if planes.shape[1] > COLORS else None
    return planes[:, :COLORS], masks


def left_right_contrast(maps: Tensor) -> Tensor:
    """(B, 1): (left - right) / (left + right) of maps (B, S, S), >= 0; the person's left is the right half."""
    half = maps.shape[-1] // 2
    right, left = maps[..., :half].mean((1, 2)), maps[..., -half:].mean((1, 2))
    return ((left - right) / (left + right + EPS)).unsqueeze(1)


def asymmetry(pictures: Tensor) -> Tensor:
    """(B, 3, S, S): how an upright, centred face differs from its mirror image; how much; and how much round about.

    pictures: (B, 3, S, S). Each is made grey and standardised by itself and the face as such is left out, so that skin,
    light and hair that both halves share do not count; it is averaged over 3 x 3 px first, so that a shift by a pixel
    counts little. In the mirror the first channel changes its sign, and the others do not change.
    """
    grey = pictures.mean(1, keepdim=True)
    grey = (grey - grey.mean((2, 3), keepdim=True)) / (grey.std((2, 3), keepdim=True) + EPS)
    smooth = functional.avg_pool2d(grey, 3, stride=1, padding=1, count_include_pad=False)
    difference = GAIN * (smooth - smooth.flip(-1))
    about = 2 * (pictures.shape[-1] // 8) + 1  # a quarter of the face, and odd
    broad = functional.avg_pool2d(difference.abs(), about, stride=1, padding=about // 2, count_include_pad=False)
    return torch.cat([difference, difference.abs(), broad], dim=1)


def htnet(
    *,
    dim: int = 48,
    heads: int = 3,
    num_hierarchies: int = 3,
    block_repeats: Sequence[int] = (1, 1, 2),
    patch_size: int = 7,
    dropout: float = 0.0,
    micro_attention: str | None = None,
    roi: str | None = None,
    sees: str = "picture",
    epochs: int = 100,
    side_weight: float = 0.0,
    **training: Any,
) -> TorchClassifier:
    """HTNet, trained by the one training loop. Published: dim 256, block_repeats (2, 2, 10), 800 epochs.

    dim, heads, num_hierarchies, block_repeats, patch_size, dropout, micro_attention, roi: see `htnet.HTNet`. sees: see
    `FaceHTNet`. epochs: at most. side_weight: as in `TorchClassifier`; with micro_attention="mirror" the side is read
    from the asymmetry maps. training: further keys of `TorchClassifier`.
    """
    network = partial(
        FaceHTNet,
        patch_size=patch_size,
        dim=dim,
        heads=heads,
        num_hierarchies=num_hierarchies,
        block_repeats=tuple(block_repeats),
        dropout=dropout,
        micro_attention=micro_attention,
        roi=roi,
        sees=sees,
        tells_side=side_weight > 0 and micro_attention == "mirror",
    )
    return TorchClassifier(network, max_epochs=epochs, side_weight=side_weight, **training)
