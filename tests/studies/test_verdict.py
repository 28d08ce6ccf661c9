"""What an audit means for the exit code: not clean is an error, but for a leak that a cell sets itself out to show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuroface.errors import AuditError, ConfigError
from neuroface.evaluate.audit_checks import DIVIDED, ENCODING, IMPLAUSIBLE, NUMBER, verdict_of
from neuroface.studies.verdict import accept, refuse_unclean


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


def apart(run: Path, *checks: str) -> Path:
    run.mkdir()
    findings = [{"check": name, "found": ["x: people of the classes lie 9 deviations apart"]} for name in checks]
    audit = {"verdict": verdict_of(list(checks)), "findings": findings, "numbers": NUMBER, "checks": {}}
    (run / "audit.json").write_text(json.dumps(audit))
    (run / "config.yaml").write_text("protocol: {}\n")
    return run


def test_a_plain_disease_is_told_what_to_do_and_accepted_with_its_reason(tmp_path):
    run = apart(tmp_path / "a", IMPLAUSIBLE)
    with pytest.raises(AuditError, match=r"measured alike in everybody .*accept=\{NF017: why it is right\}"):
        refuse_unclean([run])
    accept(run, {"NF017": " a paralysed side hardly moves "})
    refuse_unclean([run])
    assert json.loads((run / "accepted.json").read_text()) == {"NF017": "a paralysed side hardly moves"}
    assert json.loads((run / "audit.json").read_text())["verdict"] == "suspect"
    other = apart(tmp_path / "b", IMPLAUSIBLE, ENCODING)
    accept(other, {"NF017": "right"})
    with pytest.raises(AuditError, match="NF010 x") as caught:
        refuse_unclean([other])
    assert "NF017" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("NF017", "accept= says which finding"),
        ({"NF017": ""}, "accept= says which finding"),
        ({"NF002": "twins"}, "did not find that. It found NF001, NF017"),
        ({"NF001": "so what"}, "no matter of judgement"),
    ],
)
def test_what_cannot_be_accepted(tmp_path, given, told):
    run = apart(tmp_path / "a", IMPLAUSIBLE, DIVIDED)
    with pytest.raises(ConfigError, match=told):
        accept(run, given)
    assert not (run / "accepted.json").exists()
