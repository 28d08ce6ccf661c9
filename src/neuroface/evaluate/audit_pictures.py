"""Pictures of two people that are one and the same picture, saved again, made smaller or brighter.

Candidates are told by a perceptual hash (pHash of the library imagehash: the signs of a picture's low frequencies).
Aligned faces of different people may have hashes as near as copies have, so the grey values decide, and their detail:
measured on synthetic faces of 40 and 48 px, grey values of different people correlate up to .986, and the detail of
those that do up to .957 (212 people); that of such small pictures saved as JPEG from .956 at quality 75, of nine in ten
from .974. A large picture that was saved again and is cut out at that size differs by much less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np

from neuroface.types import Parts

WHOLE = "whole"  # of several pictures of a sample, the one that is looked at
STILL = "still"  # the task of single pictures, which people collect from many places
MOST_BITS = 10  # of 64, in which the hashes of copies differ
LEAST_CORRELATION = 0.97
LEAST_SHARE = 0.5  # of the frames of somebody's recordings that are copies, where these are no single pictures
LEAST_DETAIL = 0.965  # correlation of what is left of grey values less their surroundings
SIDE = 32  # px to which pictures are brought
SURROUNDINGS = 2.0  # px of those, standard deviation of a Gaussian
AT_ONCE = 1000


def pictures_of(X: Any) -> np.ndarray | None:
    """(n, H, W, 3) uint8 RGB of the samples; None where they are no pictures."""
    if isinstance(X, Parts):
        X = X.arrays.get(WHOLE, next(iter(X.arrays.values())))
    pictures = getattr(X, "dtype", None) == np.uint8 and X.ndim == 4 and X.shape[-1] >= 3
    return X[..., :3] if pictures else None


def copies(X: Any, subject: np.ndarray, *, least_share: float = 0.0) -> Counter[tuple[str, str]] | None:
    """(person, person) -> how many pairs of nearly equal pictures they share; None where X holds no pictures.

    subject: (n,). Pictures without any contrast are like nothing. least_share: pairs of people are named of whom one
    has such a share of the pictures in common with the other. Somebody recorded under two names has them all in common;
    of many small frames of two people who look alike, a few may be as like as copies are.
    """
    pictures = pictures_of(X)
    if pictures is None:
        return None
    hashes, grey, detail, varied = _described(pictures)
    people = np.asarray(subject).astype(str)
    found: Counter[tuple[str, str]] = Counter()
    shared: dict[tuple[str, str], set[int]] = defaultdict(set)
    for start in range(0, len(pictures), AT_ONCE):
        differ = (hashes.shape[1] - hashes[start : start + AT_ONCE] @ hashes.T) / 2  # bits
        rows, others = np.nonzero(differ <= MOST_BITS)
        rows = rows + start
        kept = (others > rows) & (people[rows] != people[others]) & varied[rows] & varied[others]
        rows, others = rows[kept], others[kept]
        same = _correlation(grey, rows, others) >= LEAST_CORRELATION
        same &= _correlation(detail, rows, others) >= LEAST_DETAIL
        for a, b in zip(rows[same].tolist(), others[same].tolist(), strict=True):
            first, second = sorted((str(people[a]), str(people[b])))
            found[first, second] += 1
            shared[first, second] |= {a, b}
    return Counter({pair: n for pair, n in found.items() if _share(shared[pair], pair, people) >= least_share})


def _share(rows: set[int], pair: tuple[str, str], people: np.ndarray) -> float:
    """The larger share, of the pictures of one of two people, that are among these rows."""
    whose = people[sorted(rows)]
    return float(max((whose == name).sum() / (people == name).sum() for name in pair))


def in_words(found: Counter[tuple[str, str]]) -> list[str]:
    """Findings of the audit."""
    return [
        f"{a} and {b}: {n} pairs of pictures are copies of each other, or nearly"
        if n > 1
        else f"{a} and {b}: one picture is a copy of the other's, or nearly"
        for (a, b), n in sorted(found.items())
    ]


def _correlation(standardised: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(k,) of pairs of rows of (n, d)."""
    return np.einsum("ij,ij->i", standardised[rows], standardised[others]) / standardised.shape[1]


def _described(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(n, 64) hashes of -1 and 1, (n, SIDE * SIDE) standardised grey values, and their detail, and (n,) which vary."""
    import imagehash
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    hashes = np.empty((len(pictures), 64), np.float32)
    grey = np.empty((len(pictures), SIDE, SIDE), np.float32)
    for at, pixels in enumerate(pictures):
        picture = Image.fromarray(np.ascontiguousarray(pixels)).convert("L")  # 8 bits, which the hash needs
        hashes[at] = np.where(imagehash.phash(picture).hash.ravel(), 1, -1)
        grey[at] = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float32)
    detail = grey - gaussian_filter(grey, (0, SURROUNDINGS, SURROUNDINGS), mode="nearest")
    return hashes, _standardised(grey), _standardised(detail), grey.std(axis=(1, 2)) > 1


def _standardised(pictures: np.ndarray) -> np.ndarray:
    """(n, d) of (n, ...), each with mean 0 and deviation 1."""
    flat = pictures.reshape(len(pictures), -1)
    return (flat - flat.mean(axis=1, keepdims=True)) / np.maximum(flat.std(axis=1, keepdims=True), 1e-6)
