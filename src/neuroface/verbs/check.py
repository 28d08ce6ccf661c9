"""`neuroface check`: the contract suite on the options that are named, a third party's too."""

from __future__ import annotations

import functools
import importlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neuroface import contracts
from neuroface.configuration.compose import (
    COMMON_KEYS,
    MULTIPLE,
    choosing,
    compose,
    groups,
    instantiate,
    option_node,
    options,
    targets_of,
    without_common_keys,
)
from neuroface.configuration.search_path import hydra_context, searchpath, split_searchpath
from neuroface.errors import AuditError, ConfigError, DataError, did_you_mean
from neuroface.studies import film
from neuroface.studies.building import build_estimator, build_steps, build_view
from neuroface.studies.experiment import distinct_cells, words_of

OWN = (("classifier", "view"), ("classifier", "augment"))  # nodes that a classifier sets for itself
CLIPS, SMALL = "neuroface.views.clips.Clips", {"frames": 6, "spare": 2, "size": 32}


def run(arguments: list[str]) -> None:
    """Check each `group=choice` (or everything, with `all`); exit code 5 if a component breaks its contract.

    hydra.searchpath=[...] adds loose folders.
    """
    broken = 0
    arguments, folders = split_searchpath(arguments)
    for group, name in _named(arguments, folders):
        results = list(check_option(group, name, folders))
        for part, problems in results:
            print(f"{'ok    ' if not problems else 'BROKEN'} {part}")
            for problem in problems:
                print(f"       {problem}")
        broken += sum(bool(problems) for _, problems in results)
    if broken:
        raise AuditError(f"{broken} components break their contract.")


def _named(arguments: list[str], folders: Sequence[str]) -> list[tuple[str, str]]:
    with hydra_context(folders):
        known = groups()
        if arguments == ["all"]:
            return [(group, name) for group in known for name in options(group)]
        pairs = []
        for argument in arguments:
            group, _, choice = argument.partition("=")
            if group not in known:
                raise ConfigError(f"there is no group {group!r} to check." + did_you_mean(group, known))
            names = options(group)
            for name in choice.strip("[]").split(",") if choice else names:
                if name not in names:
                    raise ConfigError(f"{group}={name}: there is no such option." + did_you_mean(name, names))
                pairs.append((group, name))
    if not pairs:
        raise ConfigError("name what to check: neuroface check features=rom, or neuroface check all.")
    return pairs


def check_option(group: str, name: str, folders: Sequence[str] = ()) -> Iterator[tuple[str, list[str]]]:
    """(component, problems) for an option of a group: its keys against its signature, then its behaviour.

    folders: loose folders that hold options, beside our tree and installed plug-ins.
    """
    if group == "experiment":
        yield f"experiment={name}", list(_check_experiment(name, folders))
        return
    with hydra_context(folders):
        node, word = option_node(group, name), choosing(group, name)
    if node and group not in MULTIPLE and not list(targets_of(node)):
        yield f"{group}={name}", _check_settings(group, name, folders)
        return
    try:
        config, _ = compose("prepare", [word, *searchpath(folders)], choose=False)
        if group == "classifier":
            config, _ = compose("prepare", [word, *_small_clips(config), *searchpath(folders)], choose=False)
    except ConfigError as error:
        yield f"{group}={name}", [str(error)]
        return
    chosen = OmegaConf.select(config, group.replace("/", "."))
    shared = targets_of_group(group, tuple(folders))
    yield f"{group}={name} keys", list(_check_keys(group, OmegaConf.to_container(chosen), shared))
    try:
        if group == "features":
            for key, feature in targets_of(chosen):
                made = instantiate(feature, f"features.{key}")
                of_landmarks = not getattr(made, "reads_pictures", False)
                yield f"features={name} {key}", contracts.check_feature(key, made) if of_landmarks else []
        elif group == "classifier":
            view, estimator = build_view(config, build_steps(config)), build_estimator(config)
            yield f"classifier={name}", contracts.check_classifier(estimator, view)
        elif group == "split":
            yield f"split={name}", contracts.check_splitter(instantiate(config.split, group))
        elif group == "cohort":
            yield f"cohort={name}", _check_cohort(config)
        else:
            instantiate(chosen, group)
            yield f"{group}={name}", []
    except ConfigError as error:  # an option that waits for a file of the user's says so, and that is in order
        waits = isinstance(node, dict) and None in node.values()
        yield f"{group}={name}", [] if waits else [str(error)]
    if not node and group not in ("features",):
        yield f"{group}={name}", ["is empty"]


def _small_clips(config: DictConfig) -> list[str]:
    """Words that make the clips a classifier looks at short and small: it takes any, and learns as well from these."""
    node: Any = OmegaConf.to_container(config.classifier)
    return [
        f"classifier.{where}.{key}={value}"
        for where, view in targets_of({"view": node.get("view")})
        if view["_target_"] == CLIPS
        for key, value in SMALL.items()
    ]


def _target_only(group: str, config: Any) -> Any:
    return without_common_keys(group, config[group])[0]


def _check_cohort(config: Any) -> list[str]:
    """A cohort on disk needs a place; without one it must say so in a DataError or ConfigError."""
    try:
        cohort = instantiate(_target_only("cohort", config), "cohort")
    except (DataError, ConfigError):
        return []
    if not hasattr(cohort, "recordings"):
        return [] if hasattr(cohort, "table") else ["has neither recordings() nor table()"]
    return contracts.check_cohort(cohort)


def _check_settings(group: str, name: str, folders: Sequence[str]) -> list[str]:
    """Options that build nothing are values that other options refer to: each of them has all of these."""
    with hydra_context(folders):
        keys_of = {other: dict.fromkeys(option_node(group, other)) for other in options(group)}
    return [
        f"lacks the key {key!r} of {group}={other}"
        for other, keys in keys_of.items()
        for key in keys
        if key not in keys_of[name]
    ]


def _check_experiment(name: str, folders: Sequence[str]) -> Iterator[str]:
    """An experiment, the run that fine-tunes for it and each of its cells can be composed."""
    words = [f"experiment={name}", *searchpath(folders)]
    try:
        config, _ = compose("train", words)
        if config.get("film"):
            compose("train", film.words_of_finetuning(config, words))
            words = film.words_of_cells(config, words, Path("landmarks"))
        plain: Any = OmegaConf.to_container(config.cells) if config.get("cells") else []
        cells = distinct_cells(plain, [])
    except ConfigError as error:
        yield str(error)
        return
    for cell, values in cells.items():
        try:
            compose("train", [*words, *words_of(values)])
        except ConfigError as error:
            yield f"cell {cell}: {error}"


@functools.cache
def targets_of_group(group: str, folders: tuple[str, ...] = ()) -> Counter[str]:
    """How many options of the group name each target at their root."""
    with hydra_context(folders):
        nodes = [option_node(group, name) for name in options(group)]
    return Counter(str(node.get("_target_")) for node in nodes if isinstance(node, dict))


def _check_keys(group: str, node: Any, shared: Counter[str], *, same: bool = True) -> Iterator[str]:
    """Every key of the YAML, wherever a target is named, is an argument of that target.

    It equals the default, too, unless several options of the group share the target to set it differently, or it is
    the view or the augmentation that a classifier sets for itself.
    """
    if isinstance(node, dict) and "_target_" in node:
        own = {key: value for key, value in node.items() if key not in COMMON_KEYS.get(group, ())}
        module, _, attribute = node["_target_"].rpartition(".")
        try:
            target = getattr(importlib.import_module(module), attribute)
        except Exception as error:  # a third party's module may fail in any way
            yield f"{node['_target_']} cannot be imported: {error}"
            return
        yield from contracts.check_arguments(own, target, same=same and shared[node["_target_"]] < 2)
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _check_keys("", value, shared, same=same and (group, key) not in OWN)
