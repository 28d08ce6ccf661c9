"""From words on the command line to a resolved configuration, with errors a person can act on."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from neuroface.configuration import arguments
from neuroface.configuration.choices import settle_choices
from neuroface.configuration.search_path import hydra_context, split_searchpath
from neuroface.configuration.targets import check_resolved, check_targets
from neuroface.configuration.values import check_types, settle
from neuroface.errors import ConfigError, NeurofaceError, did_you_mean

# A value that Hydra's grammar reads as it stands.
PLAIN = r"[\w.,/\-+:()$]*"
# Groups of which several options may be chosen at once.
MULTIPLE = ("features",)
# Groups of which no option at all may be chosen, group=null: then that step is not taken.
OPTIONAL = ("experiment", "quality")
# What Hydra's grammar does not read as text, and so not as the name of an option.
NO_NAME = r"(?i)null|true|false|[+-]?\d[\d_]*(\.\d*)?(e[+-]?\d+)?"
# Mappings whose keys are data (groups of people, tasks, classes, views): one that is given replaces what stood there.
# Hydra would merge them, and keep the people of each group that was not named.
DATA_MAPPINGS = ("people", "repetitions", "expressions", "merge", "ratios", "parts", "map")
# Keys every cohort and classifier node may carry beside the arguments of its target.
COMMON_KEYS = {
    "cohort": ("exclude", "skip_broken", "frontal_only", "layout", "pseudonyms"),
    "classifier": ("view", "search"),
}


def compose(verb: str, overrides: list[str], *, choose: bool = True) -> tuple[DictConfig, dict[str, Any]]:
    """The configuration of a verb under the given overrides, and which option of each group was chosen.

    choose: fill in what is left to this machine, see choices.py.
    Errors: ConfigError that names the nearest valid group, option or key, or a value that is not what is wanted.
    """
    overrides, folders = split_searchpath(overrides)
    with hydra_context(folders):
        overrides = without_null([quoted(o) for o in overrides])
        with explained(verb, overrides):
            overrides, mappings = data_mappings(overrides)
            try:
                config = hydra.compose(verb, overrides, return_hydra_config=True)
            except ConfigCompositionException:
                overrides = arguments.with_plus(verb, overrides)
                config = hydra.compose(verb, overrides, return_hydra_config=True)
            choices = _choices(verb, overrides)
    OmegaConf.set_struct(config, False)
    for key, mapping in mappings.items():
        OmegaConf.update(config, key, mapping, merge=False)
    for group in OPTIONAL:
        if f"~{group}" in overrides and group in config:
            config[group] = None  # an experiment may have set keys of what is left out
    del config["hydra"]
    try:
        OmegaConf.resolve(config)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{str(error).splitlines()[0]}. A key that another refers to is missing.") from error
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ConfigError(f"{', '.join(missing)} must be given: {' '.join(f'{key}=...' for key in missing)}")
    settle(config)
    check_targets(config, allow_any=bool(config.get("allow_any_target")))
    if choose:
        settle_choices(config)
    return config, choices


def data_mappings(overrides: list[str]) -> tuple[list[str], dict[str, dict[Any, Any]]]:
    """The words for Hydra, which empty each data mapping that is given, and dotted key -> mapping to be put there.

    Errors: ConfigError for a data mapping inside another mapping, where Hydra would merge it.
    """
    words, mappings = [], {}
    for word in overrides:
        name, sign, value = word.partition("=")
        read = OverridesParser.create().parse_overrides([word])[0].value() if value.startswith("{") else None
        inner = next(_data_mappings(name, read), None)
        if isinstance(read, dict) and name.rpartition(".")[2] in DATA_MAPPINGS:
            mappings[name.lstrip("+")] = read
            word = f"{name}{sign}null"
        elif inner:
            raise ConfigError(f"{word}: give {inner} as a word of its own, {inner}={{...}}.")
        words.append(word)
    return words, mappings


def _data_mappings(key: str, value: Any) -> Iterator[str]:
    """The dotted keys of data mappings under a mapping."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, dict) and name in DATA_MAPPINGS:
            yield f"{key}.{name}"
        yield from _data_mappings(f"{key}.{name}", inner)


def _choices(verb: str, overrides: list[str]) -> dict[str, Any]:
    """Group -> the option chosen, or the list of options where a group takes several."""
    loader = GlobalHydra.instance().config_loader()
    defaults = loader.compute_defaults_list(verb, overrides, RunMode.RUN).defaults
    choices: dict[str, Any] = {}
    for path in (default.config_path for default in defaults):
        group, _, name = str(path).rpartition("/")
        if group and not group.startswith("hydra"):
            choices.setdefault(group, []).append(name)
    # an option that includes another of its group stands after it
    return {group: names if group in MULTIPLE else names[-1] for group, names in choices.items()}


def quoted(override: str, *, each: bool = False) -> str:
    """Paths and globs may hold characters that Hydra's grammar gives a meaning; quote a plain value that has them.

    each: a comma parts values that are swept over, each to be quoted by itself.
    """
    key, sign, value = override.partition("=")
    function = re.match(r"(choice|range|interval|glob|sort|shuffle|tag)\(", value)
    if not sign or not value or value[0] in "[{'\"" or "${" in value or function:
        return override
    parts = value.split(",") if each and not re.search(r"[\[{'\"]", value) else [value]
    return f"{key}=" + ",".join(part if re.fullmatch(PLAIN, part) else f"'{part}'" for part in parts)


def without_null(overrides: list[str]) -> list[str]:
    """group=null as Hydra writes it, ~group. Needs a Hydra context.

    Errors: ConfigError for a group that must have an option, and for an option that is no name at all.
    """
    words = []
    for word in overrides:
        key, _, value = word.partition("=")
        group = key.partition("@")[0]
        if "." in group or not re.fullmatch(NO_NAME, value) or group not in groups():
            words.append(word)
        elif value.lower() == "null" and group in OPTIONAL:
            words.append(f"~{group}")
        else:
            raise ConfigError(f"{word}: there is no such option." + did_you_mean(value, options(group)))
    return words


@contextmanager
def explained(verb: str, overrides: list[str]) -> Iterator[None]:
    """Hydra's errors in our words, with the nearest valid names. Needs a Hydra context for wrong names."""
    try:
        yield
    except HydraException as error:
        raise _explain(error, verb, overrides) from error


def _explain(error: HydraException, verb: str, overrides: list[str]) -> ConfigError:
    """A ConfigError in place of Hydra's."""
    text = str(error)
    if isinstance(error, MissingConfigException):
        found = re.search(r"Could not (?:find|load) '([^']+)'", text)
        if found:
            group, _, name = found.group(1).rpartition("/")
            if not group:
                return ConfigError(f"there is no option {name!r}." + did_you_mean(name, groups()))
            return ConfigError(f"{group}={name}: there is no such option." + did_you_mean(name, options(group)))
    if isinstance(error, OverrideParseException):
        return ConfigError(f"{text.splitlines()[0]}: {text.splitlines()[1]}. Write key=value or group=choice.")
    found = re.search(r"Could not override '([^']+)'", text)
    if isinstance(error, ConfigCompositionException) and found:
        key = found.group(1)
        accepted = [o for o in overrides if o.partition("=")[0].split("@")[0] in groups()]
        known = {*groups(), *_keys(verb, accepted), *arguments.of(verb, accepted, key.rpartition(".")[0])}
        return ConfigError(f"there is no key {key!r}." + did_you_mean(key, _as_deep_as(key, known) or known))
    return ConfigError(text.splitlines()[0])


def _as_deep_as(key: str, known: set[str]) -> set[str]:
    """The known keys of the same depth and, below the root, of the same parent: a typing error rarely changes them."""
    parent, _, _ = key.rpartition(".")
    return {other for other in known if other.rpartition(".")[0] == parent}


def _keys(verb: str, choices: list[str]) -> list[str]:
    """All keys of a verb's configuration, dotted, under choices of groups that are known to work."""
    try:
        config = hydra.compose(verb, choices)
    except HydraException:
        config = hydra.compose(verb, [])
    return list(_flatten(OmegaConf.to_container(config)))


def _flatten(node: Any, prefix: str = "") -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else ():
        if not str(key).startswith("_"):
            yield f"{prefix}{key}"
            yield from _flatten(value, f"{prefix}{key}.")


def groups() -> list[str]:
    """The names of all groups of options. Needs a Hydra context."""
    loader = GlobalHydra.instance().config_loader()
    top = [group for group in loader.list_groups("") if group != "hydra"]
    return [*top, *(f"{group}/{inner}" for group in top for inner in loader.list_groups(group))]


def options(group: str) -> list[str]:
    """The options of a group, the plug-ins' too. Needs a Hydra context."""
    return sorted(GlobalHydra.instance().config_loader().get_group_options(group))


def choosing(group: str, name: str) -> str:
    """The word by which `prepare`, where every group can stand, takes an option of a group. Needs a Hydra context."""
    word = f"{group}=[{name}]" if group in MULTIPLE else f"{group}={name}"
    return word if group in _groups_of_prepare(GlobalHydra.instance().config_loader()) else f"+{word}"


@functools.lru_cache(maxsize=1)
def _groups_of_prepare(loader: ConfigLoader) -> frozenset[str]:
    """The groups of which `prepare` has an option by default. loader: of the Hydra context, for which this is kept."""
    return frozenset(_choices("prepare", []))


def option_node(group: str, name: str) -> Any:
    """The node that an option puts under its group, as plain data. Needs a Hydra context."""
    config = hydra.compose("prepare", [choosing(group, name)])
    node = OmegaConf.select(config, group.replace("/", "."))
    return OmegaConf.to_container(OmegaConf.create({}) if node is None else node, resolve=False)


def targets_of(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, node) of every outermost node in a nested mapping that names a target."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield prefix.rstrip("."), node
            return
        for key, value in node.items():
            yield from targets_of(value, f"{prefix}{key}.")


def instantiate(node: Any, what: str) -> Any:
    """Build what a node names; a wrong value, an unknown argument or target becomes a ConfigError that names the node.

    what: the group of the node.
    """
    from hydra.errors import InstantiationException

    check_resolved(node)
    check_types(node, what.replace("/", "."))
    try:
        return _plain_partials(hydra.utils.instantiate(node, _convert_="all"))
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, NeurofaceError):
            raise cause from None
        reason = str(cause or error).splitlines()[0]
        raise ConfigError(f"{what}: {reason}. See neuroface list {what}.") from error


def _plain_partials(built: Any) -> Any:
    """The same, hydra's own kind of partial in mappings and lists replaced by Python's.

    Since hydra 1.3.8 each call of its kind asks every loaded module whether it may be called, some milliseconds; what a
    target is was asked when it was built.
    """
    if isinstance(built, functools.partial):
        return functools.partial(built.func, *built.args, **built.keywords)
    if isinstance(built, dict):
        return {key: _plain_partials(value) for key, value in built.items()}
    return [_plain_partials(value) for value in built] if isinstance(built, list) else built


def without_common_keys(group: str, node: DictConfig) -> tuple[DictConfig, dict[str, Any]]:
    """A cohort or classifier node without the keys that are ours, and those keys."""
    common = {key: node.get(key) for key in COMMON_KEYS[group] if node.get(key) is not None}
    return OmegaConf.masked_copy(node, [str(k) for k in node if k not in COMMON_KEYS[group]]), common
