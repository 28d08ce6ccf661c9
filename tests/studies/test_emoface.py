"""Emoface from the command line: people kept whole, and frames split, side by side."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from neuroface.verbs import train

TINY = [
    "experiment=emoface",
    "size=ci",
    "cohort.people={HC: 3, MDD: 3, BD: 3}",
    "cohort.tasks=[AMUSING]",
    "cohort.frames=2",
    "classifier.view.size=24",
    "classifier.epochs=2",
    "split.n_splits=3",
    "protocol.permutations=4",
    "execution.n_jobs=1",
    "execution.tensorboard=false",
]


def folds_of(predictions):
    """How many folds each person is judged in."""
    return predictions[["subject", "fold"]].drop_duplicates()["subject"].value_counts()


@pytest.mark.slow
def test_both_protocols_stand_side_by_side(tmp_path, capsys):
    folder = tmp_path / "emo"
    train.run([*TINY, f"run={folder}"])
    table = pd.read_csv(folder / "table.csv").set_index("name")
    assert table["audit"].to_dict() == {
        "own_mean-refused-inner_people": "clean",
        "none-refused-inner_people": "clean",
        "none-frame_split-inner_rows": "leaky",
    }
    assert (table["published"] == 0.9529).all()
    assert "Frames were split 7:2:1" in capsys.readouterr().out
    predictions = pd.read_csv(folder / "own_mean-refused-inner_people" / "predictions.csv")
    assert len(predictions) == 9 * 2
    assert folds_of(predictions).max() == 1
    split = pd.read_csv(folder / "none-frame_split-inner_rows" / "predictions.csv")
    assert folds_of(split).max() > 1
    scores = json.loads((folder / "own_mean-refused-inner_people" / "scores.json").read_text(encoding="utf-8"))
    assert scores["subject"]["n_permutations"] == 4
    page = (folder / "none-frame_split-inner_rows" / "report" / "report.html").read_text(encoding="utf-8")
    assert "This result leaks" in page
