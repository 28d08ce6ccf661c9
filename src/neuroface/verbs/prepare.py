"""`neuroface prepare`: a cohort written in neuroface's own layout on disk."""

from __future__ import annotations

from pathlib import Path

from neuroface.errors import ConfigError
from neuroface.verbs.configuration import compose


def run(overrides: list[str]) -> None:
    """Write every recording of the cohort under `out`, to be read with cohort=folder cohort.root=OUT."""
    config, _ = compose("prepare", overrides)
    if not config.out:
        raise ConfigError("out= says where the folder goes: out=DIR.")
    from neuroface.cohorts import folder
    from neuroface.verbs.building import build_cohort

    cohort, common = build_cohort(config)
    if not hasattr(cohort, "recordings"):
        raise ConfigError("cohort=table holds features, not recordings; there is nothing to prepare.")
    exclude = set(common.get("exclude") or ())
    recordings = (r for r in cohort.recordings() if not {r.name, r.subject} & exclude)
    written = folder.write(recordings, Path(str(config.out)))
    print(f"{written.recordings} recordings of {written.people} people")
    print(f"{config.out}\nread it with cohort=folder cohort.root={config.out}")
