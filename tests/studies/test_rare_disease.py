"""The rare-disease ensemble from the command line: one network per region, what each says alone, what was planted."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from neuroface.verbs import train

TINY = [
    "experiment=rare_disease",
    "size=ci",
    "cohort.people={control: 4, slanted_eyes: 3, broad_nose: 3, thin_lip: 3}",
    "cohort.pictures=[1,2]",
    "classifier.view.size=16",
    "classifier.view.regions=[eyes,nose,mouth,whole]",
    "classifier.width=2",
    "classifier.max_epochs=2",
    "split.n_splits=3",
    "protocol.permutations=4",
    "execution.n_jobs=1",
    "execution.tensorboard=false",
]


@pytest.mark.slow
def test_each_region_is_told_beside_what_was_planted(tmp_path, capsys):
    folder = tmp_path / "rare"
    train.run([*TINY, f"run={folder}"])
    told = capsys.readouterr().out
    assert "planted regions found:" in told
    assert "paper 0.96" in told
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert set(scores["parts"]["each"]) == {"eyes", "nose", "mouth", "whole"}
    assert set(scores["parts"]["best"]["thin_lip"]["auc"]) == {"eyes", "nose", "mouth"}
    assert scores["calibration"]["units"] == 13
    assert {"top_2_accuracy_ci", "top_3_accuracy_ci"} <= set(scores["subject"])
    predictions = pd.read_csv(folder / "predictions.csv")
    parts = [f"part:{name}:thin_lip" for name in ("eyes", "nose", "mouth", "whole")]
    assert predictions["p_thin_lip"].to_numpy() == pytest.approx(predictions[parts].mean(axis=1).to_numpy())
    people = predictions.groupby("subject")["fold"].nunique()
    assert (people == 1).all()
    tells = pd.read_csv(folder / "report" / "parts_of_classes.csv").set_index("class")
    assert tells["planted"].dropna().to_dict() == {"slanted_eyes": "eyes", "broad_nose": "nose", "thin_lip": "mouth"}
