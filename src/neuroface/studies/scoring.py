"""Scores of finished runs, computed again from their predictions; several runs also as one."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.evaluate.run_folder import RunFolder
from neuroface.places import check_writable
from neuroface.studies.train import draw

if TYPE_CHECKING:
    import pandas as pd


def score_again(path: Path, *, n_bootstrap: int) -> None:
    """Write scores.json from predictions.csv and null/ alone."""
    with RunFolder(path).locked() as folder:
        _score(folder, seed=folder.facts["seeds"]["run"], n_bootstrap=n_bootstrap)


def ensemble(runs: list[Path], *, method: str, out: str | None, n_bootstrap: int) -> Path:
    """Write the run folder of several runs taken together, with its report; returns it.

    Its audit and the facts about its cohort are those of all runs, the worst first. Its null is the mean of theirs
    where these were fitted anew and weigh alike; else classes are permuted against its predictions as they are.
    """
    from neuroface.evaluate import ensemble as several
    from neuroface.evaluate import ensemble_checks as checks
    from neuroface.evaluate.predictions import read_predictions
    from neuroface.evaluate.run_files import read_json, read_yaml
    from neuroface.evaluate.several_audits import merged_audit
    from neuroface.evaluate.tournament import is_tournament
    from neuroface.report.run import tell_rot

    for run in runs:
        tell_rot(run)
    predictions, weights = several.combine(runs, method=method)
    tables = [read_predictions(run / "predictions.csv") for run in runs]
    joined = checks.joined_tasks(runs, tables)
    if method == "mean" and not joined and (told := checks.unequal_kinds(runs)):
        print(told, file=sys.stderr)
    ranks = is_tournament(predictions["fold"].to_numpy(str), predictions["subject"].to_numpy(str))
    null = (
        several.combined_null(runs) if method == "mean" and not ranks else None
    )  # ranks of a mean, not means of ranks
    path = Path(out) if out else runs[0].parent / f"{method}-of-{'-'.join(run.name for run in runs)}"
    check_writable("out", path)
    config = {
        **{
            key: value
            for key, value in read_yaml(runs[0] / "config.yaml").items()
            if key in ("protocol", "split", "seed")
        },
        "ensemble": {"method": method, "runs": [RunFolder(run).facts["digest"] for run in runs]},
    }
    if joined:
        config["protocol"] = {**config["protocol"], "task": None}  # of several
    leaks = [read_yaml(run / "config.yaml")["protocol"].get("leak", "refused") for run in runs]
    if (leak := next((leak for leak in leaks if leak != "refused"), "refused")) != leaks[0]:
        config["protocol"] = {**config["protocol"], "leak": leak}
    first = RunFolder(runs[0]).facts
    words = f"run=[{','.join(map(str, runs))}]"
    facts: dict[str, Any] = {
        "choices": {
            **_choices(runs),
            "classifier": f"{method} of {', '.join(run.name for run in runs)}",
            "features": [],
        },
        "command": shlex.join(["neuroface", "eval", words, f"ensemble={method}", f"out={path}"]),
        "published": None,
        "device": "cpu",
        "seeds": first["seeds"],
        "members": list(dict.fromkeys(digest for run in runs for digest in checks.members_of(run))),
        "n_folds": first["n_folds"],
        "n_done": first["n_done"],
        "null": "predictions" if null is None else "refit",
    }
    with RunFolder(path).open(config, **facts) as folder:
        folder.write_json("audit.json", merged_audit(_of_each(runs, "audit.json")))
        folder.write_json("cohort.json", _cohort_of(runs, several_tasks=bool(joined)))
        folder.write_json("splits.json", read_json(runs[0] / "splits.json"))
        folder.write_json("weights.json", {"runs": [str(run) for run in runs], "folds": weights})
        if (runs[0] / "people.csv").is_file():  # of the same people
            folder.write_text("people.csv", (runs[0] / "people.csv").read_text(encoding="utf-8"))
        folder.write_text("predictions.csv", _as_csv(predictions))
        shutil.rmtree(path / "null", ignore_errors=True)
        if null is None:
            for b in range(max(len(list((run / "null").glob("*.csv"))) for run in runs)):
                _permute(folder, predictions, b, seed=first["seeds"]["run"])
        else:
            for number, rows in null.groupby("permutation", sort=False):
                folder.write_text(f"null/{int(str(number)):05d}.csv", _as_csv(rows))
        _score(folder, seed=first["seeds"]["run"], n_bootstrap=n_bootstrap)
        folder.update(status="done")
    draw(path, tensorboard=False)
    return path


def _cohort_of(runs: list[Path], *, several_tasks: bool) -> dict[str, Any]:
    """cohort.json of the runs. several_tasks: each has some of the recordings; what one lacks is not left out."""
    from neuroface.cohorts.table import NOT_ASKED
    from neuroface.evaluate.several_audits import merged_cohort

    cohort = merged_cohort(_of_each(runs, "cohort.json"))
    if not several_tasks:
        return cohort
    left_out = cohort.get("left_out") or []
    kept = [entry for entry in left_out if not (entry["why"] == NOT_ASKED and entry["what"].endswith(" rows"))]
    some = ("recordings", "repetitions", "noted_of")
    return {name: value for name, value in cohort.items() if name not in some} | {"left_out": kept}


def _choices(runs: list[Path]) -> dict[str, Any]:
    """What was picked for the runs, all of it where it was not the same: landmarks "fan / given"."""
    merged: dict[str, list[Any]] = {}
    for choices in (RunFolder(run).facts["choices"] for run in runs):
        for key, value in choices.items():
            merged[key] = [*(known := merged.get(key, [])), *([] if value in known else [value])]
    return {key: of[0] if len(of) == 1 else " / ".join(map(str, of)) for key, of in merged.items()}


def _of_each(runs: list[Path], name: str) -> dict[str, dict[str, Any]]:
    """A JSON file of each run, by the shortest names that tell the runs apart."""
    from neuroface.evaluate.run_files import read_json

    short = len({run.name for run in runs}) == len(runs)
    return {run.name if short else str(run): read_json(run / name) for run in runs}


def _as_csv(predictions: pd.DataFrame) -> str:
    from neuroface.evaluate.predictions import to_csv

    columns = [str(name) for name in predictions]
    rows = (dict(zip(columns, values, strict=True)) for values in predictions.itertuples(index=False, name=None))
    return to_csv(rows, columns)


def _permute(folder: RunFolder, predictions: pd.DataFrame, b: int, *, seed: int) -> None:
    """null/<b>.csv: classes permuted against the predictions as they are."""
    from neuroface.evaluate.design import design_of
    from neuroface.evaluate.permutations import permute_labels
    from neuroface.evaluate.predictions import classes_of, null_rows, to_csv
    from neuroface.evaluate.tournament import judged
    from neuroface.types import Samples

    classes = classes_of(predictions.columns)
    predictions = judged(predictions, classes)
    p = predictions[[f"p_{c}" for c in classes]].to_numpy(float)
    y, subject = predictions["y"].to_numpy(str), predictions["subject"].to_numpy(str)
    meta = {"sample": predictions["sample"].to_numpy(str), "task": predictions["task"].to_numpy(str)}
    samples = Samples(X=p, y=y, subject=subject, meta=meta, view="predictions")
    permuted = permute_labels(y, subject, seed=seed, permutation=b)
    design = design_of(y, subject).kind
    header, rows = null_rows(samples, permuted, p, permutation=b, classes=classes, design=design)
    folder.write_text(f"null/{b:05d}.csv", to_csv(rows, header))


def _score(folder: RunFolder, *, seed: int, n_bootstrap: int) -> None:
    from neuroface.evaluate.predictions import classes_of, read_null, read_predictions
    from neuroface.evaluate.protocol import AUTO
    from neuroface.evaluate.run_files import read_yaml
    from neuroface.evaluate.scores import summarise

    predictions = read_predictions(folder.path / "predictions.csv")
    classes = classes_of(predictions.columns)
    keys: dict[str, Any] = {"classes": classes, "seed": seed, "n_bootstrap": n_bootstrap}
    ordered = bool(read_yaml(folder.path / "config.yaml").get("protocol", {}).get("ordered"))
    stops_early = folder.facts.get("permutations") == AUTO
    scores = summarise(predictions, read_null(folder.path), ordered=ordered, stops_early=stops_early, **keys)
    folder.write_json("scores.json", scores)
