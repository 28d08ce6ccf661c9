"""`eval audit=true` makes a finished run's audit again, under splits that must be told whose site is whose, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from neuroface.evaluate.audit_checks import REPEAT
from neuroface.evaluate.run_files import read_json
from neuroface.studies import evaluate, start


def test_sites_left_out_are_audited_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 16
    group = np.array(["HC", "ALS"] * (n // 2))
    table = pd.DataFrame(
        {"id": [f"p{i:02d}" for i in range(n)], "group": group, "site": np.repeat(["Bern", "Rome"], 8)}
    )
    for k in range(4):
        table[f"f_{k}"] = rng.normal(size=n) + (group == "ALS")
    table.to_csv(tmp_path / "table.csv", index=False)
    words = [
        "cohort=table",
            f"cohort.path={tmp_path / 'table.csv'}",
            "cohort.subject=id",
            "cohort.label=group",
        "cohort.features=[f_*]",
            "cohort.site=site",
            "split=leave_one_cohort_out",
            "classifier=ridge",
        "protocol.permutations=0",
            f"run={tmp_path / 'run'}",
    ]  # fmt: skip
    run = start.run(words)
    before = read_json(run / "audit.json")
    assert REPEAT not in before["checks"]
    list(evaluate.evaluated([f"run={run}", "audit=true"]))
    after = read_json(run / "audit.json")
    assert after["n_folds"] == 2
    assert after["checks"][REPEAT] == "passed"  # ridge has no luck: all repeats are the same
    assert {name: after["checks"][name] for name in before["checks"]} == before["checks"]
