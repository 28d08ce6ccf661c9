"""What was checked for leakage, and the verdict that stands in audit.json: clean, suspect or leaky.

A fold that judges a person by something fitted on that person is refused. What can only be suspected from the values
(one person under two ids, a column that encodes the class) is told as a finding and left to the reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from neuroface.errors import LeakageError
from neuroface.evaluate import audit_pictures, audit_values
from neuroface.evaluate.audit_checks import (
    AUGMENTED,
    CHOSEN,
    DIVIDED,
    ENCODING,
    FITTED,
    IDENTICAL,
    IMPLAUSIBLE,
    NEAR,
    NORMALISED,
    NUMBER,
    ORDER,
    SELECTED,
    verdict_of,
)
from neuroface.evaluate.audit_order import counting_features, sorted_by_class, telling_order
from neuroface.evaluate.splits import Fold
from neuroface.types import Samples

NOT_CHECKED = (
    "people who look alike or are related, the same person with re-measured values, camera or session that differ "
    "between groups, choices made outside this run after seeing its results"
)
PREPARED = {"normalisation": NORMALISED, "selection": SELECTED, "augmentation": AUGMENTED}
DISTINCT_SHARE = 0.9  # below it rows repeat by coarseness alone, and single equal rows of two people say nothing
EQUAL_BY_CHANCE = 0.05  # pairs of rows that coarse columns alone may make equal before equal rows say nothing
MEASURED_COLUMNS = 2  # that repeat together only
EMBEDDED = "embedding."  # begins the names of columns that a fitted network made of pictures, see views.embedding
DISTINCT_ROWS = 4  # of them all of two people are equal by chance hardly ever, however coarse


def refuse_leakage(samples: Samples, folds: Sequence[Fold], *, accepted: bool = False, divided: bool = False) -> None:
    """Raise LeakageError naming folds and subjects; called before anything is fitted.

    accepted: let pass that values of a test subject were fitted on that subject; the audit then tells of it. divided:
    let pass that people stand on both sides of a fold, too.
    """
    both = _on_both_sides(samples, folds)
    if both and not divided:
        raise LeakageError(
            f"{_listed(both)} stand on both sides of a fold; their scores would come from a model that knows them. "
            "Use a split that keeps subjects whole: split=loso."
        )
    known = _fitted_on_test_subject(samples, folds)
    if known and not accepted:
        raise LeakageError(
            f"Values of {_listed(known)} were computed by something fitted on that very subject "
            "(a landmark model, a norm). Cross-fit it, so that no subject is judged by a model that saw them."
        )
    if (copied := _copies_divided(samples, folds)) and not (accepted or divided):
        raise LeakageError(
            f"{'; '.join(copied[:3])}{f' and {len(copied) - 3} pairs more' if len(copied) > 3 else ''}; they would be "
            "learnt from and judged. Give the people one name (cohort.pattern, a column subject), leave one out "
            "(cohort.exclude=[...]), or say protocol.leak=accepted."
        )
    prepared = [text for kind in samples.prepared for text in _prepared_on(samples, folds, kind)]
    if prepared and not accepted:
        raise LeakageError(f"{'; '.join(prepared)}. Do it inside the fold: as a step of the classifier.")


def audit(
    samples: Samples, folds: Sequence[Fold], *, shows_test: bool = False, unknown: Sequence[str] = ()
) -> dict[str, Any]:
    """What was checked, what was found, and the verdict "clean", "suspect" or "leaky"; plain values for audit.json.

    shows_test: the estimator was shown the rows that it is judged by. unknown: notes on weights of unknown origin.
    """
    prepared = {name: _prepared_on(samples, folds, kind) for kind, name in PREPARED.items()}
    checks: dict[str, list[str] | None] = {
        DIVIDED: _on_both_sides(samples, folds),
        IDENTICAL: _shared_rows(samples),
        NEAR: None,
        FITTED: _fitted_on_test_subject(samples, folds),
        **prepared,
        CHOSEN: _tested(samples, folds) if shows_test else [],
        ENCODING: None,
        ORDER: None,
        IMPLAUSIBLE: None,
    }
    if samples.view == "table":
        checks |= _of_a_table(samples, prepared)
    elif (copied := audit_pictures.copies(samples.X, samples.subject, least_share=_least_share(samples))) is not None:
        checks[NEAR] = audit_pictures.in_words(copied)
    found = [name for name, texts in checks.items() if texts]
    verdict = "leaky" if any(_prepared_on(samples, folds, kind) for kind in PREPARED) else verdict_of(found)
    return {
        "verdict": verdict,
        "checks": {name: _outcome(texts) for name, texts in checks.items()},
        "numbers": {name: NUMBER[name] for name in checks},
        "findings": [finding(name, checks[name] or []) for name in found],
        "notes": [*_notes(samples), *sorted_by_class(samples), *unknown],
        "not_checked": NOT_CHECKED,
        "n_subjects": len(set(map(str, samples.subject))),
        "n_samples": len(samples),
        "n_folds": len(folds),
    }


def finding(check: str, found: Sequence[str]) -> dict[str, Any]:
    """An entry of audit.json's findings."""
    return {"check": check, "found": list(found)}


def _of_a_table(samples: Samples, prepared: Mapping[str, list[str]]) -> dict[str, list[str] | None]:
    """What the values of a table tell; what is told already is not told twice."""
    X = np.asarray(samples.X, dtype=float)
    subject, encoding = np.asarray(samples.subject).astype(str), _encoding_features(samples)
    told = {text.partition(":")[0] for text in encoding}
    known = {text.split(" share ")[0] for text in _shared_rows(samples) or ()}
    return {
        NEAR: [text for text in audit_values.nearly_equal(X, subject) if text.partition(":")[0] not in known],
        NORMALISED: prepared[NORMALISED] + audit_values.scaled(X),
        SELECTED: prepared[SELECTED] + audit_values.chosen(X, samples.y, subject),
        AUGMENTED: prepared[AUGMENTED] + audit_values.between(X, subject),
        ENCODING: encoding,
        IMPLAUSIBLE: [
            text
            for text in audit_values.implausible(X, samples.y, subject, samples.feature_names)
            if text.partition(":")[0] not in told
        ],
        ORDER: [text for text in telling_order(samples) if text.partition(":")[0] not in told],
    }


def row_bytes(row: Any) -> bytes:
    """The values of one sample as bytes, whatever its view."""
    if isinstance(row, Mapping):
        return b"".join(row_bytes(row[name]) for name in sorted(row))
    return np.ascontiguousarray(row).tobytes()


def _copies_divided(samples: Samples, folds: Sequence[Fold]) -> list[str]:
    """Copies among single pictures of two people, one learnt from and the other judged in the same fold."""
    tasks = set(map(str, samples.meta.get("task", ())))
    found = audit_pictures.copies(samples.X, samples.subject) if tasks == {audit_pictures.STILL} else None
    if not found:
        return []
    subject = np.asarray(samples.subject).astype(str)
    sides = [(set(subject[fold.train]), set(subject[fold.test])) for fold in folds]
    parted = [p for p in found if any((p[0] in a and p[1] in b) or (p[1] in a and p[0] in b) for a, b in sides)]
    return audit_pictures.in_words(Counter({pair: found[pair] for pair in parted}))


def _least_share(samples: Samples) -> float:
    """Of somebody's pictures that are copies of another's: any of stills, which people collect from many places."""
    return 0.0 if set(map(str, samples.meta.get("task", ()))) == {audit_pictures.STILL} else audit_pictures.LEAST_SHARE


def _outcome(found: list[str] | None) -> str:
    return "does not apply" if found is None else "found" if found else "passed"


def _prepared_on(samples: Samples, folds: Sequence[Fold], kind: str) -> list[str]:
    """That a step before the folds looked at people who are judged."""
    seen = samples.prepared.get(kind, frozenset())
    judged = [name for name in _tested(samples, folds) if name in seen]
    return [f"{kind} before the split looked at {_listed(judged)}, who are judged"] if judged else []


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:8]) + (f" and {len(items) - 8} more" if len(items) > 8 else "")


def _on_both_sides(samples: Samples, folds: Sequence[Fold]) -> list[str]:
    subject = np.asarray(samples.subject).astype(str)
    return [
        f"{name} (fold {fold.name})"
        for fold in folds
        for name in sorted(set(subject[fold.train]) & set(subject[fold.test]))
    ]


def _fitted_on_test_subject(samples: Samples, folds: Sequence[Fold]) -> list[str]:
    tested = {int(row) for fold in folds for row in fold.test}
    return sorted({str(samples.subject[i]) for i in tested if str(samples.subject[i]) in samples.fitted_on[i]})


def _tested(samples: Samples, folds: Sequence[Fold]) -> list[str]:
    return sorted({str(samples.subject[int(row)]) for fold in folds for row in fold.test})


def _shared_rows(samples: Samples) -> list[str] | None:
    """Pairs of people with equal feature rows.

    Where rows repeat within most people as well, or would by chance (coarse features), only pairs that are equal as a
    whole are told, and None where there is none: nothing can be said. What one person repeats hides nothing between
    the others.
    """
    owners: dict[bytes, list[str]] = {}
    for row, subject in zip(samples.X, samples.subject, strict=True):
        parts = [np.asarray(part) for part in (row.values() if isinstance(row, Mapping) else [row])]
        if not all(part.dtype.kind == "f" and np.isnan(part).all() for part in parts):
            owners.setdefault(row_bytes(row), []).append(str(subject))
    rows_of: dict[str, Counter[bytes]] = {}
    for row, subjects in owners.items():
        for subject in subjects:
            rows_of.setdefault(subject, Counter())[row] += 1
    pairs = Counter(pair for subjects in owners.values() for pair in combinations(sorted(set(subjects)), 2))
    size = {subject: rows.total() for subject, rows in rows_of.items()}
    # A table that stands twice in a file repeats every row: that is no coarseness.
    copies = min((n for rows in rows_of.values() for n in rows.values()), default=1)
    distinct = [len(rows) * copies / rows.total() for rows in rows_of.values()]
    coarse = bool(distinct) and float(np.median(distinct)) < DISTINCT_SHARE
    if samples.view == "table":
        X = np.asarray(samples.X, dtype=float)
        coarse = not _measured(X) and (coarse or _equal_by_chance(X) > EQUAL_BY_CHANCE)
    if coarse:
        pairs = Counter({(a, b): n for (a, b), n in pairs.items() if n >= DISTINCT_ROWS and rows_of[a] == rows_of[b]})
    shared = {(a, b): (rows_of[a] & rows_of[b]).total() for a, b in pairs}
    found = [f"{a} and {b} share {n} of {min(size[a], size[b])} rows" for (a, b), n in shared.items()]
    return None if coarse and not found else found


def _measured(X: np.ndarray) -> bool:
    """Whether rows that are equal must be copies: two columns or more hold fractions that no two different rows share.

    Single columns, whole numbers and rounded ones may be equal by chance; a copied row repeats all its columns at once.
    """
    rows = np.unique(X, axis=0)
    fine = [
        np.nanmax(np.abs(column - np.round(column)), initial=0.0) > 0
        and len(np.unique(column)) >= DISTINCT_SHARE * len(rows)
        for column in rows.T
    ]
    return sum(fine) >= MEASURED_COLUMNS


def _equal_by_chance(X: np.ndarray) -> float:
    """How many pairs of rows coarse and unrelated columns would make equal; 0 where a column hardly repeats."""
    n, share = len(X), 1.0
    for column in X.T:
        counts = np.unique(column, return_counts=True)[1]
        if len(counts) >= DISTINCT_SHARE * n:
            return 0.0
        share *= float((counts * (counts - 1)).sum()) / (n * (n - 1))
    return share * n * (n - 1) / 2


def _notes(samples: Samples) -> list[str]:
    """What is worth knowing and no reason to doubt."""
    rows = Counter((str(subject), row_bytes(row)) for row, subject in zip(samples.X, samples.subject, strict=True))
    again = rows.total() - len(rows)
    notes = [f"{again} of {rows.total()} rows repeat another of the same person, value for value"] if again else []
    notes += _alike_but_for_zeros(set(map(str, samples.subject)))
    if samples.view == "table":
        notes += _constant_features(samples)
        notes += [f"{name} {how}, which is no feature" for name, how in counting_features(samples).items()]
        notes += _spaces(samples)
    return notes


def _spaces(samples: Samples) -> list[str]:
    """Vectors that one network made of some people and another of others: the same column means something else."""
    vectors = [name for name in samples.feature_names if name.startswith(EMBEDDED)]
    networks = len(set(samples.fitted_on)) if vectors else 0
    if networks < 2:
        return []
    return [
        f"{vectors[0]} and {len(vectors) - 1} more columns are vectors of {networks} networks, which have no axis in "
        "common: nothing can be learnt from them together; name one file by features.embedding.vector.weights"
    ]


def _alike_but_for_zeros(people: set[str]) -> list[str]:
    """Names that a spreadsheet would make one, which takes the zeros off: 7 and 007."""
    found: dict[str, list[str]] = {}
    for name in sorted(people):
        found.setdefault(re.sub(r"(?<!\d)0+(?=\d)", "", name), []).append(name)
    return [f"{' and '.join(names)} are taken as {len(names)} people" for names in found.values() if len(names) > 1]


def _encoding_features(samples: Samples) -> list[str]:
    """Columns that give the class away by construction: constant per class, per person, or by what is missing."""
    y, subject = np.asarray(samples.y).astype(str), np.asarray(samples.subject).astype(str)
    several_rows = len(set(subject)) < len(subject)
    found = []
    for name, column in zip(samples.feature_names, np.asarray(samples.X, dtype=float).T, strict=True):
        per_class = [column[y == label] for label in sorted(set(y))]
        missing = [np.isnan(values) for values in per_class]
        if any(m.all() for m in missing) and any(not m.any() for m in missing):
            found.append(f"{name}: missing for all of one class, for nobody of another")
        elif any(m.any() for m in missing) or not _separate(per_class):
            continue
        elif all(np.ptp(values) == 0 for values in per_class):
            found.append(f"{name}: one value per class")
        elif several_rows and all(np.ptp(column[subject == s]) == 0 for s in set(subject)):
            found.append(f"{name}: one value per person, and the classes do not overlap")
    return found


def _separate(per_class: Sequence[np.ndarray]) -> bool:
    """Whether the classes' ranges are disjoint."""
    spans = sorted((values.min(), values.max()) for values in per_class)
    return all(earlier[1] < later[0] for earlier, later in pairwise(spans))


def _constant_features(samples: Samples) -> list[str]:
    X = np.asarray(samples.X, dtype=float)
    constant = [bool(np.isnan(c).all() or np.nanmin(c) == np.nanmax(c)) for c in X.T]
    return [
        f"{name} is the same in every row and tells nothing"
        for name, same in zip(samples.feature_names, constant, strict=True)
        if same
    ]
