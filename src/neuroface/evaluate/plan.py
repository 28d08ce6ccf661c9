"""A question that can be answered: every check is passed, every fold is known, and nothing is written yet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.evaluate.audit import audit, refuse_leakage, row_bytes
from neuroface.evaluate.betting import MOST
from neuroface.evaluate.design import design_of
from neuroface.evaluate.leaks import Asked, plant
from neuroface.evaluate.over_tasks import OverTasks, by_person, rows_of
from neuroface.evaluate.predictions import columns, tasks_of
from neuroface.evaluate.protocol import AUTO, Protocol
from neuroface.evaluate.residualised import Residualised, coding_of, with_covariates
from neuroface.evaluate.splits import Fold, make_folds, ordered_unique
from neuroface.evaluate.task import Task
from neuroface.types import Samples

TEST_BEST = "test_best"  # epoch_selection of estimators that choose the epoch on the people who are judged


@dataclass(frozen=True, eq=False)
class Plan:
    """What `engine.run` does.

    permutations: how many at most; stops_early: they end when they have decided. refit_null: whether each of them is
    fitted anew. ordered: whether the classes are degrees of one thing. header: columns of predictions.csv. audit: for
    audit.json. data_digest: SHA-256. leak: as the protocol's.
    """

    samples: Samples
    task: Task
    splitter: Any
    folds: tuple[Fold, ...]
    permutations: int
    refit_null: bool
    header: tuple[str, ...]
    audit: dict[str, Any]
    data_digest: str
    ordered: bool = False
    stops_early: bool = False
    leak: str = "refused"


def plan(
    samples: Samples,
    estimator: Any,
    splitter: Any,
    *,
    protocol: Protocol,
    seed: int = 0,
    people: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """Everything that can be known before a run folder is opened and anything is fitted.

    estimator: unfitted, with scikit-learn's fit and predict_proba; imputing, scaling and selection belong inside it.
    splitter: a scikit-learn cross-validator over subjects. seed: every other seed follows from it.
    people: subject -> facts, for protocol.residualise.
    Raises LeakageError when a fold would judge a person by something fitted on them, the choice of an epoch included,
    and the protocol does not accept that; DataError when a class is missing,
    from the samples or from a training fold, when columns clash, or when the splitter leaves a fold empty.
    """
    if not hasattr(estimator, "predict_proba"):
        raise ConfigError(
            f"protocol {protocol.name or 'of classes'} tells classes apart, and the classifier predicts a number. "
            "Choose protocol=severity, or another that asks for a number, or a classifier of classes."
        )
    asked = plant(protocol.leak, Asked(samples, estimator, splitter, seed))
    samples, estimator, splitter = asked.samples, asked.estimator, asked.splitter
    known: frozenset[str] = getattr(estimator, "fitted_on", frozenset())
    samples = replace(samples, fitted_on=tuple(known | of_row for of_row in samples.fitted_on))
    audited, origin = samples, _unknown(estimator)
    if protocol.residualise:
        samples, n = with_covariates(samples, people or {}, protocol.residualise)
        columns_of = coding_of(samples, people or {}, protocol.residualise)
        control = protocol.classes[0] if protocol.residualise_from == "controls" else None
        estimator = Residualised(estimator, n, control=control, coding=columns_of)
    if protocol.is_over_tasks:
        samples, estimator = _over_tasks(samples, estimator, protocol)
    task = Task(
        X=samples.X,
        y=np.asarray(samples.y).astype(str),
        subject=np.asarray(samples.subject).astype(str),
        classes=protocol.classes,
        estimator=estimator,
        balance=protocol.balance,
        seed=seed,
        tasks=tasks_of(samples),
        parts=estimator.parts_of(samples.X) if hasattr(estimator, "parts_of") else (),
        side=_sides(samples, estimator),
        shows_test=getattr(estimator, "epoch_selection", None) == TEST_BEST,
    )
    if task.shows_test and protocol.leak not in ("accepted", "test_epoch"):
        raise LeakageError(
            f"classifier.epoch_selection={TEST_BEST} keeps the epoch that does best on the very people who are judged. "
            "Published results rest on it; to make one again set protocol.leak=accepted, and the audit will say so. "
            "Otherwise set classifier.epoch_selection=inner_people."
        )
    check_classes(task, protocol)
    header = columns(samples.meta, task.classes, side=task.side is not None, parts=task.parts)
    if not getattr(splitter, "judges_everyone", True):
        raise ConfigError(f"{type(splitter).__name__} judges some people only. Choose another split=, such as loso.")
    folds = make_folds(splitter, task.X, task.y, task.subject)
    refuse_leakage(samples, folds, accepted=protocol.leak != "refused", divided=protocol.leak == "frame_split")
    costly = getattr(estimator, "costly", False)
    check_training(task, folds)
    return Plan(
        samples=samples,
        task=task,
        splitter=splitter,
        folds=tuple(folds),
        permutations=MOST if protocol.permutations == AUTO else int(protocol.permutations),
        stops_early=protocol.permutations == AUTO,
        refit_null=protocol.permute == "refit" or (protocol.permute == "auto" and not costly),
        header=tuple(header),
        audit=audit(
            audited,
            rows_of(folds, samples, audited) if protocol.is_over_tasks else folds,
            shows_test=task.shows_test,
            unknown=origin,
        ),
        leak=protocol.leak,
        data_digest=data_digest(samples),
        ordered=protocol.ordered,
    )


def _over_tasks(samples: Samples, estimator: Any, protocol: Protocol) -> tuple[Samples, OverTasks]:
    """The question of people with all their tasks. Errors: DataError for people of several classes, see by_person."""
    if several := design_of(np.asarray(samples.y), samples.subject).several:
        raise DataError(
            f"{len(several)} subjects have more than one class ({', '.join(several[:5])}), and protocol.task=all gives "
            "a person one score. Correct the groups, or set protocol.task=null."
        )
    return by_person(samples), OverTasks(estimator, method=protocol.over_tasks)


def _unknown(estimator: Any) -> list[str]:
    """A note where an estimator starts from weights that do not say whose faces they were fitted on."""
    weights = getattr(estimator, "start_from", None) or getattr(estimator, "weights", None)
    if not weights or getattr(estimator, "fitted_on", None):
        return []
    return [f"NF013: {weights} does not say whom it was fitted on; nobody judged here may be among them"]


def _sides(samples: Samples, estimator: Any) -> np.ndarray | None:
    """(n,) affected side of each sample, "" where it is not known; None for an estimator that does not learn it."""
    if not getattr(estimator, "side_weight", 0) > 0:
        return None
    return np.asarray(samples.meta.get("side", np.full(len(samples), ""))).astype(str)


def check_classes(task: Task, protocol: Protocol) -> None:
    """DataError when the samples cannot answer the protocol: classes missing, unknown, or held by a single person."""
    people = {c: ordered_unique(task.subject[task.y == c]) for c in ordered_unique(task.y)}
    name = f"protocol {protocol.name}" if protocol.name else "the protocol"
    absent = [c for c in protocol.classes if c not in people]
    extra = sorted(set(people) - set(protocol.classes))
    if absent or extra:
        held = ", ".join(f"{c} ({len(who)} subjects)" for c, who in people.items()) or "nothing"
        raise DataError(
            f"{name} tells {' from '.join(protocol.classes)}, the samples hold {held}. "
            "Choose another protocol=, or set protocol.classes to the classes of the cohort."
        )
    several = design_of(task.y, task.subject).several
    if several and protocol.target == "group":
        raise DataError(
            f"{len(several)} subjects have more than one class ({', '.join(several[:5])}), but {name} expects one per "
            "person. Correct the groups, or set protocol.target=label."
        )
    alone = {c: who[0] for c, who in people.items() if len(who) == 1}
    if alone:
        raise DataError(
            f"{', '.join(f'{c} has 1 subject ({who})' for c, who in alone.items())}; "
            "a class needs at least 2, one to learn from and one to judge."
        )


def check_training(task: Task, folds: Sequence[Fold]) -> None:
    """DataError when a training fold lacks a class."""
    for fold in folds:
        lacking = [c for c in task.classes if c not in set(task.y[fold.train])]
        if lacking:
            raise DataError(f"Fold {fold.name} has no {' and no '.join(lacking)} to learn from. Choose another split=.")


def data_digest(samples: Samples) -> str:
    """SHA-256 of everything that is learnt from or judged by, so that a run is never continued with other data."""
    digest = hashlib.sha256("\x1f".join((samples.view, *samples.feature_names, *samples.meta)).encode())
    for column in (*samples.meta.values(), samples.subject, samples.y):
        digest.update("\x1f".join(map(str, column)).encode() + b"\x1e")
    for row in samples.X:
        digest.update(row_bytes(row))
    return digest.hexdigest()
