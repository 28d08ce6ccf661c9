import numpy as np

from neuroface.types import Parts
from neuroface.views.fusion import Fusion


class Constant:
    """A view that sees what it is told."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def rows(self, seen):
        return (self.name,), self.values

    def gather(self, rows):
        return np.array(rows)


def test_a_sample_that_one_part_cannot_see_is_left_out():
    fusion = Fusion({"a": Constant("table", [np.zeros(2), np.ones(2), None]), "b": Constant("clips", [5, None, 6])})
    names, rows = fusion.rows(None)
    assert (fusion.name, names) == ("table+clips", ("table", "clips"))
    assert [row is None for row in rows] == [False, True, True]


def test_rows_are_taken_from_all_parts_alike():
    fusion = Fusion({"a": Constant("table", []), "b": Constant("clips", [])})
    parts = fusion.gather([(np.full(2, i), i) for i in range(4)])
    assert isinstance(parts, Parts)
    chosen = parts[np.array([False, True, False, True])]
    assert chosen.arrays["a"].tolist() == [[1, 1], [3, 3]]
    assert chosen.arrays["b"].tolist() == [1, 3]
    assert [row["b"] for row in chosen] == [1, 3]
