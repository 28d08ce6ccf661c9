from __future__ import annotations

import pytest

from neuroface.errors import DataError, Problems


def test_problems_of_one_kind_are_told_once_with_their_count():
    problems = Problems()
    for i in range(200):
        problems.add(f"P{i:03d}/OPEN", f"has no file /data/P{i:03d}.mp4, frame {i}; correct it in the subjects table")
    problems.add("Q1/OPEN", "has no depth")
    with pytest.raises(DataError) as error:
        problems.raise_if_any("Mend them.")
    told = str(error.value).splitlines()
    assert len(told) == 4
    assert told[1].startswith("  200 recordings: P000/OPEN, P001/OPEN, ")
    assert told[1].endswith(
        "and 188 more: has no file /data/P000.mp4, frame 0; correct it in the subjects table (the others alike)."
    )
    assert told[2] == "  Q1/OPEN: has no depth."
    assert len(problems.items()) == 201  # nothing is lost to whoever writes a table of them
