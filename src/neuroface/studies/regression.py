"""A run that predicts a number of each person: brought to its end, scored again, drawn, told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from neuroface.evaluate.run_folder import RunFolder

if TYPE_CHECKING:
    from neuroface.cohort_summary import CohortSummary
    from neuroface.evaluate.number_protocol import NumberProtocol
    from neuroface.types import Samples


def is_run(path: Path) -> bool:
    """Whether a run folder is that of a number."""
    return "column" in RunFolder(path).facts


def planned(
    config: DictConfig, samples: Samples, people: CohortSummary, estimator: Any, splitter: Any, protocol: NumberProtocol
) -> Any:
    """Everything that can be known before anything is fitted; see regression.plan for errors."""
    from neuroface.evaluate import regression

    return regression.plan(samples, people.facts, estimator, splitter, protocol=protocol, seed=config.seed)


def score_again(path: Path, *, n_bootstrap: int) -> None:
    """Write scores.json from predictions.csv and null/ alone."""
    from neuroface.evaluate import regression

    with RunFolder(path).locked() as folder:
        facts = folder.facts
        scores = regression.score(path, column=facts["column"], seed=facts["seeds"]["run"], n_bootstrap=n_bootstrap)
        folder.write_json("scores.json", scores)


def draw(path: Path, *, vector: str | None = None) -> Path:
    """Draw the report of a finished run; returns the page."""
    from neuroface.report import regression_page

    return regression_page.render(path, vector=vector)


def summary(path: Path) -> str:
    """The lines printed at the end of a run."""
    from neuroface.report import regression_page

    return regression_page.summary(path)
