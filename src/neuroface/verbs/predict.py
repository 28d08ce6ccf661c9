"""`neuroface predict`: what a finished run's models say about people whom none of them has seen."""

from __future__ import annotations

import sys
from pathlib import Path

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.places import check_writable


def run(overrides: list[str]) -> None:
    """Print the table, or write it to `out`; warnings go to standard error."""
    config, _ = compose("predict", overrides)
    out = Path(str(config.out)) if config.out else None
    if out is not None:
        if out.suffix != ".csv":
            raise ConfigError("out= says where the table goes: out=FILE.csv.")
        check_writable("out", out, file=True)
    from neuroface.studies.predict import predict

    found = predict(overrides)
    if out is None:
        print(found.table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        found.table.to_csv(out, index=False)
        print(out)
    for warning in found.warnings:
        print(warning, file=sys.stderr)
