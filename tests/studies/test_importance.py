"""`neuroface explain` on a small finished run on a table."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import neuroface as nf
from neuroface.cli import main
from neuroface.errors import ConfigError, DataError
from neuroface.verbs import explain

FEATURES = ["rom.width_mm", "rom.height_mm", "velocity.peak_mm_per_s"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A forest on a table of ten people in which the first feature tells the classes."""
    root = tmp_path_factory.mktemp("importance")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(10):
        for repetition in range(2):
            values = rng.standard_normal(3)
            values[0] += 6.0 * (i % 2)
            who = {"subject": f"P{i}", "group": "ALS" if i % 2 else "HC", "task": "OPEN", "repetition": repetition}
            rows.append({**who, **dict(zip(FEATURES, values, strict=True))})
    pd.DataFrame(rows).to_csv(root / "table.csv", index=False)
    words = [
        "cohort=table",
        f"cohort.path={root / 'table.csv'}",
        f"cohort.features=[{','.join(FEATURES)}]",
        "protocol=as_labelled",
        "protocol.permutations=0",
        "execution.n_jobs=1",
    ]
    return nf.train(*words, "execution.tensorboard=false", classifier="forest", run=root / "run").path


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_what_tells_the_classes_is_found_and_both_checks_stand_beside(run, capsys):
    assert main(["explain", f"run={run}", "repeats=10", "checks=4"]) == 0
    assert "rom.width_mm 0." in capsys.readouterr().out
    table = pd.read_csv(run / "explain" / "importance.csv").set_index("name")
    assert table.loc[FEATURES, "importance"].idxmax() == "rom.width_mm"
    assert table.loc["rom.width_mm", "low"] > 0
    assert table.loc["rom.width_mm", "shuffled_mean"] < table.loc["rom.width_mm", "importance"] / 2
    assert table.loc["rom.width_mm", "scrambled_mean"] < table.loc["rom.width_mm", "importance"] / 2
    page = (run / "explain" / "explain.html").read_text()
    assert "Shuffled labels: the mean importance" in page
    assert page.count("data:image/png;base64") >= 1
    assert "not a medical device" in page
    if (run / "explain" / "attributions.csv").is_file():  # with shap
        told = pd.read_csv(run / "explain" / "attributions.csv").groupby(["feature", "y"])["attribution"].mean()
        assert told["rom.width_mm", "ALS"] > 0 > told["rom.width_mm", "HC"]


def test_a_page_without_checks_says_so(run):
    explain.run([f"run={run}", "repeats=2", "checks=0"])
    assert "Neither check was made" in (run / "explain" / "explain.html").read_text()


def test_models_that_changed_are_not_explained(run):
    files = sorted((run / "models").glob("*.npz"))
    shutil.copy(files[0], files[1])
    with pytest.raises(DataError, match="wrote other bytes than there are now"):
        explain.run([f"run={run}"])
    shutil.rmtree(run / ".sums")  # as a run of an older version
    with pytest.raises(DataError, match="away from those in"):
        explain.run([f"run={run}"])
    files[1].unlink()
    with pytest.raises(ConfigError, match=f"no model of fold {files[1].stem}"):
        explain.run([f"run={run}"])
    assert not (run / "explain").exists()
