"""`neuroface predict`: what a finished run's models say about people whom none of them has seen."""

from __future__ import annotations

import sys
from pathlib import Path

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.evaluate.cells import guarded_table
from neuroface.places import check_writable


def run(overrides: list[str]) -> None:
    """Print the table, or write it to `out`, a file or a folder with a page per person; warnings to standard error."""
    config, _ = compose("predict", overrides)
    out = Path(str(config.out)) if config.out else None
    if out is not None:
        if out.suffix not in ("", ".csv"):
            raise ConfigError("out= says where it goes: out=FILE.csv for a table, out=FOLDER for a page per person.")
        check_writable("out", out, file=out.suffix == ".csv")
    from neuroface.studies import people_pages
    from neuroface.studies.person import change
    from neuroface.studies.predict import ask, table_of, visits_of, warnings_of

    asked = ask(overrides)
    table, warnings = table_of(asked), warnings_of(asked)
    visits = visits_of(asked)
    if visits is not None and out is None:
        print(change(asked, visits).to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    if out is None:
        print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    elif out.suffix:
        out.parent.mkdir(parents=True, exist_ok=True)
        guarded_table(table).to_csv(out, index=False)
        print(out)
    else:
        for page in people_pages.write(asked, table, out, overlay=bool(config.overlay)):
            print(page)
    for warning in warnings:
        print(warning, file=sys.stderr)
