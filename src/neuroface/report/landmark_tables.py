"""How good landmarks are, as tables: before and after per group (Table III of Guarin et al.), gaps, distributions.

Data frames of numbers for CSV, each with its unit and the definition of its error; `shown` makes their cells text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from neuroface.errors import DataError
from neuroface.landmarks import comparison, metrics
from neuroface.landmarks.comparison import Names
from neuroface.report import published as papers
from neuroface.report import wording
from neuroface.report.published import Published

PAPER = {"before": "landmarks_pretrained", "after": "landmarks_tuned"}
FRAMES_NOTE = (
    "t, p and SMD over frames count each frame as an independent sample, as the paper does. Frames of one person "
    "resemble each other, so such a p is far too small; the columns over people are the ones to believe."
)
PEOPLE_NOTE = (
    "Over people: mean of each person's own change with its 95 % interval (a bootstrap over people, or Student's t "
    f"below {comparison.BOOTSTRAP_FROM} people), paired t and sign-flip permutation p; with n people the latter cannot "
    "be below 2/2ⁿ."
)
GAP_NOTE = (
    "Gap: mean over people of a group minus that of the reference group, its interval found likewise. A change above 0 "
    "means that the group gained less. t and SMD over frames: reference minus group, as the paper does "
    "(which prints this SMD without its sign)."
)


def table_iii(
    errors_before: np.ndarray,
    errors_after: np.ndarray,
    group: Names,
    subject: Names,
    *,
    definition: str,
    unit: str = "%",
    published: Published | str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per group: errors before and after, change over frames as published and over people, and the paper's.

    errors_before, errors_after: (N,) of the same frames, fractions of the normaliser (px where unit is "px"), NaN
    without a face; group, subject: (N,) names. definition, unit: from `landmarks.metrics`. Only frames with a face in
    both are compared; no_face_before and no_face_after count the others. person_change is after - before, below 0 where
    landmarks got better; t and smd are before - after, as the paper's. published: a paper or its name; its columns
    are added where its error is the same one.
    """
    before, after, both = _same_frames(errors_before, errors_after, unit)
    groups, subjects = np.asarray(group), np.asarray(subject)
    was = comparison.by_group(np.where(both, before, np.nan), groups, subjects)
    now = comparison.by_group(np.where(both, after, np.nan), groups, subjects)
    paper = _comparable(published, definition)
    rows = []
    for first, last in zip(was, now, strict=True):
        of = groups == first["group"]
        frames = comparison.as_published(before[of & both], after[of & both])
        people = comparison.by_person(after[of], before[of], subjects[of], seed=seed)
        row = {
            "group": first["group"],
            "people": first["people"],
            "frames": first["frames"],
            "no_face_before": metrics.n_without_face(before[of]),
            "no_face_after": metrics.n_without_face(after[of]),
            "before_mean": first["mean"],
            "before_sd": first["sd"],
            "after_mean": last["mean"],
            "after_sd": last["sd"],
            "improvement_percent": 100 * (first["mean"] - last["mean"]) / first["mean"],
            "frames_t": frames.t,
            "frames_p": frames.p,
            "frames_smd": frames.smd,
            "person_change": people.difference,
            "person_low": people.low,
            "person_high": people.high,
            "person_interval": people.interval,
            "person_p": people.p,
            "person_p_sign_flip": people.p_sign_flip,
        }
        rows.append(row | _paper_change(paper, first["group"]))
    return pd.DataFrame(rows).assign(unit=unit, definition=definition)


def gaps(
    errors_before: np.ndarray,
    errors_after: np.ndarray,
    group: Names,
    subject: Names,
    *,
    definition: str,
    unit: str = "%",
    reference: str = "HC",
    published: Published | str | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per group but the reference, and time: how much larger its error is, and how the gap changed.

    Arguments as `table_iii`. Rows have when ("before", "after", "change"), gap, low, high over people, and t, p, smd
    over frames (reference - group), which a change does not have.
    """
    before, after, both = _same_frames(errors_before, errors_after, unit)
    groups = np.asarray(group)
    found = comparison.gap_change(before, after, groups, subject, reference=reference, seed=seed)
    paper = _comparable(published, definition)
    rows = []
    for of_group in zip(*found.values(), strict=True):
        for when, gap in zip(found, of_group, strict=True):
            row = {"when": when, "reference": reference, **gap}
            if when in PAPER:
                errors = before if when == "before" else after
                apart = comparison.as_published(
                    errors[both & (groups == reference)], errors[both & (groups == gap["group"])]
                )
                row |= {"frames_t": apart.t, "frames_p": apart.p, "frames_smd": apart.smd}
                row |= _paper_gap(paper, gap["group"], when, reference)
            rows.append(row)
    return pd.DataFrame(rows).assign(unit=unit, definition=definition)


def distributions(
    named: Mapping[str, np.ndarray], group: Names, *, definition: str, unit: str = "%", limit: float = 0.1
) -> pd.DataFrame:
    """One row per group (and all of them) and network: median error, area under the cumulative curve, failure rate.

    named: network -> (N,) errors of frames, fractions of the normaliser (px where unit is "px"), NaN without a face;
    limit in the same unit. A frame without a face is a failure, lies under no curve, and makes the median larger
    (infinite where more than half have none).
    """
    groups = np.asarray(group)
    chosen = {str(name): groups == name for name in dict.fromkeys(groups.tolist())}
    rows = []
    for name, of in (chosen | {"all": np.ones(len(groups), dtype=bool)}).items():
        for network, errors in named.items():
            values = errors[of]
            rows.append(
                {
                    "group": name,
                    "network": network,
                    "frames": len(values),
                    "no_face": metrics.n_without_face(values),
                    "median": _scaled(float(np.median(np.where(np.isnan(values), np.inf, values))), unit),
                    "area": metrics.area_under(values, limit=limit),
                    "failure_rate": metrics.failure_rate(values, limit=limit),
                    "limit": _scaled(limit, unit),
                }
            )
    return pd.DataFrame(rows).assign(unit=unit, definition=definition)


def notes(definition: str, published: Published | str | None = None) -> list[str]:
    """Sentences below the tables: what the error is, which columns to believe, and what to mind about the paper."""
    sentences = [f"Error: {definition}", FRAMES_NOTE, PEOPLE_NOTE, GAP_NOTE]
    paper = _load(published)
    if paper is not None and _comparable(paper, definition) is None:
        sentences.append(
            f"{paper.title} is not shown beside these numbers: its error is another one. {metrics.definition()}"
        )
    elif paper is not None:
        sentences.append(f"Paper: {paper.source}. {paper.variants[PAPER['after']]['caution']}")
    return [*sentences, wording.NOT_A_DEVICE]


def shown_table_iii(table: pd.DataFrame) -> pd.DataFrame:
    """`table_iii` as text, for a page or the terminal."""
    rows = []
    for row in table.to_dict("records"):
        unit = row["unit"]
        cells = {
            "group": row["group"],
            "people": str(row["people"]),
            "frames": str(row["frames"]),
            "no face": f"{row['no_face_before']} → {row['no_face_after']}",
            f"before, {unit}": _spread(row, "before"),
            f"after, {unit}": _spread(row, "after"),
            "better by": _percent(row["improvement_percent"]),
            "over frames": _over_frames(row),
            f"over people, {unit}": _ends(row["person_change"], row["person_low"], row["person_high"]),
            "p (t; signs)": f"{_bare_p(row['person_p'])}; {_bare_p(row['person_p_sign_flip'])}",
        }
        if "paper_before_mean" in row:
            cells |= {
                "paper before": _spread(row, "paper_before"),
                "paper after": _spread(row, "paper_after"),
                "paper better by": _percent(row["paper_improvement_percent"]),
                "paper over frames": _over_frames(row, "paper_"),
            }
        rows.append(cells)
    return pd.DataFrame(rows)


def shown_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """`gaps` as text, for a page or the terminal."""
    rows = []
    for row in table.to_dict("records"):
        cells = {
            "gap": f"{row['group']} − {row['reference']}",
            "when": row["when"],
            "people": f"{row['people']} v {row['people_reference']}",
            f"over people, {row['unit']}": _ends(row["gap"], row["low"], row["high"]),
            "over frames": _over_frames(row),
        }
        if "paper_frames_t" in row:
            cells["paper over frames"] = _over_frames(row, "paper_")
        rows.append(cells)
    return pd.DataFrame(rows)


def shown_distributions(table: pd.DataFrame) -> pd.DataFrame:
    """`distributions` as text, for a page or the terminal."""
    return pd.DataFrame(
        {
            "group": row["group"],
            "network": row["network"],
            "frames": str(row["frames"]),
            "no face": str(row["no_face"]),
            f"median, {row['unit']}": wording.number(row["median"]) if np.isfinite(row["median"]) else wording.NOTHING,
            f"area to {row['limit']:g} {row['unit']}": wording.number(row["area"], 3),
            f"above {row['limit']:g} {row['unit']} or no face": _percent(100 * row["failure_rate"]),
        }
        for row in table.to_dict("records")
    )


def _same_frames(before: np.ndarray, after: np.ndarray, unit: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors before and after in the unit, and in which frames both are known, (N,) each."""
    if np.shape(before) != np.shape(after):
        raise DataError(f"{len(before)} errors before, {len(after)} after: score both networks on the same frames.")
    before, after = _scaled(np.asarray(before, dtype=float), unit), _scaled(np.asarray(after, dtype=float), unit)
    return before, after, np.isfinite(before) & np.isfinite(after)


def _scaled(values: Any, unit: str) -> Any:
    """Fractions as percent, pixels as they are."""
    return 100 * values if unit == "%" else values


def _load(published: Published | str | None) -> Published | None:
    return papers.load(published) if isinstance(published, str) else published


def _comparable(published: Published | str | None, definition: str) -> Published | None:
    """The paper, where its error is the one so defined: root mean square, no jaw, over the intercanthal distance."""
    return _load(published) if definition == metrics.definition() else None


def _value(paper: Published, when: str, group: str, statistic: str) -> float:
    found = paper.value(variant=PAPER[when], group=group, statistic=statistic)
    return float("nan") if found is None else found.value


def _paper_change(paper: Published | None, group: str) -> dict[str, float]:
    if paper is None:
        return {}
    spreads = {f"paper_{when}_{what}": _value(paper, when, group, what) for when in PAPER for what in ("mean", "sd")}
    return spreads | {
        "paper_improvement_percent": _value(paper, "after", group, "improvement_percent"),
        "paper_frames_t": _value(paper, "after", group, "t"),
        "paper_frames_smd": _value(paper, "after", group, "smd"),
    }


def _paper_gap(paper: Published | None, group: str, when: str, reference: str) -> dict[str, float]:
    if paper is None or reference != "HC":
        return {}
    return {f"paper_frames_{what}": _value(paper, when, group, f"hc_{what}") for what in ("t", "smd")}


def _spread(row: Mapping[Any, Any], when: str) -> str:
    if np.isnan(row[f"{when}_mean"]):
        return wording.NOTHING
    return f"{wording.number(row[f'{when}_mean'])} ± {wording.number(row[f'{when}_sd'])}"


def _percent(value: float) -> str:
    return wording.NOTHING if np.isnan(value) else f"{value:.1f} %"


def _over_frames(row: Mapping[Any, Any], prefix: str = "") -> str:
    """t = 32.6, p < 0.001, SMD 2.0; without p for the paper, which prints none of its own."""
    t, smd = row.get(f"{prefix}frames_t", np.nan), row.get(f"{prefix}frames_smd", np.nan)
    if np.isnan(t):
        return wording.NOTHING
    p = "" if prefix else f"{wording.p_value(row['frames_p'])}, "
    return f"t = {wording.number(t, 1)}, {p}SMD {wording.number(smd, 1)}".replace("-", "−")


def _bare_p(p: float) -> str:
    """0.031, or < 0.001."""
    return wording.p_value(p).removeprefix("p ").removeprefix("= ")


def _ends(value: float, low: float, high: float) -> str:
    """+1.20 [+0.30, +2.10], or without an interval where there is none."""
    ends = "" if np.isnan(low) else f" [{wording.signed(low)}, {wording.signed(high)}]"
    return wording.signed(value) + ends
