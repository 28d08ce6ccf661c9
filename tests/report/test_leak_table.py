"""The figure of what mistakes are worth: one point per mistake and panel, ordered by what is added."""

from __future__ import annotations

import pandas as pd
import pytest

from neuroface.evaluate.audit_checks import LEAKS
from neuroface.report.leak_table import HONEST, MEANING, leak_figure


def test_a_panel_per_effect_and_the_largest_gain_last():
    rows = [(HONEST, "0", 0.45, 0.0), ("memory", "0", 0.99, 0.54), ("test_epoch", "0", 0.6, 0.15)]
    rows += [(HONEST, "1", 0.9, 0.0), ("memory", "1", 1.0, 0.1), ("test_epoch", "1", 0.92, 0.02)]
    frame = pd.DataFrame(rows, columns=["leak", "effect", "auc", "gain"]).assign(low=0.3, high=1.0)
    nothing, real = leak_figure(frame).axes
    names = [label.get_text() for label in nothing.get_yticklabels()]
    assert names == ["honest", MEANING["test_epoch"], MEANING["memory"]]
    assert [text.get_text() for text in nothing.texts] == ["+0.15", "+0.54"]
    assert real.get_title(loc="left") == "a real difference (honest AUC 0.90)"


@pytest.mark.parametrize("leak", sorted(set(MEANING) - {HONEST}))
def test_mistakes_that_are_named_are_planted(leak):
    assert leak in LEAKS
