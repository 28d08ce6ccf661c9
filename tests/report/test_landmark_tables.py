"""Table III, gaps and distributions: arithmetic, the paper's numbers, and what is missing said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.errors import DataError
from neuroface.landmarks import comparison, metrics
from neuroface.report import landmark_tables, page_tables, published

DEFINITION = metrics.definition()
# SEEDS G7, G8 (Guarin et al.): mean, sd before; mean, sd after; better by %; t; SMD.
TABLE_III = {
    "HC": (7.4, 1.4, 4.7, 0.7, 36.5, 32.6, 2.0),
    "PS": (7.7, 1.6, 6.2, 1.7, 19.5, 14.1, 0.9),
    "ALS": (7.9, 2.5, 5.7, 1.1, 27.2, 20.1, 1.0),
}
GAPS = {  # t, SMD before; t, SMD after
    "PS": (-4.5, 0.2, -14.1, 1.1),
    "ALS": (-7.3, 0.3, -14.5, 1.0),
}


def clinic() -> dict[str, np.ndarray]:
    """Errors of 3 HC, 2 PS and 4 ALS people with 50 frames each, fractions; HC improves by .03, the others by .02."""
    rng = np.random.default_rng(0)
    groups = np.repeat(["HC", "PS", "ALS"], [3, 2, 4])
    subjects = np.array([f"{group}{i}" for i, group in enumerate(groups)])
    before = np.repeat(rng.normal(0.08, 0.005, 9), 50) + rng.normal(0, 0.01, 450)
    group = np.repeat(groups, 50)
    after = before - np.where(group == "HC", 0.03, 0.02) + rng.normal(0, 0.001, 450)
    return {"errors_before": before, "errors_after": after, "group": group, "subject": np.repeat(subjects, 50)}


def test_table_iii_is_arithmetic_in_percent():
    of = clinic()
    table = landmark_tables.table_iii(**of, definition=DEFINITION).set_index("group")
    assert list(table.index) == ["HC", "PS", "ALS"]
    assert list(table["people"]) == [3, 2, 4]
    for name, row in table.iterrows():
        before, after = (100 * of[key][of["group"] == name] for key in ("errors_before", "errors_after"))
        assert (row["before_mean"], row["before_sd"]) == pytest.approx((before.mean(), before.std(ddof=1)))
        assert (row["after_mean"], row["after_sd"]) == pytest.approx((after.mean(), after.std(ddof=1)))
        assert row["improvement_percent"] == pytest.approx(100 * (1 - after.mean() / before.mean()))
        assert row["frames_t"] == pytest.approx(comparison.as_published(before, after).t)
        assert row["person_change"] == pytest.approx(-3 if name == "HC" else -2, abs=0.1)
        assert row["person_low"] < row["person_change"] < row["person_high"]
    assert set(table["definition"]) == {DEFINITION}
    assert set(table["unit"]) == {"%"}


def test_frames_without_a_face_are_counted_and_the_same_frames_are_compared():
    of = clinic()
    of["errors_before"][:10] = np.nan
    of["errors_after"][5:12] = np.nan
    row = landmark_tables.table_iii(**of, definition=DEFINITION).iloc[0]
    assert (row["frames"], row["no_face_before"], row["no_face_after"]) == (150, 10, 7)
    assert row["before_mean"] == pytest.approx(100 * of["errors_before"][12:150].mean())
    assert row["after_mean"] == pytest.approx(100 * of["errors_after"][12:150].mean())


def test_the_papers_table_iii_stands_beside():
    of = clinic()
    table = landmark_tables.table_iii(**of, definition=DEFINITION, published="guarin")
    columns = [c for c in table if c.startswith("paper_")]
    assert {row["group"]: tuple(row[c] for c in columns) for row in table.to_dict("records")} == TABLE_III
    gaps = landmark_tables.gaps(**of, definition=DEFINITION, published="guarin")
    columns = ["paper_frames_t", "paper_frames_smd"]
    for group, values in GAPS.items():
        rows = gaps[gaps["group"] == group].set_index("when")
        assert (*rows.loc["before", columns], *rows.loc["after", columns]) == values
        assert rows.loc["change", columns].isna().all()


def test_the_papers_own_numbers_agree_with_each_other():
    """Printed improvements follow from the printed means within their rounding (.05 each)."""
    for before, _, after, _, better, _, _ in TABLE_III.values():
        bounds = [100 * (1 - (after + sign * 0.05) / (before - sign * 0.05)) for sign in (1, -1)]
        assert bounds[0] < better < bounds[1]


def test_a_paper_with_another_error_is_not_shown_beside():
    definition = metrics.definition("interocular")
    table = landmark_tables.table_iii(**clinic(), definition=definition, published="guarin")
    assert not [c for c in table if c.startswith("paper")]
    assert landmark_tables.notes(definition, "guarin")[-2] == (
        f"Guarin et al. is not shown beside these numbers: its error is another one. {DEFINITION}"
    )
    told = landmark_tables.notes(DEFINITION, published.load("guarin"))
    assert told[0] == f"Error: {DEFINITION}"
    assert "Frames of 3 HC, 2 PS and 4 ALS people, counted as independent" in told[-2]


def test_gaps_of_a_network_that_helps_the_healthy_most_grow():
    table = landmark_tables.gaps(**clinic(), definition=DEFINITION)
    assert list(table["group"]) == ["PS"] * 3 + ["ALS"] * 3
    assert list(table["when"]) == ["before", "after", "change"] * 2
    change = table[table["when"] == "change"]
    assert change["gap"].to_numpy() == pytest.approx([1, 1], abs=0.1)  # .03 - .02, in percent
    assert (change["low"] > 0).all()
    assert change["frames_t"].isna().all()
    of = clinic()
    hc, ps = (100 * of["errors_after"][of["group"] == name] for name in ("HC", "PS"))
    assert table.loc[1, "frames_t"] == pytest.approx(comparison.as_published(hc, ps).t)


def test_distributions_count_frames_without_a_face_as_failures():
    errors = np.array([0.02, 0.04, 0.3, np.nan])
    table = landmark_tables.distributions({"net": errors}, ["HC"] * 3 + ["PS"], definition=DEFINITION)
    assert list(table["group"]) == ["HC", "PS", "all"]
    assert list(table["no_face"]) == [0, 1, 1]
    assert list(table["failure_rate"]) == pytest.approx([1 / 3, 1, 1 / 2])
    assert list(table["area"]) == pytest.approx([(0.8 + 0.6) / 3, 0, (0.8 + 0.6) / 4], abs=1e-3)
    assert list(table["median"]) == pytest.approx([4, np.inf, (4 + 30) / 2])
    shown = landmark_tables.shown_distributions(table)
    assert shown.iloc[1].tolist() == ["PS", "net", "1", "1", "–", "0.000", "100.0 %"]


def test_pixels_stay_pixels():
    table = landmark_tables.table_iii(**clinic(), definition=metrics.definition("none"), unit="px")
    assert table["before_mean"].to_numpy() == pytest.approx([0.08] * 3, abs=0.01)
    assert "before, px" in landmark_tables.shown_table_iii(table)


def test_tables_in_words():
    of = clinic()
    table = landmark_tables.table_iii(**of, definition=DEFINITION, published="guarin")
    row = landmark_tables.shown_table_iii(table).iloc[1]
    assert row["no face"] == "0 → 0"
    assert row["before, %"] == f"{table.loc[1, 'before_mean']:.2f} ± {table.loc[1, 'before_sd']:.2f}"
    assert row["p (t; signs)"].endswith("; 0.500")  # two people: 2 / 2^2
    assert row["paper after"] == "6.20 ± 1.70"
    assert row["paper over frames"] == "t = 14.1, SMD 0.9"
    gaps = landmark_tables.shown_gaps(landmark_tables.gaps(**of, definition=DEFINITION, published="guarin"))
    assert gaps["gap"].unique().tolist() == ["PS − HC", "ALS − HC"]
    assert gaps["over frames"].str.startswith(("t = ", "–")).all()
    assert gaps.loc[1, "paper over frames"] == "t = −14.1, SMD 1.1"
    page = page_tables.shown(gaps)
    assert page is not None
    assert len(page.rows) == 6


def test_a_table_survives_csv(tmp_path):
    table = landmark_tables.table_iii(**clinic(), definition=DEFINITION, published="guarin")
    table.to_csv(tmp_path / "table_iii.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table_iii.csv"), table)


def test_networks_scored_on_different_frames_are_refused():
    of = clinic() | {"errors_after": np.zeros(3)}
    with pytest.raises(DataError, match=r"450 errors before, 3 after: score both networks on the same frames\."):
        landmark_tables.table_iii(**of, definition=DEFINITION)
