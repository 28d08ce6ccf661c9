"""What a scoring again cannot do is said, and nothing of an earlier one is left standing."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuroface.errors import ConfigError
from neuroface.studies import covariates
from neuroface.verbs import eval as verb
from neuroface.verbs import train


@pytest.fixture
def of_numbers(tmp_path) -> Path:
    people = ["cohort.people={HC: 4, ALS: 4}", "cohort.tasks=[OPEN]", "features=[rom]", "quality=null"]
    asked = [
        "protocol=severity",
        "classifier=ridge_regressor",
        "protocol.permutations=0",
        "execution.tensorboard=false",
    ]
    train.run([*people, *asked, "execution.n_jobs=1", f"run={tmp_path / 'run'}"])
    return tmp_path / "run"


def test_what_is_for_classes_is_told_of_a_run_of_numbers(of_numbers, capsys):
    before = (of_numbers / "scores.json").read_bytes()
    verb.run([f"run={of_numbers}", "audit=true", "covariates=age"])
    assert "covariates= and audit= is for runs that tell classes" in capsys.readouterr().err
    assert (of_numbers / "scores.json").read_bytes() == before
    with pytest.raises(ConfigError, match=r"accept=NF017: the audit of .* did not find that"):
        verb.run([f"run={of_numbers}", "accept={NF017: it is so}"])


def test_tables_of_an_earlier_scoring_do_not_stay_where_there_is_nothing_to_tell(tmp_path):
    people = ["cohort.people={HC: 3, ALS: 3}", "cohort.tasks=[OPEN]", "features=[rom]", "quality=null"]
    asked = ["classifier=dummy", "protocol.permutations=0", "execution.tensorboard=false", "execution.n_jobs=1"]
    train.run([*people, *asked, f"run={tmp_path / 'run'}"])
    table = tmp_path / "run" / "samples.csv"
    head, *rows = table.read_text().splitlines(keepends=True)
    table.write_text(head + "".join(row for row in rows if ",0," in row or "-0," in row or "/0," in row))
    kept = ["covariates.json", "repeatability.csv", "mixed.csv"]
    for name in kept:
        (tmp_path / "run" / name).write_text("of an earlier scoring")
    (tmp_path / "run" / "people.csv").write_text("subject\n")
    covariates.write(tmp_path / "run")
    covariates.write_repeatability(tmp_path / "run")
    assert not [name for name in kept if (tmp_path / "run" / name).exists()]
