"""Files that users of the palsy system expect beside a report: decisions as arrays, scores as text, the training."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.report import run_tables, wording
from neuroface.report.run import Run


def exports(run: Run) -> dict[str, bytes]:
    """File name -> content: predictions.npz, evaluation_results.txt and, of a network, training_history.json.

    Empty for a question of two classes, which is decided at a threshold.
    """
    if run.is_binary:
        return {}
    files = {"predictions.npz": _arrays(run), "evaluation_results.txt": _results(run).encode()}
    history = _history(run.folder)
    return files | ({"training_history.json": json.dumps(history, indent=1).encode()} if history else {})


def _arrays(run: Run) -> bytes:
    """predictions, labels: (n,) class numbers from 0; probabilities: (n, K); classes: (K,) names; samples: (n,) ids.

    One row per sample, each judged by the model that did not see its person.
    """
    classes = list(run.classes)
    probabilities = run.predictions[[f"p_{name}" for name in classes]].to_numpy(float)
    content = io.BytesIO()
    np.savez(
        content,
        predictions=probabilities.argmax(axis=1),
        labels=np.array([classes.index(name) for name in run.predictions["y"]]),
        probabilities=probabilities,
        classes=np.array(classes),
        samples=run.predictions["sample"].to_numpy(str),
    )
    return content.getvalue()


def _results(run: Run) -> str:
    """What the terminal tells, the scores and their intervals, recall per class and the confusion matrix."""
    lines = [wording.conditions(run), wording.answer(run), ""]
    table = run_tables.scores(run)
    for row in table.to_dict("records"):
        ends = (row["low"], row["high"])
        interval = f" {wording.interval(ends)}" if np.isfinite(ends).all() else ""
        lines.append(f"{row['who']}: {row['measure']} {wording.number(row['value'])}{interval}")
    lines.append("")
    for row in run_tables.recall(run).to_dict("records"):
        lines.append(f"class {row['class']}: {row['recognised']} of {row['of']} recognised")
    lines += [side] if (side := wording.side(run)) else []
    lines += ["", f"confusion matrix (rows: true, columns: decided; {', '.join(run.classes)})"]
    lines += ["  ".join(f"{count:4d}" for count in row) for row in run.decisions["confusion"]]
    return "\n".join([*lines, "", wording.NOT_A_DEVICE, ""])


def _history(folder: Path) -> dict[str, Any]:
    """{fold: [what each epoch told]}."""
    files = sorted((folder / "models").glob("*.history.json"))
    return {file.name.removesuffix(".history.json"): json.loads(file.read_text())["epochs"] for file in files}
