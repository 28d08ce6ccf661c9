"""The flow of participants adds up."""

from __future__ import annotations

import pandas as pd
import pytest

pytest.importorskip("matplotlib")

from neuroface.report.flow_figure import MOST_REASONS, flow, left_out

PREDICTIONS = pd.DataFrame(
    {
        "subject": ["a", "a", "b", "c"],
        "sample": ["a/0", "a/1", "b/0", "c/0"],
        "y": ["HC", "HC", "ALS", "ALS"],
    }
)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_boxes_count_people_and_repetitions() -> None:
    cohort = {"recordings": 3, "left_out": [{"what": "d/OPEN", "why": "looks away"}, {"what": "e", "why": "no depth"}]}
    shown = texts(flow(PREDICTIONS, cohort, by="y", classes=["HC", "ALS"]))
    assert shown[0].endswith("3 used, 2 entries left out")
    assert shown[1] == "left out\n1: looks away\n1: no depth"
    assert shown[2] == "judged\n3 people, 4 repetitions"
    assert shown[3:] == ["HC\n1 person, 2 repetitions", "ALS\n2 people"]


def test_many_reasons_are_added_up() -> None:
    cohort = {"left_out": [{"what": str(i), "why": f"reason {i}"} for i in range(MOST_REASONS + 3)]}
    lines = left_out(cohort)
    assert lines[-1] == "3: other reasons"
    assert len(lines) == MOST_REASONS + 1
