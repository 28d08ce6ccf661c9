"""Optical flow between an onset and an apex frame, as pictures for networks; and such pictures given as files.

Pre-processing of HTNet (Wang et al., arXiv 2307.14637) and of STSTNet (Liong et al., FG 2019), after their public code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording.image_frames import ImageFrames

KINDS = ("u", "v", "magnitude", "strain")
POINTS_SIZE = 28  # px of the face in which given points are told
# (5, 2) px in a 28x28 face, x then y, where the public HTNet code finds no face.
PUBLISHED_POINTS = np.array(
    [
        [9.528073, 11.062551],
        [21.396168, 10.919773],
        [15.380184, 17.380562],
        [10.255435, 22.121233],
        [20.583706, 22.25584],
    ]
)
TILED = ((0, 1), (3, 4))  # which of the five points stands where in the composite; the nose (2) is left out


def farneback(onset: np.ndarray, apex: np.ndarray) -> np.ndarray:
    """(H, W, 2) float32 px: how far each pixel of `onset` moves right (u) and down (v) to be found in `apex`.

    onset, apex: (H, W, 3) uint8 RGB or (H, W) uint8 grey. Polynomial expansion (Farneback, SCIA 2003) with the
    parameters of HTNet's public code.
    """
    import cv2

    first, last = _grey_pair(onset, apex)
    flow = np.zeros((*first.shape, 2), dtype=np.float32)
    return cv2.calcOpticalFlowFarneback(
        first, last, flow, pyr_scale=0.5, levels=3, winsize=15, iterations=3, poly_n=5, poly_sigma=1.2, flags=0
    )


def tvl1(onset: np.ndarray, apex: np.ndarray) -> np.ndarray:
    """(H, W, 2) float32 px: like `farneback`, by total variation (Zach et al., DAGM 2007), parameters of OpenCV.

    Errors: ConfigError where this OpenCV has no TV-L1; it is in the contributed modules.
    """
    import cv2

    contributed = getattr(cv2, "optflow", None)
    if contributed is None:
        raise ConfigError(
            "This OpenCV has no TV-L1 optical flow. Use farneback, or put opencv-contrib-python in the place of "
            "opencv-python."
        )
    first, last = _grey_pair(onset, apex)
    return contributed.DualTVL1OpticalFlow_create().calc(first, last, None)


def _grey_pair(onset: np.ndarray, apex: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import cv2

    if onset.shape[:2] != apex.shape[:2]:
        raise DataError(f"The onset is {onset.shape[:2]} px, the apex {apex.shape[:2]}; crop both to one size.")
    first, last = (
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else np.ascontiguousarray(image)
        for image in (onset, apex)
    )
    return first, last


def components(flow: np.ndarray, kinds: Sequence[str] = ("u", "v", "magnitude")) -> np.ndarray:
    """(H, W, len(kinds)) float: u, v and magnitude in px, strain in px per px.

    flow: (H, W, 2) px. Strain is the size of the infinitesimal strain tensor, sqrt(exx^2 + eyy^2 + 2 exy^2), which a
    shift or a small rotation of the whole face does not change (Shreve et al., FG 2011). Errors: ConfigError for
    another kind.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ConfigError(f"There is no component {unknown[0]!r} of optical flow." + did_you_mean(unknown[0], KINDS))
    u, v = np.asarray(flow, dtype=float)[..., 0], np.asarray(flow, dtype=float)[..., 1]
    uy, ux = np.gradient(u)
    vy, vx = np.gradient(v)
    found = {
        "u": u,
        "v": v,
        "magnitude": np.hypot(u, v),
        "strain": np.sqrt(ux**2 + vy**2 + (uy + vx) ** 2 / 2),
    }
    return np.stack([found[kind] for kind in kinds], axis=-1)


def to_uint8(channels: np.ndarray) -> np.ndarray:
    """(H, W, C) uint8: each channel by itself from its least to its greatest value onto 0..255, fractions cut off.

    A channel that is the same everywhere becomes 0. Where no movement lies on the scale differs from face to face.
    """
    low, high = channels.min(axis=(0, 1)), channels.max(axis=(0, 1))
    span = np.where(high > low, high - low, 1.0)
    return (255 * ((channels - low) / span)).astype(np.uint8)


def five_points(points: np.ndarray) -> np.ndarray:
    """(..., 5, 2) px: eye, eye, nose tip, mouth corner, mouth corner; of pairs, the person's right comes first.

    points: (..., 68, 2) px. In an unmirrored image that is the order of MTCNN, from the left of the image.
    """
    eyes = [points[..., eye, :].mean(axis=-2) for eye in (face.EYE_RIGHT, face.EYE_LEFT)]
    rest = [points[..., p, :] for p in (face.NOSE_TIP, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)]
    return np.stack([*eyes, *rest], axis=-2)


def compose_regions(image: np.ndarray, points: np.ndarray, *, as_published: bool = False) -> np.ndarray:
    """(S, S, C): four blocks of S/2, about the eyes above and about the corners of the mouth below.

    image: (S, S, C), S a multiple of 4 (28 in HTNet). points: (5, 2) px, x then y, in the order of `five_points`; held
    at S/4 from the border so that every block lies inside, fractions cut off. as_published: x counts rows and y
    columns, as in the public code; on a face that puts the mouth beside the eye of its own side.
    Errors: DataError for another shape, and for points that are missing.
    """
    size, points = image.shape[0], np.asarray(points, dtype=float)
    if image.ndim != 3 or image.shape[1] != size or size % 4 or points.shape != (5, 2):
        raise DataError(
            f"Regions need a square image (multiple of 4 px) and 5 points; got {image.shape}, {points.shape}."
        )
    if not np.isfinite(points).all():
        raise DataError("Regions cannot be cut out: the points of eyes, nose or mouth are missing.")
    half = size // 4
    centres = np.clip(points, half, size - half).astype(int)
    rows, columns = centres.T if as_published else centres.T[::-1]
    blocks = [image[r - half : r + half, c - half : c + half] for r, c in zip(rows, columns, strict=True)]
    return np.concatenate([np.concatenate([blocks[i] for i in row], axis=1) for row in TILED])


class FlowImage(ImageFrames):
    """A picture of optical flow that was given as a file, as a video of one frame.

    points: (5, 2) px in a 28x28 face, see `five_points`: where `compose_regions` cuts.
    """

    def __init__(self, file: Path, *, points: np.ndarray = PUBLISHED_POINTS) -> None:
        super().__init__([file])
        self.points = points

    def channels(self) -> np.ndarray:
        """(H, W, 3) uint8: u, v and magnitude or strain, in the order in which HTNet's public code reads the file.

        That code writes and reads with OpenCV, whose first channel is the file's blue one.
        """
        (frame,) = self.frames()
        return frame.color[..., ::-1]
