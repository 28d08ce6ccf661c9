"""What covariates alone tell, beside the run's score, as a table and in words."""

from __future__ import annotations

import pandas as pd

from neuroface.report import wording
from neuroface.report.run import Run

NAMES = {"distance_mm": "distance from the camera", "duration_s": "length of recording", "fps": "frames per second"}
NAMES |= {"repetitions": "number of repetitions"}


def covariates(run: Run) -> pd.DataFrame:
    """Rows: the run, covariates alone, the run's score adjusted and weighted; AUC, low, high, p. Empty without any."""
    found = run.covariates
    if not found:
        return pd.DataFrame()
    alone = found["only"]
    ends = run.headline.interval or (float("nan"), float("nan"))
    rows = [{"what": "this run", "auc": found["auc"], "low": ends[0], "high": ends[1], "p": run.headline.p}]
    rows.append({"what": "covariates only", "auc": alone["auc"], "p": alone["p"]})
    for key, words in (("adjusted", "this run, covariates taken out"), ("weighted", "this run, covariates balanced")):
        low, high = found[key]["auc_ci"]
        rows.append({"what": words, "auc": found[key]["auc"], "low": low, "high": high})
    return pd.DataFrame(rows, columns=["what", "auc", "low", "high", "p"]).astype(
        dict.fromkeys(("auc", "low", "high", "p"), float)
    )


def names(run: Run) -> str:
    """age, sex, distance from the camera."""
    return ", ".join(NAMES.get(name, name) for name in run.covariates.get("names") or ())


def warning(run: Run) -> str:
    """What to think of where covariates alone tell the classes; nothing where they do not."""
    found = run.covariates
    if not found or not found["only"]["p"] <= wording.SIGNIFICANT or found["only"]["auc"] < 0.5:  # told the wrong way
        return ""
    alone, ends = found["only"], run.headline.interval
    told = f"Covariates alone ({names(run)}) tell the groups with an AUC of {wording.number(alone['auc'])}"
    told += f" ({wording.p_value(alone['p'])})"
    if alone["auc"] >= found["auc"] or (ends and alone["auc"] >= ends[0]):
        told += ", about as well as this run: its result may be theirs"
    return f"{told}. With them taken out its AUC is {wording.number(found['adjusted']['auc'])}."
