"""The audits and cohort facts of several runs as one, the worst first: an ensemble is as clean as its leakiest run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VERDICTS = ("leaky", "suspect", "clean")  # the worst first; any other word is worse than these
OUTCOMES = ("found", "not done", "does not apply", "passed")


def merged_audit(audits: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One audit.json of several: name of a run -> its audit. Findings say whose they are where not all have them."""
    checks = list(dict.fromkeys(check for audit in audits.values() for check in audit["checks"]))
    outcomes = {
        check: _worst((audit["checks"].get(check, "not done") for audit in audits.values()), OUTCOMES)
        for check in checks
    }
    where: dict[tuple[str, str], list[str]] = {}
    for name, audit in audits.items():
        for finding in audit["findings"]:
            for text in finding["found"]:
                where.setdefault((finding["check"], text), []).append(name)
    findings: dict[str, list[str]] = {}
    for (check, text), names in where.items():
        whose = "" if len(names) == len(audits) else f" ({', '.join(names)})"
        findings.setdefault(check, []).append(text + whose)
    first = next(iter(audits.values()))
    return {
        **first,
        "verdict": _worst((audit["verdict"] for audit in audits.values()), VERDICTS),
        "checks": outcomes,
        "findings": [{"check": check, "found": found} for check, found in findings.items()],
        "notes": _union(audit.get("notes") or () for audit in audits.values()),
    }


def merged_cohort(cohorts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One cohort.json of several: whatever was left out, filled or guessed in any of them counts.

    The runs judge the same samples, so counts are not added up: the largest stands. What only some runs tell is kept.
    """
    merged: dict[str, Any] = {}
    for cohort in cohorts.values():
        for key, value in cohort.items():
            merged[key] = _more(merged[key], value) if key in merged else value
    return merged


def _worst(words: Any, order: tuple[str, ...]) -> str:
    return min(words, key=lambda word: order.index(word) if word in order else -1)


def _union(lists: Any) -> list[Any]:
    found: list[Any] = []
    for items in lists:
        found += [item for item in items if item not in found]
    return found


def _more(a: Any, b: Any) -> Any:
    """Of two facts the one that tells more: true, the larger number, all of two lists, both of two mappings."""
    if isinstance(a, bool) and isinstance(b, bool):
        return a or b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return max(a, b)
    if isinstance(a, list) and isinstance(b, list):
        return _union([a, b])
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return {**a, **{key: _more(a[key], value) if key in a else value for key, value in b.items()}}
    if isinstance(a, str) and isinstance(b, str) and a and b and a != b:
        return " / ".join(_union([a.split(" / "), b.split(" / ")]))
    return a or b
