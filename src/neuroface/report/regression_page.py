"""The page of a run that predicts a number: how near, how sure, against what, person by person."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface.evaluate import regression
from neuroface.evaluate.cells import guarded_table
from neuroface.evaluate.run_files import read_json, read_yaml
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.scores_regression import MEASURES, people_of
from neuroface.report import flow_figure, page_tables, pictures, regression_figures, reporting, wording
from neuroface.report.page_files import template, write_figure, write_whole
from neuroface.report.run import read_table
from neuroface.report.story import Story

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "r2": "R², out of people",
    "spearman": "Spearman",
    "concordance": "concordance (Lin)",
}


def render(folder: Path | str, *, vector: str | None = None) -> Path:
    """Write report/report.html, its tables as CSV and figures as PNG; returns the page.

    folder: a finished run. vector: "pdf" or "svg" writes each figure in that format, too.
    """
    run = _read(Path(folder))
    out = run["path"] / "report"
    out.mkdir(exist_ok=True)
    tables = {"scores": scores_table(run["scores"]), "people": run["people"], "within_groups": _within(run["scores"])}
    for name, frame in tables.items():
        write_whole(out / f"{name}.csv", guarded_table(frame).to_csv(index=False).encode())
    reporting.write(_story(run), out)
    drawn = {}
    for name, (figure, caption) in _figures(run).items():
        data = write_figure(out, name, figure, vector=vector)
        drawn[name] = {"name": name, "data": base64.b64encode(data).decode(), "caption": caption, "alt": caption}
    page = out / "report.html"
    write_whole(page, template("regression.html.j2").render(_context(run, tables, drawn)).encode())
    return page


def summary(folder: Path | str) -> str:
    """The lines a run ends with: who, how near with which interval and null, what a guess gives, where the page is."""
    run = _read(Path(folder))
    found, agreement = run["scores"]["subject"], run["scores"]["agreement"]
    first = f"RMSE  {_value(found, 'rmse')}   {_null(found, 'rmse')}"
    second = "  ".join(f"{NAMES[name]} {_value(found, name)}" for name in ("r2", "spearman", "concordance"))
    third = (
        f"bias {wording.signed(agreement['bias'])}, limits of agreement {wording.signed(agreement['low'])} to "
        f"{wording.signed(agreement['high'])}; mean of the training people: RMSE {found['dummy_rmse']:.3g}"
    )
    audit = f"audit: {run['audit'].get('verdict', 'not done')}"
    return "\n".join([_conditions(run), first, second, third, audit, str(run["path"] / "report" / "report.html")])


def _read(path: Path) -> dict[str, Any]:
    predictions = regression.read(path)
    return {
        "path": path,
        "config": read_yaml(path / "config.yaml"),
        "facts": RunFolder(path).facts,
        "scores": read_json(path / "scores.json", "column", "subject"),
        "cohort": read_json(path / "cohort.json"),
        "audit": read_json(path / "audit.json"),
        "predictions": predictions,
        "people": people_of(predictions),
        "tasks": list(dict.fromkeys(predictions["task"])),
        "null": regression.read_null(path),
    }


def _story(run: Mapping[str, Any]) -> Story:
    found = run["scores"]["subject"]
    return Story(
        folder=run["path"],
        config=run["config"],
        facts=run["facts"],
        cohort=run["cohort"],
        audit=run["audit"],
        scores=run["scores"],
        predictions=run["predictions"],
        samples=read_table(run["path"] / "samples.csv"),
        title=_conditions(run),
        answer=_answer(run),
        performance={NAMES[name]: _value(found, name) for name in MEASURES},
        column=str(run["scores"]["column"]),
    )


def scores_table(scores: Mapping[str, Any]) -> pd.DataFrame:
    """One row per measure: value, low, high, and what shuffled numbers give."""
    found, rows = scores["subject"], []
    for name in MEASURES:
        low, high = found[f"{name}_ci"]
        row = {"measure": NAMES[name], "value": found[name], "low": low, "high": high}
        row |= {"null_mean": found.get(f"{name}_null_mean"), "null_sd": found.get(f"{name}_null_sd")}
        rows.append(row | {"p": found.get(f"{name}_p")})
    rows.append({"measure": "RMSE of the training people's mean", "value": found["dummy_rmse"]})
    for name, words in (("bias", "bias"), ("low", "lower limit of agreement"), ("high", "upper limit of agreement")):
        low, high = scores["agreement"][f"{name}_ci"]
        rows.append({"measure": words, "value": scores["agreement"][name], "low": low, "high": high})
    return pd.DataFrame(rows)


def _within(scores: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"group": name, **found} for name, found in scores["within_groups"].items()])


def _value(found: Mapping[str, Any], name: str) -> str:
    low, high = found[f"{name}_ci"]
    return f"{wording.number(found[name])} [{wording.number(low)}, {wording.number(high)}]"


def _null(found: Mapping[str, Any], name: str) -> str:
    if not found.get("n_permutations"):
        return "no permutation null was run"
    spread = f"{wording.number(found[f'{name}_null_mean'])} ± {wording.number(found[f'{name}_null_sd'])}"
    return f"null {spread}, {wording.p_value(found[f'{name}_p'])} ({found['n_permutations']} permutations)"


def _conditions(run: Mapping[str, Any]) -> str:
    choices, counts = run["facts"].get("choices") or {}, run["people"]["group"].value_counts(sort=False)
    split = str(choices.get("split", "loso"))
    parts = [
        *(["synthetic"] if run["cohort"].get("synthetic") else []),
        f"{run['scores']['column']} of " + ", ".join(f"{group} {n}" for group, n in counts.items()),
        " + ".join(run["tasks"]) if len(run["tasks"]) <= 4 else f"{len(run['tasks'])} tasks",
        str(choices.get("classifier", "regressor")),
        wording.SPLITS.get(split, split.replace("_", " ")),
    ]
    return " · ".join(parts)


def _answer(run: Mapping[str, Any]) -> str:
    found, column = run["scores"]["subject"], run["scores"]["column"]
    told = (
        f"{column} of {found['n']} people who were left out was predicted with an RMSE of {found['rmse']:.3g} "
        f"(95 % interval {found['rmse_ci'][0]:.3g} to {found['rmse_ci'][1]:.3g}); the mean of the others gives "
        f"{found['dummy_rmse']:.3g}. "
    )
    if not found.get("n_permutations"):
        return told + "No permutation null was run, so nothing is said about chance."
    if 1 / (found["n_permutations"] + 1) > wording.SIGNIFICANT:
        chance = "are too few to tell chance apart; the same command with protocol.permutations=49 adds to them"
    else:
        chance = "do not explain this" if found["rmse_p"] <= wording.SIGNIFICANT else "do as well: this may be chance"
    return (
        told
        + f"With shuffled numbers the same pipeline gives {found['rmse_null_mean']:.3g}; they {chance} "
        + (f"({wording.p_value(found['rmse_p'])}).")
    )


def _figures(run: Mapping[str, Any]) -> dict[str, tuple[Figure, str]]:
    people, scores, column = run["people"], run["scores"], run["scores"]["column"]
    unit = str((run["config"].get("protocol") or {}).get("unit") or "")
    named = f"{column}, {unit}" if unit else column
    found = {
        "predicted": (
            regression_figures.predicted(people, name=named),
            f"Each person once: {column} as predicted by a model that never saw them, against the true one. "
            "Dashed: identity.",
        ),
        "agreement": (
            regression_figures.agreement(people, scores["agreement"], name=named),
            "Bland & Altman: how far predictions lie off, with bias and 95 % limits of agreement (bands: their "
            "intervals). A slope means that high values are predicted too low.",
        ),
    }
    found["flow"] = (flow_figure.flow(run["predictions"], run["cohort"], by="group"), pictures.FLOW)
    if run["null"] is not None:
        values = _null_rmse(run["null"])
        figure = regression_figures.null(values, observed=scores["subject"]["rmse"], name="RMSE")
        found["null"] = (figure, "RMSE when numbers change hands between people and everything is fitted again.")
    return found


def _null_rmse(null: pd.DataFrame) -> np.ndarray:
    squared = (null["predicted"] - null["y"]) ** 2
    return np.sqrt(squared.groupby(null["permutation"]).mean().to_numpy(float))


def _context(run: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], drawn: Mapping[str, Any]) -> dict[str, Any]:
    import yaml

    facts = run["facts"]
    rounded = {
        name: frame.map(lambda v: wording.compact(v) if isinstance(v, float) else v) for name, frame in tables.items()
    }
    return {
        "title": _conditions(run),
        "synthetic": run["cohort"].get("synthetic"),
        "description": run["cohort"].get("description"),
        "answer": _answer(run),
        "column": run["scores"]["column"],
        "ci_method": run["scores"]["subject"]["ci_method"],
        "tables": {name: page_tables.shown(frame) for name, frame in rounded.items()},
        "pictures": dict(drawn),
        "audit": run["audit"],
        "left_out": run["cohort"].get("left_out") or [],
        "command": facts.get("command", ""),
        "facts": {"time": f"{facts['wall_s']:.1f} s", "digest": facts["digest"], "git commit": facts.get("git_commit")},
        "config": yaml.safe_dump(run["config"], sort_keys=False, allow_unicode=True),
        "not_a_device": wording.NOT_A_DEVICE,
    }
