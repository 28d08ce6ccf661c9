"""`neuroface features`: the feature table of a cohort, one row per repetition."""

from __future__ import annotations

import sys
from pathlib import Path

from neuroface.cohort_summary import told
from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.evaluate.cells import guarded_table
from neuroface.places import check_writable


def run(overrides: list[str]) -> None:
    """Write the table of every task and group to `out` (.csv or .parquet)."""
    config, _ = compose("features", overrides)
    if not config.out or Path(str(config.out)).suffix not in (".csv", ".parquet"):
        raise ConfigError("out= says where the table goes: out=FILE.csv or out=FILE.parquet.")
    check_writable("out", Path(str(config.out)), file=True)
    from neuroface import samples as sample_tools
    from neuroface.evaluate.spread import spread
    from neuroface.progress import Progress
    from neuroface.studies.building import build_samples, print_left_out

    where = config.execution
    with Progress() as progress, spread(where.backend, address=where.address, n_jobs=where.n_jobs):
        samples, summary = build_samples(config, None, progress=progress)
    out = Path(str(config.out))
    out.parent.mkdir(parents=True, exist_ok=True)
    table = sample_tools.feature_table(samples)
    if out.suffix == ".csv":
        guarded_table(table).to_csv(out, index=False)
    else:
        try:
            table.to_parquet(out, index=False)
        except ImportError as error:
            raise ConfigError("Parquet needs pyarrow: pip install 'neuroface[parquet]', or out=FILE.csv.") from error
    people = ", ".join(f"{group} {n}" for group, n in summary.people.items())
    print(f"{len(table)} repetitions x {len(samples.feature_names)} features of {people} people")
    for line in told(summary.notes, summary.noted_of, summary.recordings):
        print(line)
    print_left_out(((entry["what"], entry["why"]) for entry in summary.left_out), file=sys.stdout)
    print(out)
