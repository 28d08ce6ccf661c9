"""`neuroface eval run=[A,B] compare=true`: finished runs compared on the same people."""

from __future__ import annotations

from pathlib import Path

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.places import check_writable
from neuroface.studies import folders


def compared(overrides: list[str]) -> str | None:
    """The table of differences and what it means, written to `out`; None where compare=true is not asked for.

    out: where it is not given, a folder beside the first run. Errors: see report.comparison.compare.
    """
    config, _ = compose("eval", overrides)
    if not config.compare:
        return None
    if not isinstance(config.margin, int | float | None):
        raise ConfigError(f"margin is {config.margin!r}; it must be a number, such as .05 of an AUC, or null.")
    from neuroface.report.comparison import compare

    runs = folders.run_folders(config.run)
    named = "-and-".join(run.name for run in runs[:3]) + (f"-and-{len(runs) - 3}-more" if len(runs) > 3 else "")
    out = Path(config.out) if config.out else runs[0].parent / f"compare-{named}"
    check_writable("out", out)
    return compare(runs, out, margin=config.margin)
