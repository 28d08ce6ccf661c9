"""From rendered video to AUCs, small: every stage of experiment=guarin on real frames."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from neuroface.cohorts.folder import FolderCohort
from neuroface.verbs import reproduce, train

SMALL = [
    "size=ci",
    "cohort.people={HC: 3, ALS: 3, PS: 3}",
    "cohort.tasks=[OPEN]",
    "cohort.repetitions={OPEN: 2}",
    "cohort.fps=10",
    "annotated.frames=4",
    "finetune.epochs=2",
    "protocol.task=OPEN",
    "protocol.permutations=0",
    "execution.n_jobs=1",
    "execution.save_models=false",
]

LEAST = [
    "cohort.people={HC: 2, ALS: 2, PS: 2}",
    "cohort.repetitions={OPEN: 1}",
    "cohort.fps=6",
    "annotated.frames=2",
    "finetune.epochs=1",
]


def test_from_video_to_twelve_questions(tmp_path, capsys):
    run = tmp_path / "g"
    train.run(["experiment=guarin", *SMALL, *LEAST, f"run={run}"])
    told = capsys.readouterr().out
    table = pd.read_csv(run / "table.csv")
    assert sorted(zip(table["network"], table["protocol"], strict=True)) == [
        (network, protocol) for network in ("pretrained", "tuned") for protocol in ("als_vs_hc", "ps_vs_hc")
    ]
    assert set(table["data"]) == {"synthetic"}
    assert len(pd.read_csv(run / "differences.csv")) == 2
    splits = json.loads((run / "finetune" / "splits.json").read_text())
    trained_on = {subject: set(fold["train"]) for fold in splits.values() for subject in fold["test"]}
    for recording in FolderCohort(root=run / "landmarks" / "tuned").recordings():
        known = {name for name in recording.landmarks.fitted_on if not name.startswith("wild-")}
        assert known == trained_on[recording.subject]
        assert recording.subject not in known
    audits = [json.loads(file.read_text())["verdict"] for file in run.glob("*/audit.json")]
    assert set(audits) == {"clean"}
    reproduce.run(["guarin", f"run={run}"])
    again = capsys.readouterr().out
    assert [line for line in again.splitlines() if line.startswith("tuned")] == [
        line for line in told.splitlines() if line.startswith("tuned")
    ]


@pytest.mark.slow
def test_the_published_leak_is_named(tmp_path):
    run = tmp_path / "leaky"
    words = [
        "experiment=guarin_as_published",
        *SMALL,
        "size.film.train_per_class=2",
        "protocol=ps_vs_hc",
        "features=[ps13_v1]",
    ]
    train.run([*words, f"run={run}"])
    verdicts = {file.parent.name: json.loads(file.read_text())["verdict"] for file in run.glob("*/audit.json")}
    assert verdicts == {"pretrained": "clean", "tuned": "leaky"}
    assert "leaks, as published" in (run / "tuned" / "report" / "report.html").read_text()
