"""`neuroface explain map=keypoints` on small finished runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import neuroface as nf
from neuroface.cli import main
from neuroface.errors import ConfigError
from neuroface.verbs import explain

PEOPLE = ["cohort.people={HC: 2, ALS: 2}", "cohort.repetitions={OPEN: 2}", "cohort.fps=20"]
QUICK = ["protocol.permutations=0", "execution.n_jobs=1", "execution.tensorboard=false", "quality=null"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A logistic regression on how the corners of the mouth move."""
    folder = tmp_path_factory.mktemp("keypoints") / "run"
    return nf.train(*PEOPLE, *QUICK, features="[smile]", classifier="logistic", run=folder).path


def test_only_points_of_the_features_count_and_all_files_are_there(run, capsys):
    assert main(["explain", f"run={run}", "map=keypoints", "checks=3"]) == 0
    assert "most significant points: mouth" in capsys.readouterr().out
    out = run / "explain" / "keypoints"
    table = pd.read_csv(out / "keypoints.csv")
    assert table.nsmallest(2, "rank")["region"].tolist() == ["mouth", "mouth"]
    assert table.loc[table["region"] == "jaw", "significance"].max() < 1e-6
    files = sorted((out / "samples").glob("*_landmarks.txt"))
    assert len(files) == 8
    g = np.array([np.loadtxt(file, delimiter=",")[:, 2] for file in files])
    lines = (out / "summary.txt").read_text().splitlines()
    assert len(lines) == 68
    assert float(lines[48].removeprefix("Line 49 Average: ")) == pytest.approx(g[:, 48].mean(), rel=1e-3, abs=1e-6)
    people = pd.read_csv(out / "people.csv")
    assert len(people) == 4 * 68
    page = (out / "keypoints.html").read_text()
    assert "In truth" in page
    assert "Shuffled labels, 3 times, everything fitted again" in page
    assert table["p_any"].min() >= 1 / 4
    assert table.loc[table["region"] == "jaw", "shuffled_high"].max() < 1e-6


def test_another_map_is_refused(run):
    with pytest.raises(ConfigError, match="Did you mean 'keypoints'"):
        explain.run([f"run={run}", "map=keypoint"])
