from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from neuroface.evaluate.scores import summarise
from neuroface.report import published
from neuroface.report.database_table import database_table

CLASSES = ("negative", "positive", "surprise")


def write_run(folder: Path, *, right: float, verdict: str, databases: tuple[str, ...] = ("smic", "samm")) -> Path:
    """A run in which this share of samples is decided rightly; two people a database, six samples each."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(2 * len(databases)):
        for sample in range(6):
            said = sample % 3 if rng.random() < right else (sample + 1) % 3
            rows.append(
                {"sample": f"P{number}/{sample}", "subject": f"P{number}", "group": databases[number // 2]}
                | {"task": "t", "repetition": sample, "fold": f"P{number}", "y": CLASSES[sample % 3]}
                | {f"p_{c}": 0.8 if k == said else 0.1 for k, c in enumerate(CLASSES)}
                | {f"dummy_p_{c}": 1 / 3 for c in CLASSES}
            )
    table = pd.DataFrame(rows)
    folder.mkdir(parents=True)
    table.to_csv(folder / "predictions.csv", index=False)
    (folder / "config.yaml").write_text(yaml.safe_dump({"protocol": {"name": "micro_expression"}}))
    facts = {"status": "done", "digest": "d", "wall_s": 1.0}
    for name, content in {
        "run.json": facts,
        "scores.json": summarise(table, None, classes=CLASSES, n_bootstrap=50),
        "audit.json": {"verdict": verdict},
        "cohort.json": {"synthetic": True},
    }.items():
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.fixture
def drawn(tmp_path):
    cells = [("last", 0.7, "clean"), ("test_best", 1.0, "leaky")]
    for name, right, verdict in cells:
        write_run(tmp_path / name, right=right, verdict=verdict)
    names = [name for name, *_ in cells] + ["never_run"]
    cells = [{"name": name, "folder": tmp_path / name, "columns": {}} for name in names]
    text = database_table(cells, tmp_path, title="Three ways", published="htnet")
    return tmp_path, text, pd.read_csv(tmp_path / "table.csv").set_index("method")


def test_scores_stand_beside_the_published_ones(drawn):
    folder, text, table = drawn
    known = json.loads((folder / "last" / "scores.json").read_text())["repetition"]["groups"]
    for database in ("all", "smic", "samm"):
        assert table.loc["last", f"{database} uf1"] == pytest.approx(known[database]["uf1"])
        assert table.loc["test_best", f"{database} uar"] == 1
    assert table.loc["HTNet (published)", "all uf1"] == 0.8603
    assert table.loc["LBP-TOP (published)", "samm uar"] == 0.4102
    assert "casme2 uf1" not in table  # nobody of that database was judged
    assert table.loc["never_run", "data"] == "missing or unfinished"
    assert text.splitlines()[0] == "Three ways"


def test_the_leak_and_the_synthetic_origin_are_told(drawn):
    _, text, table = drawn
    assert table["audit"].tolist()[:2] == ["clean", "leaky"]
    assert "test_best: the audit is LEAKY. Its epoch was chosen on the people who are judged" in text
    assert "1 cell missing or unfinished" in text
    assert "from a synthetic cohort" in text
    assert "not a medical device" in text


def test_the_page_links_the_runs(drawn):
    folder, _, _ = drawn
    page = (folder / "table.html").read_text()
    assert '<a href="last/report/report.html">last</a>' in page
    assert 'href="never_run' not in page


def test_one_database_has_one_column(tmp_path):
    write_run(tmp_path / "one", right=1.0, verdict="clean", databases=("smic",))
    cells = [{"name": "one", "folder": tmp_path / "one", "columns": {}}]
    database_table(cells, tmp_path, title="One")
    table = pd.read_csv(tmp_path / "table.csv")
    assert table.loc[0, "all uf1"] == 1
    assert not [column for column in table if column.startswith("smic")]


def test_the_published_table_is_whole():
    """11 methods, both measures, everybody and each of three databases."""
    paper = published.load("htnet")
    values = [
        paper.value(variant=method, database=database, measure=measure)
        for method in paper.variants
        for database in ("all", "smic", "casme2", "samm")
        for measure in ("uf1", "uar")
    ]
    assert len(values) == 88
    assert all(0.2 <= value.value <= 1 for value in values)
