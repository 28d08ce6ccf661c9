"""What an audit means for the exit code: not clean is an error, but for a leak that a cell sets itself out to show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuroface.errors import AuditError
from neuroface.studies.verdict import refuse_unclean


def finished(run: Path, verdict: str, found: list[str], *, leak: str = "refused") -> Path:
    run.mkdir()
    audit = {"verdict": verdict, "findings": [{"check": "some", "found": found}] if found else []}
    (run / "audit.json").write_text(json.dumps(audit))
    (run / "config.yaml").write_text(f"protocol:\n  leak: {leak}\n")
    return run


def test_runs_and_findings_are_named(tmp_path):
    runs = [finished(tmp_path / "a", "clean", []), finished(tmp_path / "b", "suspect", ["x: one value per class"] * 5)]
    refuse_unclean(runs[:1])
    refuse_unclean([tmp_path / "fine_tuning"])  # which has no audit of its own
    with pytest.raises(
        AuditError, match=r"b is SUSPECT \((x: one value per class; ){2}x: one value per class and 2 more"
    ):
        refuse_unclean(runs)


def test_a_leak_that_an_experiment_sets_out_to_show_is_let_pass_and_no_other(tmp_path):
    shown = finished(tmp_path / "shown", "leaky", ["A knows itself"], leak="accepted")
    other = finished(tmp_path / "other", "leaky", ["B knows itself"])
    doubt = finished(tmp_path / "doubt", "suspect", ["x counts rows"], leak="accepted")
    refuse_unclean([shown], accepted=True)
    for runs, accepted in (([shown], False), ([other], True), ([doubt], True)):
        with pytest.raises(AuditError) as caught:
            refuse_unclean(runs, accepted=accepted)
        assert caught.value.exit_code == 5
