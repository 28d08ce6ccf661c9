from __future__ import annotations

import numpy as np

from neuroface.synthesis import texture
from neuroface.synthesis.appearance import draw_appearance

ATTRIBUTES = {"sex": "F", "age": 60}


def test_one_persons_looks_are_painted_once():
    """Two recordings draw the same looks anew; painting them takes most of a second."""
    first, second, other = (draw_appearance(np.random.default_rng(seed), ATTRIBUTES) for seed in (1, 1, 2))
    assert first == second
    assert first != other
    assert texture.paint(first) is texture.paint(second)
    assert texture.paint(first) is not texture.paint(other)
