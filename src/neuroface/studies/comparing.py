"""`neuroface eval run=[A,B] compare=true`: finished runs compared on the same people."""

from __future__ import annotations

from pathlib import Path

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.places import check_writable
from neuroface.studies import finetune, folders, regression


def compared(overrides: list[str]) -> str | None:
    """The table of differences and what it means, written to `out`; None where compare=true is not asked for.

    out: where it is not given, a folder beside the first run. Errors: see report.comparison.compare.
    """
    config, _ = compose("eval", overrides)
    if not config.compare:
        return None
    if not isinstance(config.margin, int | float | None):
        raise ConfigError(f"margin is {config.margin!r}; it must be a number, such as .05 of an AUC, or null.")
    from neuroface.report import comparison_errors
    from neuroface.report.comparison import compare

    runs = folders.run_folders(config.run)
    named = "-and-".join(run.name for run in runs[:3]) + (f"-and-{len(runs) - 3}-more" if len(runs) > 3 else "")
    out = Path(config.out) if config.out else runs[0].parent / f"compare-{named}"
    check_writable("out", out)
    kinds = [
        "landmark networks" if finetune.is_run(run) else "numbers" if regression.is_run(run) else "classes"
        for run in runs
    ]
    comparison_errors.refuse_mixed(kinds)
    if kinds[0] == "classes":
        return compare(runs, out, margin=config.margin)
    if config.margin is not None:
        raise ConfigError("margin is of AUCs; runs of numbers and landmark networks are compared without it.")
    errors = comparison_errors.compare_numbers if kinds[0] == "numbers" else comparison_errors.compare_points
    return errors(runs, out)


def _kind(run: Path) -> str:
    if finetune.is_run(run):
        return "landmark networks"
    return "numbers" if regression.is_run(run) else "classes"
