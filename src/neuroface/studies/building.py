"""From configuration nodes to objects: cohort, steps, estimator, splitter, protocol, samples."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from neuroface.cohort_summary import Tally, attributes_by_group
from neuroface.configuration.compose import instantiate, without_common_keys
from neuroface.errors import ConfigError, DataError, Problems, did_you_mean
from neuroface.progress import Progress
from neuroface.types import Recording

if TYPE_CHECKING:
    from neuroface.detection import Steps
    from neuroface.evaluate.number_protocol import NumberProtocol
    from neuroface.evaluate.protocol import Protocol
    from neuroface.samples import CohortSummary, Samples
    from neuroface.studies.whole import Recordings
    from neuroface.views.seen import View


def build_cohort(config: DictConfig) -> tuple[Any, dict[str, Any]]:
    """The cohort, and the keys every cohort shares (exclude, skip_broken).

    Errors: ConfigError for a key file of pseudonyms inside a folder that is written.
    """
    node, common = without_common_keys("cohort", config.cohort)
    cohort = instantiate(node, "cohort")
    if key_file := common.get("pseudonyms"):
        from neuroface.cohorts.pseudonyms import Pseudonymised

        if isinstance(key_file, bool):
            raise ConfigError("cohort.pseudonyms is the key file of names and pseudonyms: cohort.pseudonyms=KEYS.csv.")
        key = Path(str(key_file)).expanduser()
        for word in ("run", "out"):
            if config.get(word) and key.resolve().is_relative_to(Path(str(config[word])).expanduser().resolve()):
                raise ConfigError(f"cohort.pseudonyms={key} lies in {word}={config[word]}; keep the key elsewhere.")
        cohort = Pseudonymised(cohort, key)
    return cohort, common


def wanted_recordings(cohort: Any, common: dict[str, Any], *, quality: Any = None) -> Iterator[Recording]:
    """The recordings that are not excluded, of every group and task. What is left out is told on standard error.

    quality: what tells who looks away, for cohort.frontal_only. Errors: ConfigError for cohort.frontal_only without it;
    DataError, at the end, that names every broken recording, unless cohort.skip_broken.
    """
    from neuroface import samples
    from neuroface.cohorts.reading import BrokenRecordingsError

    wanted = samples.Wanted(exclude=excluded(common), frontal_only=bool(common.get("frontal_only")))
    samples.check_frontal(wanted, quality)
    tally, problems = Tally(), Problems()
    with Progress() as progress:
        for recording in samples.readable(
            cohort, wanted, problems, tally, quality=quality if wanted.frontal_only else None
        ):
            progress("recordings", len(tally.names), 0)
            yield recording
    samples.check_excluded(cohort, wanted, tally)
    print_left_out(((entry["what"], entry["why"]) for entry in tally.left_out), file=sys.stderr)
    if problems and not common.get("skip_broken"):
        try:
            problems.raise_if_any(samples.SKIP)
        except DataError as error:
            raise BrokenRecordingsError(str(error), problems.items()) from None
    print_left_out(problems.items(), file=sys.stderr)


def read_recordings(cohort: Any, common: dict[str, Any], *, quality: Any = None) -> Recordings:
    """The same, for work on each of them: without the arrays of all being there at once."""
    from neuroface import samples
    from neuroface.studies.whole import Recordings

    def again() -> Iterator[Recording]:
        return samples.readable(cohort, samples.Wanted(exclude=excluded(common)), Problems(), Tally())

    return Recordings(lambda: wanted_recordings(cohort, common, quality=quality), again)


def print_left_out(left_out: Iterable[tuple[str, str]], *, file: IO[str]) -> None:
    """One line per reason, with a count where it is that of several: of what, and why."""
    reasons = Problems()
    for what, why in left_out:
        reasons.add(what, why.rstrip("."))
    for line in reasons.lines():
        print(f"left out {line}", file=file)


def excluded(common: dict[str, Any]) -> frozenset[str]:
    """cohort.exclude as names, whether one or a list of them is given."""
    given = common.get("exclude") or ()
    return frozenset([given] if isinstance(given, str) else map(str, given))


def build_landmarks(node: Any, *, device: str) -> Any:
    """The landmark step of a node; a network that may run anywhere runs on the device, that of the execution."""
    step = instantiate(node, "landmarks")
    if getattr(step, "device", None) == "auto" and getattr(step, "engine", "torch") == "torch":
        step.device = device
    return step


def build_steps(config: DictConfig) -> Steps:
    from neuroface.detection import Steps
    from neuroface.studies.same_key import check_key

    weights = str(config.landmarks.get("weights") or "")
    if weights and (Path(weights).expanduser() / "run.json").is_file() and config.get("cohort"):
        check_key(Path(weights).expanduser(), config, word="landmarks.weights")
    return Steps(
        landmarks=build_landmarks(config.landmarks, device=config.execution.device),
        lift=instantiate(config.lift, "lift"),
        repetitions=instantiate(config.repetitions, "repetitions"),
        features=instantiate(config.features, "features"),
        frame=config.frame,
        pixel_scale=config.pixel_scale,
        quality=instantiate(config.quality, "quality"),
    )


def build_view(config: DictConfig, steps: Steps) -> View:
    """What the classifier looks at: classifier.view is `table`, or a node of the group `view`."""
    from neuroface.views.table import Table

    node = config.classifier.get("view", "table")
    table = _with_store(Table(steps.features, frame=steps.frame, pixel_scale=steps.pixel_scale), config)
    if node == "table":
        return table
    if not isinstance(node, DictConfig):
        raise ConfigError(f"classifier.view={node}: there is no such view." + did_you_mean(str(node), ["table"]))
    if "parts" not in node:
        return _with_store(instantiate(node, "classifier.view"), config)
    from neuroface.views.fusion import Fusion

    return Fusion(
        {
            name: table if part == "table" else _with_store(instantiate(part, f"classifier.view.parts.{name}"), config)
            for name, part in node.parts.items()
        }
    )


def _with_store(view: Any, config: DictConfig) -> Any:
    """The view; one that keeps what it decodes keeps it where execution.store says."""
    if hasattr(view, "store"):
        from neuroface.store import Store

        view.store = Store(config.execution.store, limit_gb=config.execution.store_limit_gb)
    return view


def build_estimator(config: DictConfig) -> Any:
    node, common = without_common_keys("classifier", config.classifier)
    estimator = instantiate(node, "classifier")
    if "device" in getattr(estimator, "get_params", dict)():
        estimator.set_params(device=config.execution.device)
    missing = [name for name in ("fit", "predict_proba") if not hasattr(estimator, name)]
    if missing and not _predicts_numbers(estimator):
        raise ConfigError(
            f"classifier: {type(estimator).__name__} has no {' and no '.join(missing)}; "
            "a classifier needs scikit-learn's fit and predict_proba."
        )
    if (search := common.get("search")) is not None:
        from neuroface.classifiers.search import Searched

        if not isinstance(search, DictConfig):
            raise ConfigError(f"classifier.search={search}: give settings and values, {{C:[.1,1,10]}}.")
        points: Any = OmegaConf.to_container(search, resolve=True)
        estimator = Searched(estimator, points)
    if hasattr(estimator, "check"):
        estimator.check()
    return estimator


def _predicts_numbers(estimator: Any) -> bool:
    from sklearn.base import is_regressor

    return hasattr(estimator, "get_params") and is_regressor(estimator)


def build_splitter(config: DictConfig) -> Any:
    return instantiate(config.split, "split")


def build_protocol(config: DictConfig) -> Protocol | NumberProtocol:
    return instantiate(config.protocol, "protocol")


def build_samples(
    config: DictConfig,
    protocol: Protocol | NumberProtocol | None,
    *,
    columns: dict[str, str] | None = None,
    progress: Any = None,
    wrap: Callable[[View], View] | None = None,
) -> tuple[Samples, CohortSummary]:
    """Samples in the view the classifier asks for; without a protocol, every task and class of the cohort.

    wrap: a view about that view, which sees the same.
    """
    from neuroface import samples

    cohort, common = build_cohort(config)
    wanted = samples.Wanted(
        classes=protocol.groups if protocol else None,
        tasks=protocol.tasks if protocol else None,
        target=protocol.target if protocol else "group",
        exclude=excluded(common),
        frontal_only=bool(common.get("frontal_only")),
        class_of_label=protocol.class_of_label if protocol else {},
        side=float(config.classifier.get("side_weight") or 0) > 0,
        told_apart=protocol.told_apart if protocol else True,
    )
    steps = replace(build_steps(config), keep=_keeper(config))
    view = build_view(config, steps)
    found, summary = samples.build(
        cohort,
        steps,
        wanted,
        view=wrap(view) if wrap else view,
        skip_broken=bool(common.get("skip_broken")),
        columns=columns,
        n_jobs=config.execution.n_jobs,
        limit_s=config.execution.get("fold_timeout_s"),
        progress=progress,
    )
    return (found, summary) if protocol is None else _asked_about(found, summary, protocol)


def _keeper(config: DictConfig) -> Any:
    """What keeps landmarks that are found in videos, where execution.store says; None for a step of others' code."""
    from neuroface.configuration.identity import science
    from neuroface.landmarks.kept import Keeper, is_ours
    from neuroface.store import Store

    node = OmegaConf.create({"landmarks": OmegaConf.to_container(config.landmarks, resolve=True)})
    step = science(node)["landmarks"]
    if not is_ours(step):
        return None
    return Keeper(Store(config.execution.store, limit_gb=config.execution.store_limit_gb), step)


def _asked_about(
    samples: Samples, summary: CohortSummary, protocol: Protocol | NumberProtocol
) -> tuple[Samples, CohortSummary]:
    """The samples of those whom the protocol pairs, with stages as classes; and the same of what is known of them."""
    left_out: list[dict[str, str]] = []
    found = protocol.staged(samples, summary.facts)
    if protocol.match:
        from neuroface.evaluate.matching import matched

        found, left_out = matched(found, summary.facts, protocol.match, protocol.settled(found.y).classes)
    if found is samples:
        return samples, summary
    label = dict(zip(found.subject.tolist(), found.y.tolist(), strict=True))
    facts = {who: {k: v for k, v in of.items() if k in summary.attributes} for who, of in summary.facts.items()}
    return found, replace(
        summary,
        people=dict(Counter(row["group"] for row in summary.persons if row["subject"] in label)),
        persons=[row for row in summary.persons if row["subject"] in label],
        quality=[row for row in summary.quality if row["subject"] in label],
        attributes=attributes_by_group({who: (label[who], of) for who, of in facts.items() if who in label}),
        repetitions=len(found),
        people_filled=len(label.keys() & set(summary.filled)),
        filled=[who for who in summary.filled if who in label],
        left_out=[*summary.left_out, *left_out],
    )
