"""The help of a verb: read from the configuration tree itself, without Hydra, under the words that are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuroface.configuration.tree import config_dir
from neuroface.configuration.yaml_tree import Tree, groups

OPTIONS_OF = {
    "train": "run=FOLDER (default runs/<experiment, or question and digest>)",
    "eval": "run=FOLDER, or run='[A,B,...]'; run=FOLDER cohort=CHOICE ... applies a run to other people",
    "show": "run=FOLDER, or run='[A,B,...]', open=true",
    "report": "run=FOLDER, or run='[A,B,...]'",
    "explain": "run=FOLDER, map=keypoints for the 68 landmarks, face=true for a digital face, repeats=N, checks=N",
    "landmarks": "out=FOLDER, overlay=true for clips with the points drawn on them",
    "features": "out=FILE.csv or FILE.parquet",
    "predict": "run=FOLDER recording=FILE or cohort=CHOICE, out=FILE.csv or FOLDER for a page per person",
    "prepare": "out=FOLDER, cohort.layout=native|toronto|faces|annotations|openface|movement|motion_bids, flow=true",
}
READING = ("size", "execution", "cohort", "quality", "experiment")
# What a verb looks at, of all that a configuration holds; train looks at everything.
GROUPS_OF = {
    "landmarks": (*READING, "landmarks", "lift"),
    "features": (*READING, "landmarks", "lift", "repetitions", "features"),
    "predict": (*READING, "landmarks", "lift", "repetitions"),
    "prepare": (*READING, "faces", "landmarks", "repetitions", "flow_images"),
    "explain": ("execution",),
    "eval": (),
    "show": (),
    "report": (),
}
ROOT_KEYS_OF = {
    "landmarks": ("cohort", "quality"),
    "features": ("cohort", "quality", "features", "frame", "pixel_scale"),
    "predict": ("cohort", "quality"),
    "prepare": ("cohort", "quality", "seed"),
}


def verb_help(verb: str, line: str, words: Sequence[str] = ()) -> str:
    """What `neuroface <verb> [group=choice ...] --help` prints. words: what stands before --help."""
    if verb == "list":
        return f"neuroface list [group ...]: {line}\n\ngroups: {', '.join(groups())}; and cache"
    if verb == "fetch":
        from neuroface.verbs.fetch import KNOWN

        return f"neuroface fetch [NAME ...] [from=FILE]: {line}\n\nnames: {', '.join(KNOWN)}; without one, all are told"
    if verb == "prune":
        return f"neuroface prune cache [keep_gb=N] [store=FOLDER]: {line}\n\nkeep_gb: so much of the last used stays"
    if verb == "reproduce":
        names = ", ".join(groups()["experiment"])
        both = "all, or one or more systems, are made again both ways (docs/reproduce.md)"
        return (
            f"neuroface reproduce EXPERIMENT|all|SYSTEM ... [run=FOLDER] [key=value ...]: {line}\n\n"
            f"experiments: {names}\n{both}"
        )
    if verb == "new":
        return f"neuroface new feature|classifier|cohort NAME [out=FOLDER]: {line}\n\nout=FOLDER writes a plug-in there"
    if verb == "completion":
        return (
            f"neuroface completion bash|zsh|fish: {line}\n\n"
            'bash, zsh  add to ~/.bashrc or ~/.zshrc:  eval "$(neuroface completion bash)"\n'
            "fish       neuroface completion fish > ~/.config/fish/completions/neuroface.fish"
        )
    if verb == "check":
        return f"neuroface check group=choice [group=choice ...] | all: {line}"
    tree = Tree(verb, [word for word in words if "=" in word])
    used = GROUPS_OF.get(verb)
    shown = {name: names for name, names in tree.groups.items() if used is None or name.partition("/")[0] in used}
    lines = [f"neuroface {verb} [group=choice ...] [key=value ...]: {line}", "", OPTIONS_OF[verb]]
    if verb in ROOT_KEYS_OF or used is None:
        width = max(map(len, shown))
        lines += ["", "groups and their choices (neuroface list GROUP says what each one is)"]
        lines += [f"  {group:<{width}}  {', '.join(names)}" for group, names in shown.items()]
    lines += ["", "keys and their defaults, beside those of the choices", *_root_keys(verb)]
    if chosen := _keys_of_choices(tree, used):
        lines += ["", "keys of the choices" + (" above" if words else ", which other choices change"), *chosen]
    if verb in ROOT_KEYS_OF or used is None:
        lines += ["", "-m runs every combination of comma-separated values; --cfg job shows the whole configuration"]
    return "\n".join(lines)


def _root_keys(verb: str) -> list[str]:
    """The root keys of the verb's YAML and, of those that verbs share, the ones it looks at; with their comments."""
    own = _blocks((config_dir() / f"{verb}.yaml").read_text(encoding="utf-8"))
    wanted = ROOT_KEYS_OF.get(verb, None if verb == "train" else ())
    shared = _blocks((config_dir() / "base.yaml").read_text(encoding="utf-8"))
    kept = [lines for key, lines in shared if wanted is None or key in wanted]
    return [f"  {line}" for lines in (*(lines for _, lines in own), *kept) for line in lines]


def _blocks(yaml: str) -> list[tuple[str, list[str]]]:
    """(key, its lines with the comments above) of a root YAML, without defaults and comments for maintainers."""
    blocks: list[tuple[str, list[str]]] = []
    comments: list[str] = []
    for line in yaml.splitlines():
        if line.startswith("#"):
            comments += [] if line.startswith(("# @", "# What")) else [line]
        elif line.strip() and not line.startswith((" ", "-")):
            blocks.append((line.partition(":")[0], [*comments, line]))
            comments = []
        elif line.strip() and blocks:
            blocks[-1][1].append(line)
    return [(key, lines) for key, lines in blocks if key != "defaults"]


def _keys_of_choices(tree: Tree, used: Sequence[str] | None) -> list[str]:
    """Each choice and, below it, the keys it brings with their values."""
    values = tree.keys()
    places = [place for place in sorted(tree.choices) if used is None or place.partition(".")[0] in used]
    belongs = {key: max((p for p in tree.choices if key.startswith(f"{p}.")), key=len, default="") for key in values}
    width = max(map(len, values), default=0)
    lines = []
    for place in places:
        group, names = tree.choices[place]
        if group in ("features", "experiment"):  # whose keys `neuroface list` tells, or which only set others
            continue
        where = "" if place == group.replace("/", ".") else f"@{place}"
        lines.append(f"  {group}{where}={names}")
        mine = [key for key, owner in belongs.items() if owner == place]
        lines += [f"    {key:<{width}}  {_shown(values[key], values)}" for key in mine]
    return lines


def _shown(value: Any, values: dict[str, Any]) -> str:
    """A value as it is written on the command line; ${key} as what that key holds."""
    if isinstance(value, str) and value.startswith("${") and value[2:-1] in values:
        return _shown(values[value[2:-1]], values)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(inner, values)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(inner, values) for inner in value)}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
