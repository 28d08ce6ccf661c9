"""Landmarks that an earlier call of the same command found and wrote: not found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

import neuroface
from neuroface.configuration.identity import science
from neuroface.evaluate.run_folder import digest_of
from neuroface.types import Recording

WHO = ("exclude", "skip_broken", "frontal_only")  # which recordings are looked at does not change any of them
SIGNED = "landmarks.json"  # in out, beside the folder landmarks: what made it


class Kept:
    """What stands in out/landmarks and out/quality.csv, if it was made by the same configuration from the same data."""

    def __init__(self, config: DictConfig, out: Path) -> None:
        self.out = out
        part = science(config)
        for key in WHO:
            part["cohort"].pop(key, None)
        self.digest = digest_of({**part, "neuroface": neuroface.__version__})

    def found(self, wanted: set[str]) -> tuple[dict[str, Recording], list[dict[str, Any]]]:
        """The recordings there by name, and their rows of quality.csv; none where they were made in another way."""
        import pandas as pd

        from neuroface.cohorts.folder import FolderCohort

        file, table = self.out / SIGNED, self.out / "quality.csv"
        if not file.is_file() or json.loads(file.read_text(encoding="utf-8")).get("digest") != self.digest:
            return {}, []
        known = {recording.name: recording for recording in FolderCohort(root=self.out / "landmarks").recordings()}
        known = {name: recording for name, recording in known.items() if name in wanted}
        rows: list[Any] = pd.read_csv(table).astype(object).to_dict("records") if table.is_file() else []
        return known, [row for row in rows if row["recording"] in known]

    def sign(self) -> None:
        """Note what made what is there now."""
        text = json.dumps({"digest": self.digest}, indent=2) + "\n"
        (self.out / SIGNED).write_text(text, encoding="utf-8")
