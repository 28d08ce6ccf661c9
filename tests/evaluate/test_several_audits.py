from __future__ import annotations

import pytest

from neuroface.evaluate.several_audits import merged_audit, merged_cohort

LEAK, TWINS = "nothing that a test subject is judged by was fitted on them", "no identical rows of different people"


def audit(verdict, **found):
    checks = {LEAK: "passed", TWINS: "passed"} | dict.fromkeys(found, "found")
    findings = [{"check": name, "found": texts} for name, texts in found.items()]
    return {"verdict": verdict, "checks": checks, "findings": findings, "notes": [], "n_folds": 4}


@pytest.mark.parametrize("order", [("clean", "leaky", "suspect"), ("suspect", "clean", "leaky"), ("leaky", "clean")])
def test_the_worst_audit_stands_whatever_the_order(order):
    audits = {
        "clean": audit("clean"),
        "leaky": audit("leaky", **{LEAK: ["S1"]}),
        "suspect": audit("suspect", **{TWINS: ["S1 and S2 share 3 of 3 rows"]}),
    }
    merged = merged_audit({name: audits[name] for name in order})
    assert merged["verdict"] == "leaky"
    assert merged["checks"][LEAK] == "found"
    assert {"check": LEAK, "found": ["S1 (leaky)"]} in merged["findings"]
    assert merged["checks"][TWINS] == ("found" if "suspect" in order else "passed")


def test_what_all_runs_found_is_said_once():
    same = audit("suspect", **{TWINS: ["S1 and S2 share 3 of 3 rows"]})
    merged = merged_audit({"a": same, "b": same})
    assert merged["findings"] == same["findings"]
    assert merged["verdict"] == "suspect"


def test_a_check_that_only_one_run_made_is_not_passed():
    old = {**audit("clean"), "checks": {LEAK: "passed"}}
    assert merged_audit({"a": audit("clean"), "b": old})["checks"][TWINS] == "not done"


def test_whatever_was_left_out_or_filled_in_any_run_counts():
    a = {"synthetic": False, "frames_filled": 3, "left_out": [{"what": "S1", "why": "x"}], "notes": {"merged": 1}}
    b = {"synthetic": True, "frames_filled": 7, "left_out": [{"what": "S2", "why": "y"}], "notes": {"guessed": "mm"}}
    for merged in (merged_cohort({"a": a, "b": b}), merged_cohort({"b": b, "a": a})):
        assert (merged["synthetic"], merged["frames_filled"]) == (True, 7)
        assert {item["what"] for item in merged["left_out"]} == {"S1", "S2"}
        assert merged["notes"] == {"merged": 1, "guessed": "mm"}
