"""From configuration nodes to objects: cohort, steps, estimator, splitter, protocol, samples."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from neuroface.errors import ConfigError, DataError
from neuroface.types import Recording
from neuroface.verbs.configuration import instantiate, without_common_keys

if TYPE_CHECKING:
    from neuroface.evaluate.protocol import Protocol
    from neuroface.samples import CohortSummary, Samples, Steps


def build_cohort(config: DictConfig) -> tuple[Any, dict[str, Any]]:
    """The cohort, and the keys every cohort shares (exclude, skip_broken)."""
    node, common = without_common_keys("cohort", config.cohort)
    return instantiate(node, "cohort"), common


def wanted_recordings(cohort: Any, common: dict[str, Any]) -> Iterator[Recording]:
    """The recordings that are not excluded; broken ones, told by the cohort at its end, are passed over if asked."""
    exclude = set(map(str, common.get("exclude", ())))
    try:
        for recording in cohort.recordings():
            if not {recording.name, recording.subject} & exclude:
                yield recording
    except DataError as error:
        broken = [what for what in getattr(error, "problems", ()) if what[0] not in exclude]
        if not hasattr(error, "problems") or (broken and not common.get("skip_broken")):
            raise
        for where, what in broken:
            print(f"left out {where}: {what}", file=sys.stderr)


def build_steps(config: DictConfig) -> Steps:
    from neuroface.samples import Steps

    return Steps(
        landmarks=instantiate(config.landmarks, "landmarks"),
        lift=instantiate(config.lift, "lift"),
        repetitions=instantiate(config.repetitions, "repetitions"),
        features=instantiate(config.features, "features"),
        frame=config.frame,
        quality=instantiate(config.quality, "quality"),
    )


def build_estimator(config: DictConfig) -> Any:
    node, _ = without_common_keys("classifier", config.classifier)
    estimator = instantiate(node, "classifier")
    missing = [name for name in ("fit", "predict_proba") if not hasattr(estimator, name)]
    if missing:
        raise ConfigError(
            f"classifier: {type(estimator).__name__} has no {' and no '.join(missing)}; "
            "a classifier needs scikit-learn's fit and predict_proba."
        )
    return estimator


def build_splitter(config: DictConfig) -> Any:
    return instantiate(config.split, "split")


def build_protocol(config: DictConfig) -> Protocol:
    return instantiate(config.protocol, "protocol")


def build_samples(
    config: DictConfig, protocol: Protocol | None, *, columns: dict[str, str] | None = None, progress: Any = None
) -> tuple[Samples, CohortSummary]:
    """Samples in the view the classifier asks for; without a protocol, every task and class of the cohort."""
    from neuroface import samples

    cohort, common = build_cohort(config)
    wanted = samples.Wanted(
        classes=tuple(protocol.classes) if protocol and protocol.classes else None,
        tasks=(protocol.task,) if protocol and protocol.task else None,
        target=protocol.target if protocol else "group",
        exclude=frozenset(map(str, common.get("exclude", ()))),
        frontal_only=bool(common.get("frontal_only")),
    )
    return samples.build(
        cohort,
        build_steps(config),
        wanted,
        view=config.classifier.get("view", "table"),
        skip_broken=bool(common.get("skip_broken")),
        columns=columns,
        progress=progress,
    )
