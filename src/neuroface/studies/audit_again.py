"""`eval audit=true`: a finished run's audit made again from its folder, and its result beside repeats of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from neuroface.errors import DataError
from neuroface.evaluate.run_folder import RunFolder

if TYPE_CHECKING:
    from neuroface.types import Samples


def audit_again(path: Path) -> dict[str, Any]:
    """Write audit.json anew: all checks, two folds fitted again, and 19 repeats of the run under other seeds.

    A run that looked at pictures or series has no samples in its folder: its audit stays, REPEAT is "not done". So it
    does for an estimator that is costly. Errors: DataError where audit.json is missing.
    """
    from neuroface.evaluate import audit_after, repeats
    from neuroface.evaluate.audit_checks import REPEAT
    from neuroface.evaluate.plan import plan
    from neuroface.evaluate.predictions import read_predictions
    from neuroface.evaluate.protocol import Protocol
    from neuroface.evaluate.run_files import read_json, read_yaml
    from neuroface.evaluate.same_people import people_of
    from neuroface.evaluate.tournament import judged
    from neuroface.studies.building import build_estimator, build_protocol, build_splitter

    if not (path / "audit.json").is_file():
        raise DataError(f"{path} has no audit.json; run neuroface train with the same run= to make it.")
    config = OmegaConf.create({**read_yaml(path / "config.yaml"), "execution": {"device": "cpu"}})
    assert not OmegaConf.is_list(config)
    samples = samples_of(path)
    with RunFolder(path).locked() as folder:
        if samples is None or config.get("ensemble"):
            audit = read_json(path / "audit.json")
            audit["checks"][REPEAT] = "not done"
            folder.write_json("audit.json", audit)
            return dict(audit)
        estimator, protocol = build_estimator(config), build_protocol(config)
        assert isinstance(protocol, Protocol)  # whoever calls this keeps runs of a number apart
        splitter = build_splitter(config)
        if hasattr(splitter, "told"):
            splitter = splitter.told(people_of(path))
        settled = protocol.settled(samples.y)
        planned = plan(samples, estimator, splitter, protocol=settled, seed=config.seed, people=facts_of(path))
        predictions = read_predictions(path / "predictions.csv")
        audit = audit_after.complete(planned.audit, planned.task, planned.folds, predictions)
        if audit_after.is_costly(planned.task):
            audit["checks"][REPEAT] = "not done"
        else:
            predictions = judged(predictions, planned.task.classes)
            p = predictions[[f"p_{name}" for name in planned.task.classes]].to_numpy(float)
            y, subject = predictions["y"].to_numpy(str), predictions["subject"].to_numpy(str)
            observed = repeats.score_of(p, y, subject, planned.task.classes)
            audit = repeats.repeated(audit, planned, observed)
        folder.write_json("audit.json", audit)
    return audit


def facts_of(path: Path) -> dict[str, dict[str, Any]]:
    """subject -> what people.csv tells of them: numbers where a column holds numbers, as the cohort told them."""
    from neuroface.report.run import read_table

    people = read_table(path / "people.csv")
    rows = [] if people is None else people.drop(columns="group", errors="ignore").to_dict("records")
    return {str(row["subject"]): {str(k): v for k, v in row.items() if k != "subject" and v == v} for row in rows}


def samples_of(path: Path) -> Samples | None:
    """The table that a run was made of, from samples.csv; None for a run of pictures or series."""
    import numpy as np

    from neuroface.report.run import feature_columns, read_table
    from neuroface.types import Samples

    table = read_table(path / "samples.csv")
    if table is None or not (names := list(feature_columns(table))):
        return None
    meta = {str(c): table[c].to_numpy() for c in table if c not in (*names, "subject", "y")}
    meta["sample"] = meta["sample"].astype(str)
    return Samples(
        X=table[names].to_numpy(float),
        y=table["y"].to_numpy(str),
        subject=table["subject"].to_numpy(str),
        meta={name: np.where(column != column, "", column) for name, column in meta.items()},
        feature_names=tuple(map(str, names)),
    )
