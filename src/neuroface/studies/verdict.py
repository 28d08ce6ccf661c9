"""What the audits of finished runs mean for whoever started them: not clean is an error, after all is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuroface.errors import AuditError
from neuroface.evaluate.audit_checks import LEAKS
from neuroface.evaluate.run_files import read_json, read_yaml

SHOWN = 3  # findings in one message


def refuse_unclean(runs: Sequence[Path], *, accepted: bool = False) -> None:
    """Raise AuditError that names runs and findings where an audit is not clean.

    accepted: let pass those leaks that a cell of an experiment sets itself out to show (protocol.leak=accepted, or
    one by its name); its table marks them.
    """
    told = []
    for run in runs:
        if not (run / "audit.json").is_file():
            continue
        audit = read_json(run / "audit.json")
        verdict = audit.get("verdict", "clean")  # the one of a fine-tuning run refuses leaks, and has none
        if verdict == "clean" or (accepted and _sets_out_to(run, verdict)):
            continue
        found = [text for finding in audit.get("findings") or () for text in _numbered(audit, finding)]
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        told.append(f"{run} is {str(verdict).upper()} ({'; '.join(found[:SHOWN])}{more})")
    if told:
        raise AuditError(
            f"the audit of {'; '.join(told)}. Everything is written; audit.json and the report tell what to look at."
        )


def _numbered(audit: Mapping[str, Any], finding: Mapping[str, Any]) -> list[str]:
    """The texts of a finding, the first behind its number."""
    number = audit.get("numbers", {}).get(finding["check"])
    number = f"{number} " if number else ""
    return [number + text if i == 0 else text for i, text in enumerate(finding["found"])]


def _sets_out_to(run: Path, verdict: str) -> bool:
    """Whether the run shows a leak that its protocol accepts or plants."""
    leak = (read_yaml(run / "config.yaml").get("protocol") or {}).get("leak", "refused")
    return leak in LEAKS or (leak == "accepted" and verdict == "leaky")
