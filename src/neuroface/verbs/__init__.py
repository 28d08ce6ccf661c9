"""One file per verb, each with `run(overrides)`. Here and in cli.py live the only imports of hydra and omegaconf."""

from __future__ import annotations

import importlib


def run_verb(verb: str, arguments: list[str]) -> None:
    """Run one verb with the words that follow it on the command line."""
    module = importlib.import_module(f"neuroface.verbs.{verb}")
    if verb in ("list", "check"):
        module.run(arguments)
        return
    from neuroface.verbs.configuration import multirun

    flags = [word for word in arguments if word.startswith("-")]
    if flags:
        multirun(verb, arguments, module.run)
    else:
        module.run(arguments)
