"""Measures of asymmetry maps: how much lights up, on which side, in which region; and what they say over people.

Maps and pictures are of upright, centred faces, unmirrored: the person's left is the right half of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from neuroface.classifiers.palsy_attention import REGIONS
from neuroface.evaluate.statistics import student_reach, wilson

WHOLE = "face"
CONFIDENCE = 0.95
# What is told of each class: column of `measures`, and its name for people.
MEASURES = {
    "exchange_mean": "steps of class that other-side tiles take away: mean of the exchange map",
    "asymmetry_mean": "what the network lights up inside: mean of its asymmetry map, 0..1",
    "picture_asymmetry": "the picture alone, without the network: mean |left - mirrored right|, 0..1",
}


def of_pictures(pictures: np.ndarray) -> np.ndarray:
    """(n,) mean |left - mirrored right| of pictures (n, S, S, C) uint8, as a share of the full range, 0..1.

    The asymmetry score of the public palsy adaptation of HTNet. It knows nothing of the network: light from one side
    counts as much as a drooping mouth.
    """
    values = pictures.astype(np.float32) / 255
    return np.abs(values - values[:, :, ::-1]).mean(axis=(1, 2, 3))


def lean(maps: np.ndarray) -> np.ndarray:
    """(n,) where maps (n, S, S), >= 0, light up: -1 all on the person's right, 1 all on the left, 0 alike or dark."""
    left = _half(maps.shape[-1])
    return _contrast((maps * left).sum(axis=(1, 2)), (maps * left[::-1]).sum(axis=(1, 2)))


def region_light(maps: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of maps (n, S, S) inside masks (n, R, S, S), on the person's left and right: (n, R) each, NaN if empty.

    A mean, because a drooping side may cover more pixels.
    """
    left = _half(maps.shape[-1])
    sides = []
    for half in (left, left[::-1]):
        weight = masks * half
        count = weight.sum(axis=(2, 3))
        total = np.einsum("nhw,nrhw->nr", maps, weight)
        sides.append(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))
    return sides[0], sides[1]


def measures(maps: Mapping[str, np.ndarray], pictures: np.ndarray, masks: np.ndarray | None) -> pd.DataFrame:
    """One row per picture: picture_asymmetry and, of each map, its mean and lean_face; with masks the light and lean of
    each region, too. maps: name -> (n, S, S) over the face."""
    found: dict[str, np.ndarray] = {"picture_asymmetry": of_pictures(pictures)}
    for name, light in maps.items():
        found |= {f"{name}_mean": light.mean(axis=(1, 2)), f"{name}_lean_{WHOLE}": lean(light)}
        if masks is not None:
            left, right = region_light(light, masks)
            leans = _contrast(left, right)
            found |= {f"{name}_light_{region}": (left + right)[:, r] / 2 for r, region in enumerate(REGIONS)}
            found |= {f"{name}_lean_{region}": leans[:, r] for r, region in enumerate(REGIONS)}
    return pd.DataFrame(found)


def by_class(table: pd.DataFrame, column: str, classes: Sequence[str]) -> pd.DataFrame:
    """Samples (n, mean, sd, min, max) and people (n, mean of their means, Student's interval of it) of each class.

    sd and the interval are NaN for a single one.
    """
    return pd.DataFrame([_of_class(table[table["y"] == name], column, name) for name in classes])


def sides(table: pd.DataFrame) -> pd.DataFrame:
    """How often maps light up the affected side: rows map, region, hits, people, share, low, high (Wilson).

    table: rows subject, side ("left", "right", "" where not known), <map>_lean_<region>. A person's lean is the mean
    over their samples; one that is exactly 0 is a miss. Chance is .5. Empty where no side is known.
    """
    known = table[table["side"].isin(["left", "right"])]
    rows = []
    for column in [name for name in map(str, known.columns) if "_lean_" in name]:
        towards = known[column] * np.where(known["side"] == "left", 1, -1)
        of_people = towards.groupby(known["subject"]).mean().dropna()
        hits, people = int((of_people > 0).sum()), len(of_people)
        if people:
            low, high = wilson(hits, people)
            rows.append((*column.split("_lean_"), hits, people, hits / people, low, high))
    return pd.DataFrame(rows, columns=["map", "region", "hits", "people", "share", "low", "high"])


def _of_class(rows: pd.DataFrame, column: str, name: str) -> dict[str, float | int | str]:
    values, people = rows[column], rows.groupby("subject")[column].mean()
    low, high = _interval(people.to_numpy())
    return {
        "class": name,
        "samples": len(values),
        "mean": values.mean(),
        "sd": values.std(ddof=1),
        "min": values.min(),
        "max": values.max(),
        "people": len(people),
        "mean_of_people": people.mean(),
        "low": low,
        "high": high,
    }


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Student's interval of a mean; NaN below two values."""
    if len(values) < 2:
        return float("nan"), float("nan")
    reach = float(student_reach(values, confidence=CONFIDENCE))
    return float(values.mean() - reach), float(values.mean() + reach)


def _half(size: int) -> np.ndarray:
    """(S,) 1 on the person's left, 0 on the right; the middle column of an odd size belongs to neither."""
    return (np.arange(size) >= (size + 1) // 2).astype(np.float32)


def _contrast(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(left - right) / (left + right), 0 where both are 0."""
    total = left + right
    return np.divide(left - right, total, out=np.where(np.isnan(total), np.nan, 0.0), where=total > 0)


def report(tables: Mapping[str, pd.DataFrame], sides: pd.DataFrame, *, where: str) -> str:
    """asymmetry_report.txt: `by_class` of each measure, and `sides`."""
    lines = [
        f"Asymmetry by class, {where}",
        "Research software, not a medical device: these numbers describe pictures and a network, not a patient.",
        "Every person is seen by the network that was fitted without them.",
    ]
    for measure, table in tables.items():
        lines += ["", MEASURES[measure], f"{'class':<12} samples  mean    sd      min     max     people  mean [95 %]"]
        lines += [_line(row) for _, row in table.iterrows()]
    lines += ["", "How often the side that lights up is the affected one; over people, chance is .5"]
    if not len(sides):
        lines.append("not known: the cohort does not tell the affected side")
    for row in sides.itertuples():
        share = f"{row.hits}/{row.people}"
        lines.append(f"{row.map:<10} {row.region:<9} {share:<8} {row.share:.2f} [{row.low:.2f}, {row.high:.2f}]")
    return "\n".join(lines) + "\n"


def _line(row: pd.Series) -> str:
    spread = "".join(f"{row[key]:<8.4f}" for key in ("mean", "sd", "min", "max"))
    interval = f"{row['mean_of_people']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"
    return f"{row['class']:<12} {row['samples']:<8} {spread}{row['people']:<7} {interval}".replace("nan", "-")
