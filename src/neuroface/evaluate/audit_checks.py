"""The checks of the audit by number: what each asks, what it means where something is found, and how to plant it.

Each has its place in docs/audit.md. A number is never given to another check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Meaning = Literal["leaky", "suspect", "noted"]

DIVIDED = "no subject on both sides of a fold"
IDENTICAL = "no identical rows of different people"
NEAR = "no nearly identical rows of different people"
FITTED = "nothing that a test subject is judged by was fitted on them"
NORMALISED = "no column was put on a scale by looking at everyone"
SELECTED = "no feature was chosen by looking at everyone"
AUGMENTED = "no row was made out of the rows of others"
CHOSEN = "no epoch was chosen by looking at a test subject"
THRESHOLD = "no threshold was chosen on those who are judged"
ENCODING = "no feature that encodes the class"
ORDER = "no feature that counts rows and tells the class"
SORTED = "the rows do not stand sorted by class"
UNKNOWN = "it is known whom a pre-trained model was fitted on"
MEMORY = "fitting a fold again gives the same predictions"
TOGETHER = "a person's prediction does not depend on who is judged beside them"
IMPLAUSIBLE = "no feature that alone tells the classes better than a measurement can"
REPEAT = "the result is no better than its own repeats"


@dataclass(frozen=True)
class Check:
    """One numbered question.

    means: the verdict where something is found; "noted" leaves the verdict as it is. refused: whether a run that
    shows it is not started, unless protocol.leak says that it is meant. leak: what protocol.leak plants it.
    """

    number: str
    name: str
    means: Meaning
    refused: bool = False
    leak: str | None = None


CHECKS = (
    Check("NF001", DIVIDED, "leaky", refused=True, leak="frame_split"),
    Check("NF002", IDENTICAL, "suspect", leak="recording_twice"),
    Check("NF003", NEAR, "suspect", leak="person_twice"),
    Check("NF004", FITTED, "leaky", refused=True, leak="person_in_detector"),
    Check("NF005", NORMALISED, "suspect", leak="scale_before_split"),
    Check("NF006", SELECTED, "suspect", leak="select_before_split"),
    Check("NF007", AUGMENTED, "suspect", leak="augment_before_split"),
    Check("NF008", CHOSEN, "leaky", refused=True, leak="test_epoch"),
    Check("NF009", THRESHOLD, "suspect", leak="threshold_on_test"),
    Check("NF010", ENCODING, "suspect", leak="label_in_features"),
    Check("NF011", ORDER, "suspect", leak="row_number"),
    Check("NF012", SORTED, "noted"),
    Check("NF013", UNKNOWN, "noted"),
    Check("NF014", MEMORY, "suspect", leak="memory"),
    Check("NF015", TOGETHER, "suspect", leak="scale_on_test"),
    Check("NF016", REPEAT, "suspect", leak="best_seed"),
    Check("NF017", IMPLAUSIBLE, "suspect", leak="noisy_label"),
)
NUMBER = {check.name: check.number for check in CHECKS}
MEANS = {check.name: check.means for check in CHECKS}
LEAKS = tuple(check.leak for check in CHECKS if check.leak)  # what protocol.leak plants


def verdict_of(found: list[str]) -> str:
    """The worst of what these checks mean: "leaky", "suspect" or "clean". found: names of checks."""
    meanings = {MEANS.get(name, "suspect") for name in found}
    return next((word for word in ("leaky", "suspect") if word in meanings), "clean")
