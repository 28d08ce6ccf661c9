"""Where the configuration tree is, and the help of a verb: read from the tree itself, without Hydra."""

from __future__ import annotations

from pathlib import Path

from neuroface.errors import ConfigError

OPTIONS_OF = {
    "train": "run=FOLDER (default runs/<experiment, or question and digest>)",
    "eval": "run=FOLDER, or run=[A,B,...]",
    "report": "run=FOLDER, or run=[A,B,...]",
    "landmarks": "out=FOLDER, overlay=true for clips with the points drawn on them",
    "features": "out=FILE.csv or FILE.parquet",
    "prepare": "out=FOLDER, cohort.layout=native|toronto|faces",
}


def config_dir() -> Path:
    """The configuration tree: inside an installed package, or beside the sources of an editable install."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "configs", package.parents[1] / "configs"):
        if (place / "train.yaml").is_file():
            return place
    raise ConfigError(f"the configuration tree is neither in {package} nor beside it; install neuroface again.")


def verb_help(verb: str, line: str) -> str:
    """What `neuroface <verb> --help` prints."""
    if verb == "list":
        return f"neuroface list [group ...]: {line}\n\ngroups: {', '.join(sorted(_tree()))}"
    if verb == "check":
        return f"neuroface check group=choice [group=choice ...] | all: {line}"
    words = [f"neuroface {verb} [group=choice ...] [key=value ...]: {line}", "", OPTIONS_OF[verb]]
    if verb not in ("eval", "report"):
        tree = _tree()
        width = max(map(len, tree))
        words += ["", "groups and their choices (neuroface list GROUP says what each one is)"]
        words += [f"  {group:<{width}}  {', '.join(names)}" for group, names in sorted(tree.items())]
        own, shared = (_indented((config_dir() / f"{name}.yaml").read_text(encoding="utf-8")) for name in (verb, "base"))
        words += ["", "keys and their defaults, beside those of the choices", f"{own}\n{shared}"]
        words += ["", "-m runs every combination of comma-separated values; --cfg job shows the whole configuration"]
    return "\n".join(words)


def _tree() -> dict[str, list[str]]:
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(config_dir().iterdir())
        if folder.is_dir()
    }


def _indented(yaml: str) -> str:
    """The root keys of a YAML file, without its defaults list and comments for maintainers."""
    lines, inside = [], False
    for text in yaml.splitlines():
        if text.startswith(("defaults:", "# @", "# What")):
            inside = text.startswith("defaults:")
        elif inside and text.startswith((" ", "-")):
            continue
        elif text.strip():
            inside = False
            lines.append("  " + text)
    return "\n".join(lines)
