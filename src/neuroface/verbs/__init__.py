"""One file per verb, each with `run(overrides)`: words into calls of `studies`, results into lines."""

from __future__ import annotations

import importlib

PLAIN = ("list", "check", "fetch", "completion", "new", "prune")  # that compose no configuration, and take no -m


def run_verb(verb: str, arguments: list[str]) -> None:
    """Run one verb with the words that follow it on the command line."""
    module = importlib.import_module(f"neuroface.verbs.{verb}")
    if verb in PLAIN or not any(word.startswith("-") for word in arguments):
        module.run(arguments)
        return
    from neuroface.configuration.sweep import with_flags

    with_flags(verb, arguments, module.run, getattr(module, "after_several", None))
