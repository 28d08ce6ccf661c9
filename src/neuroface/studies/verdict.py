"""What the audits of finished runs mean for whoever started them: not clean is an error, after all is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuroface.errors import AuditError, ConfigError
from neuroface.evaluate.audit_checks import IMPLAUSIBLE, LEAKS, MEANS, NUMBER
from neuroface.evaluate.run_files import ACCEPTED, read_json, read_yaml
from neuroface.evaluate.run_folder import RunFolder

SHOWN = 3  # findings in one message
# What to do about a finding that may be right.
CHECKED = {
    NUMBER[IMPLAUSIBLE]: "NF017: see how that column came to be. If it was made of the class, leave it out of "
    "cohort.features; if it was measured alike in everybody and the disease is that plain, say so, and it is recorded: "
    "neuroface eval run=RUN 'accept={NF017: why it is right}'."
}


def refuse_unclean(runs: Sequence[Path], *, accepted: bool = False) -> None:
    """Raise AuditError that names runs and findings where an audit is not clean.

    accepted: let pass those leaks that a cell of an experiment sets itself out to show (protocol.leak=accepted, or
    one by its name); its table marks them.
    """
    told: list[str] = []
    advice: list[str] = []
    for run in runs:
        if not (run / "audit.json").is_file():
            continue
        audit = read_json(run / "audit.json")
        verdict = audit.get("verdict", "clean")  # the one of a fine-tuning run refuses leaks, and has none
        right = read_json(run / ACCEPTED) if (run / ACCEPTED).is_file() else {}
        open_ = [finding for finding in audit.get("findings") or () if _number(audit, finding) not in right]
        if verdict == "clean" or (accepted and _sets_out_to(run, verdict)):
            continue
        if verdict == "suspect" and right and not any(MEANS.get(finding["check"]) != "noted" for finding in open_):
            continue
        found = [text for finding in open_ for text in _numbered(audit, finding)]
        advice += [CHECKED[number] for one in open_ if (number := _number(audit, one)) in CHECKED]
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        told.append(f"{run} is {str(verdict).upper()} ({'; '.join(found[:SHOWN])}{more})")
    if told:
        raise AuditError(
            f"the audit of {'; '.join(told)}. Everything is written; audit.json and the report tell what to look at."
            + "".join(f" {one}" for one in dict.fromkeys(advice))
        )


def accept(run: Path, given: Any) -> None:
    """Write accepted.json: number of a check -> why what it found is right; added to what stands there.

    The verdict stays as it is, and the report shows the reason beside it. Errors: ConfigError for what is no mapping of
    numbers to reasons, a check that is no matter of judgement (a leak), or one that found nothing in this run.
    """
    if not isinstance(given, Mapping) or not all(isinstance(why, str) and why.strip() for why in given.values()):
        raise ConfigError(
            "accept= says which finding is right, and why: accept={NF017: the paralysed side hardly moves}."
        )
    audit = read_json(run / "audit.json")
    found = {_number(audit, finding): finding["check"] for finding in audit.get("findings") or ()}
    for number in map(str, given):
        if number not in found:
            raise ConfigError(f"accept={number}: the audit of {run} did not find that. It found {_listed(found)}.")
        if MEANS.get(found[number]) != "suspect":
            raise ConfigError(f"accept={number}: {found[number]}; that is no matter of judgement. Mend the data.")
    with RunFolder(run).locked() as folder:
        before = read_json(run / ACCEPTED) if (run / ACCEPTED).is_file() else {}
        folder.write_json(ACCEPTED, {**before, **{str(number): why.strip() for number, why in given.items()}})


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(sorted(number for number in found if number)) or "nothing"


def _number(audit: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    return str(audit.get("numbers", {}).get(finding["check"], ""))


def _numbered(audit: Mapping[str, Any], finding: Mapping[str, Any]) -> list[str]:
    """The texts of a finding, the first behind its number."""
    number = _number(audit, finding)
    number = f"{number} " if number else ""
    return [number + text if i == 0 else text for i, text in enumerate(finding["found"])]


def _sets_out_to(run: Path, verdict: str) -> bool:
    """Whether the run shows a leak that its protocol accepts or plants."""
    leak = (read_yaml(run / "config.yaml").get("protocol") or {}).get("leak", "refused")
    return leak in LEAKS or (leak == "accepted" and verdict == "leaky")
