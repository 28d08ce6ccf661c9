"""What HTNet's facial-palsy adaptation adds: asymmetry maps and facial regions, as published and in a correct version.

"as_published" follows the public adaptation: `WindowAsymmetry` compares the halves of each attention window (whatever
part of the face the window shows), `PublishedRegions` learns five maps that nothing ties to a part of the face.
"mirror" does what the names say: `FaceAsymmetry` compares the face with its mirror image, `LandmarkRegions` weighs
regions that landmarks give. Grids are channels-last: (B, H, W, C) tokens; the person is upright and centred, so that
column j of a face lies opposite column W-1-j.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from neuroface import face
from neuroface.errors import DataError

REGIONS = ("forehead", "eyes", "nose", "mouth", "cheeks")


def split_windows(x: Tensor, across: int) -> Tensor:
    """(B, H, W, C) -> (B * across^2, T, C): across x across windows side by side, T tokens each, row by row."""
    b, height, width, c = x.shape
    h, w = height // across, width // across
    return x.reshape(b, across, h, across, w, c).transpose(2, 3).reshape(b * across**2, h * w, c)


def merge_windows(x: Tensor, across: int) -> Tensor:
    """(B * across^2, T, C) -> (B, H, W, C): the inverse of `split_windows` for square windows."""
    n, t, c = x.shape
    side = round(t**0.5)
    x = x.reshape(n // across**2, across, across, side, side, c).transpose(2, 3)
    return x.reshape(n // across**2, across * side, across * side, c)


def neighbours(window: int) -> Tensor:
    """(T, T) bool: whether two tokens of a window x window square touch or are the same."""
    row, column = torch.arange(window).repeat_interleave(window), torch.arange(window).repeat(window)
    return ((row[:, None] - row).abs() <= 1) & ((column[:, None] - column).abs() <= 1)


class WindowAsymmetry(nn.Module):
    """As published: left half and flipped right half of each window, scored by two layers, 0..1.

    The score stands for a pair of columns but is stretched linearly over the whole window, and equal halves do not
    score 0. The middle column of an odd window takes no part.
    """

    def __init__(self, dim: int, window: int):
        super().__init__()
        self.window = window
        self.compare = nn.Linear(2 * dim, dim)
        self.score = nn.Linear(dim, 1)

    def forward(self, streams: list[Tensor], across: int) -> list[Tensor]:
        """Each stream (N, T, dim) -> its map (N, T)."""
        return [self._of_windows(x) for x in streams]

    def _of_windows(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        grid = x.view(n, self.window, self.window, c)
        half = self.window // 2
        pair = torch.cat([grid[:, :, :half], grid.flip(2)[:, :, :half]], dim=-1)
        score = self.score(functional.gelu(self.compare(pair))).sigmoid()  # (N, h, w/2, 1)
        size = (self.window, self.window)
        return functional.interpolate(score.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=False).view(n, t)


class FaceAsymmetry(nn.Module):
    """A face against its mirror image, token by token over the whole face: 0 where both are alike, below 1.

    streams: the tokens of the face and of its mirror image, which went through the same layers. Both at place j show
    opposite places of the face in the same orientation. Their signed difference is scored without biases, once from
    each side, so that the map is 0 for a symmetric face, that of a mirrored face is the mirrored map, and the two sides
    of one face may score differently (the weaker side can be told).
    """

    def __init__(self, dim: int):
        super().__init__()
        self.compare = nn.Linear(dim, dim, bias=False)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, streams: list[Tensor], across: int) -> list[Tensor]:
        """Two streams (N, T, dim) -> two maps (N, T), each the mirror image of the other."""
        difference = streams[0] - streams[1]
        here, opposite = self._strength(difference), self._strength(-difference)
        of_face = (here + _mirrored(opposite, across)) / 2
        of_mirror = (opposite + _mirrored(here, across)) / 2
        return [of_face.squeeze(-1), of_mirror.squeeze(-1)]

    def _strength(self, difference: Tensor) -> Tensor:
        return self.score(functional.gelu(self.compare(difference))).tanh().abs()


def _mirrored(x: Tensor, across: int) -> Tensor:
    """(N, T, C) windows of faces -> the windows of the mirrored faces."""
    return split_windows(merge_windows(x, across).flip(2), across)


class PublishedRegions(nn.Module):
    """As published: five maps and a background mask are learnt without supervision; the mask falls off from the middle.

    The regions have no names: nothing ties a map to a part of the face. The prior is 1 - d / (2 d_max) about the middle
    of a 32 x 32 square.
    """

    prior: Tensor

    def __init__(self, dim: int):
        super().__init__()
        self.detect = self._maps(dim, len(REGIONS))
        self.foreground = self._maps(dim, 1)
        self.refine = nn.Sequential(
            nn.Conv2d(dim + len(REGIONS) + 1, dim, 3, padding=1), nn.BatchNorm2d(dim), nn.GELU()
        )
        offset = (torch.arange(32) - 16.0) / 16
        distance = (offset[:, None] ** 2 + offset**2).sqrt() / 2**0.5
        self.register_buffer("prior", (1 - 0.5 * distance)[None, None])

    @staticmethod
    def _maps(dim: int, n_maps: int) -> nn.Sequential:
        half = dim // 2
        return nn.Sequential(
            nn.Conv2d(dim, half, 3, padding=1),
            nn.BatchNorm2d(half),
            nn.GELU(),
            nn.Conv2d(half, n_maps, 1),
            nn.Sigmoid(),
        )

    def forward(self, streams: list[Tensor], masks: None) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Streams (B, h, w, dim) -> the same, and the first one's "roi" (B, 5, h, w) and "roi_mask" (B, h, w), 0..1."""
        refined = [self._refined(x.permute(0, 3, 1, 2)) for x in streams]
        _, roi, mask = refined[0]
        return [x.permute(0, 2, 3, 1) for x, _, _ in refined], {"roi": roi, "roi_mask": mask.squeeze(1)}

    def _refined(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        prior = functional.interpolate(self.prior, x.shape[-2:], mode="bilinear", align_corners=False)
        mask = self.foreground(x) * prior
        roi = self.detect(x) * mask
        return x + self.refine(torch.cat([x, roi, mask], dim=1)) * mask, roi, mask


class LandmarkRegions(nn.Module):
    """Forehead, eyes, nose, mouth and cheeks from landmarks; how much each counts is learnt from what it shows.

    A region's weight, 0..1, comes from the mean of its tokens in the face and in its mirror image, so that a mirrored
    face has the same weights. Tokens outside all regions pass unchanged.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.weigh = nn.Parameter(torch.randn(len(REGIONS), dim) / dim**0.5)
        self.bias = nn.Parameter(torch.zeros(len(REGIONS)))
        self.refine = nn.Conv2d(dim + len(REGIONS) + 1, dim, 3, padding=1)
        self.norm = nn.LayerNorm(dim)

    def forward(self, streams: list[Tensor], masks: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
        """streams: (B, h, w, dim) of the face and of its mirror image; masks: (B, 5, H, W), 0..1, of the face.

        Returns the streams and maps "roi" (B, 5, h, w): covered share of a token times the region's weight, "roi_mask"
        (B, h, w): share covered by any region, "roi_weight" (B, 5), all of the face.
        """
        size = (streams[0].shape[1], streams[0].shape[2])
        covers = [functional.adaptive_avg_pool2d(m, size) for m in (masks, masks.flip(-1))]
        weight = torch.stack([self._weight(x, c) for x, c in zip(streams, covers, strict=True)]).mean(0)
        rois = [cover * weight[:, :, None, None] for cover in covers]
        shares = [cover.sum(1, keepdim=True).clamp(max=1) for cover in covers]
        streams = [self._refined(*parts) for parts in zip(streams, rois, shares, strict=True)]
        return streams, {"roi": rois[0], "roi_mask": shares[0].squeeze(1), "roi_weight": weight}

    def _weight(self, x: Tensor, cover: Tensor) -> Tensor:
        """(B, 5): from the mean token of each region; a region that is not in the picture has mean 0."""
        total = cover.sum((2, 3)).clamp(min=torch.finfo(cover.dtype).tiny)
        mean = torch.einsum("bhwc,brhw->brc", x, cover) / total.unsqueeze(-1)
        return ((mean * self.weigh).sum(-1) + self.bias).sigmoid()

    def _refined(self, x: Tensor, roi: Tensor, share: Tensor) -> Tensor:
        stacked = torch.cat([x.permute(0, 3, 1, 2), roi, share], dim=1)
        refined = functional.gelu(self.norm(self.refine(stacked).permute(0, 2, 3, 1)))
        return x + refined * share.permute(0, 2, 3, 1)


def region_masks(points: np.ndarray, size: int) -> np.ndarray:
    """points: (N, 68, 2) px in upright square images of `size` px -> (N, 5, size, size) float32 of 0 and 1.

    The regions are REGIONS, made of boxes around the named landmarks with margins in units of the distance d between
    the outer canthi: the forehead reaches 0.4 d above the brows, eyes and mouth get 0.1 d about them, the nose 0.05 d,
    and a cheek lies between jaw and nostrils, eye and mouth corner. The margins are this project's own choice. Raises
    DataError where a point is missing.
    """
    unseen = np.flatnonzero(~np.isfinite(points).all(axis=(1, 2)))
    if len(unseen):
        shown = ", ".join(map(str, unseen[:12]))
        raise DataError(
            f"{len(unseen)} of {len(points)} faces lack landmarks: {shown}. Fill the gaps or leave these faces out."
        )
    at = np.arange(size)
    masks = np.zeros((len(points), len(REGIONS), size, size), np.float32)
    for region, name in enumerate(REGIONS):
        for left, top, right, bottom in _boxes(points)[name]:
            columns = (at >= left[:, None]) & (at <= right[:, None])
            rows = (at >= top[:, None]) & (at <= bottom[:, None])
            masks[:, region] = np.maximum(masks[:, region], rows[:, :, None] & columns[:, None, :])
    return masks


Box = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _boxes(points: np.ndarray) -> dict[str, list[Box]]:
    """The boxes of each region: left, top, right, bottom, (N,) px each."""
    d = np.linalg.norm(points[:, face.CANTHUS_LEFT_OUTER] - points[:, face.CANTHUS_RIGHT_OUTER], axis=-1)

    def around(names: np.ndarray, margin: np.ndarray | float, above: np.ndarray | float | None = None) -> Box:
        (left, top), (right, bottom) = points[:, names].min(1).T, points[:, names].max(1).T
        return left - margin, top - (margin if above is None else above), right + margin, bottom + margin

    brows, nose, jaw = (around(face.REGIONS[name], 0) for name in ("brows", "nose", "jaw"))
    right_eye, left_eye = around(face.EYE_RIGHT, 0.1 * d), around(face.EYE_LEFT, 0.1 * d)
    corner_right, corner_left = points[:, face.MOUTH_CORNER_RIGHT, 1], points[:, face.MOUTH_CORNER_LEFT, 1]
    return {
        "forehead": [(brows[0], brows[1] - 0.4 * d, brows[2], brows[3])],
        "eyes": [right_eye, left_eye],
        "nose": [around(face.REGIONS["nose"], 0.05 * d)],
        "mouth": [around(face.MOUTH, 0.1 * d)],
        "cheeks": [
            (jaw[0], right_eye[3], nose[0] - 0.05 * d, corner_right),
            (nose[2] + 0.05 * d, left_eye[3], jaw[2], corner_left),
        ],
    }
