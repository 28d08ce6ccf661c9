"""Pictures without what somebody looks like on average: what a face does, rather than whose it is.

The mean is over that person's own pictures alone, whatever their labels: no label and nobody else goes into it, so that
nothing is fitted and a person who is judged is treated as one who is learnt from. It does take several pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroface.errors import DataError
from neuroface.store import Store, digest_of_array

COLORS = 3  # further channels, masks, stay as they are
MIDDLE = 128  # what does not differ from the person's mean


@dataclass(frozen=True, eq=False)
class Whose:
    """A picture (H, W, C) uint8 of a person, on its way to the pictures of all people."""

    picture: Any
    subject: str

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.picture, dtype=dtype)


def without_own_mean(pictures: np.ndarray, subjects: Sequence[str], store: Store) -> np.ndarray:
    """(n, H, W, C) uint8, memory-mapped: 128 + picture - mean of that person's pictures, from 0 to 255.

    pictures: (n, H, W, C) uint8. subjects: (n,) who is in each. Errors: DataError for people with one picture.
    """
    who = np.asarray(subjects)
    people, counts = np.unique(who, return_counts=True)
    single = people[counts < 2].tolist()
    if single:
        raise DataError(
            f"{len(single)} of {len(people)} people have one picture ({', '.join(single[:3])}"
            f"{', ...' if len(single) > 3 else ''}), which differs by nothing from its own mean. Leave them out with "
            "cohort.exclude=[...], say who is in which picture, or set view.subtract=none."
        )

    def fill(out: np.ndarray) -> None:
        out[..., COLORS:] = pictures[..., COLORS:]
        for person in people:
            rows = np.flatnonzero(who == person)
            own = pictures[rows, ..., :COLORS].astype(np.float32)
            out[rows, ..., :COLORS] = np.clip(np.rint(MIDDLE + own - own.mean(axis=0)), 0, 255).astype(np.uint8)

    digests = [digest_of_array(np.asarray(picture)) for picture in pictures]
    key = {"what": "without own mean", "rows": digests, "subjects": [people.tolist().index(one) for one in subjects]}
    return store.array(key, pictures.shape, fill)
