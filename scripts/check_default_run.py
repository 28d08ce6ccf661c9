"""Checks the run folder that `neuroface train` leaves: `python scripts/check_default_run.py FOLDER`.

Prints what is wrong and ends with exit code 5, or says that all is as it should be.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# Where the subject AUC of the default run may lie: around the published .95 for HC v ALS on OPEN, as calibrated
# (docs/datasheet_synthetic.md), with room for other versions of the libraries.
WINDOW = (0.75, 1.0)
FILES = ("config.yaml", "run.json", "splits.json", "predictions.csv", "scores.json", "audit.json", "report/report.html")


def problems(folder: Path) -> list[str]:
    """What is wrong with a run folder, as sentences."""
    found = [f"{name} is missing" for name in FILES if not (folder / name).is_file()]
    if found:
        return found
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["subject"]
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    low, high = scores["auc_ci"]
    checks = {
        f"status is {facts['status']}, not done": facts["status"] == "done",
        f"{facts['n_done']} of {facts['n_folds']} folds are there": facts["n_done"] == facts["n_folds"] == 22,
        f"AUC {scores['auc']:.3f} is outside {WINDOW}": WINDOW[0] <= scores["auc"] <= WINDOW[1],
        f"interval [{low:.2f}, {high:.2f}] does not hold the AUC": low <= scores["auc"] <= high,
        f"the null has {scores['n_permutations']} permutations, not 499": scores["n_permutations"] == 499,
        f"p {scores['auc_p']:.3f} is not below .05": scores["auc_p"] < 0.05,
        f"dummy AUC is {scores['dummy_auc']}, not .5": scores["dummy_auc"] == 0.5,
        f"audit says {audit['verdict']}": audit["verdict"] == "clean",
        "the report does not say that the cohort is synthetic": "synthetic"
        in (folder / "report" / "report.html").read_text(encoding="utf-8"),
    }
    return [what for what, holds in checks.items() if not holds]


if __name__ == "__main__":
    wrong = problems(Path(sys.argv[1]))
    print("\n".join(wrong) or f"{sys.argv[1]}: as it should be")
    sys.exit(5 if wrong else 0)
