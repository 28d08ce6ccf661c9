"""Tiny pictures of faces whose weaker side is known, and a network fitted to them."""

from __future__ import annotations

import numpy as np

from checks import still_face
from neuroface.classifiers.face_htnet import htnet
from neuroface.classifiers.palsy_attention import region_masks
from neuroface.classifiers.torch_classifier import TorchClassifier

SIZE = 28


def points(n: int) -> np.ndarray:
    """(n, 68, 2) px: the symmetric still face in the middle of a picture."""
    return np.tile(still_face()[:, :2] * 0.16 + [(SIZE - 1) / 2, (SIZE - 1) / 2], (n, 1, 1))


def pictures(sides: list[str], seed: int = 0) -> np.ndarray:
    """(n, 28, 28, 3) uint8: grey faces, symmetric but for a dark cheek on the affected side; "" has none."""
    rng = np.random.default_rng(seed)
    half = rng.integers(90, 160, (len(sides), SIZE, SIZE // 2, 3))
    whole = np.concatenate([half, half[:, :, ::-1]], axis=2).astype(np.uint8)
    for picture, side in zip(whole, sides, strict=True):
        if side:
            columns = slice(17, 24) if side == "left" else slice(4, 11)
            picture[14:22, columns] = 10
    return whole


def masks(n: int) -> np.ndarray:
    """(n, 5, 28, 28) bool of the facial regions."""
    return region_masks(points(n), SIZE) > 0


def with_masks(shown: np.ndarray) -> np.ndarray:
    """(n, 28, 28, 8) uint8: pictures and the masks of their regions."""
    planes = np.moveaxis(masks(len(shown)), 1, -1).astype(np.uint8) * 255
    return np.concatenate([shown, planes], axis=-1)


def fitted(X: np.ndarray, y: list[str], *, epochs: int = 2, **keys) -> TorchClassifier:
    """A small HTNet after so many epochs. side: of each picture, for side_weight above 0."""
    side = keys.pop("side", None)
    network = {"dim": 8, "heads": 1, "num_hierarchies": 2, "block_repeats": (2, 2), **keys}
    model = htnet(**network, epochs=epochs, batch_size=4, epoch_selection="last", device="cpu", random_state=0)
    return model.fit(X, np.array(y), **({} if side is None else {"side": np.array(side)}))
