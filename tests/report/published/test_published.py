from __future__ import annotations

import pytest

from neuroface.errors import ConfigError
from neuroface.report import published
from neuroface.report.run_tables import MEASURES

# SCIENCE: AUC, pre-trained -> tuned.
TABLE = {
    ("ps_vs_hc", "BBP"): (0.60, 0.85),
    ("ps_vs_hc", "OPEN"): (0.60, 0.77),
    ("ps_vs_hc", "SPREAD"): (0.83, 0.92),
    ("als_vs_hc", "BBP"): (0.87, 0.87),
    ("als_vs_hc", "OPEN"): (0.83, 0.95),
    ("als_vs_hc", "SPREAD"): (0.83, 0.95),
}


@pytest.mark.parametrize(("place", "values"), TABLE.items())
def test_the_table_of_guarin(place: tuple[str, str], values: tuple[float, float]) -> None:
    guarin = published.load("guarin")
    where = dict(zip(("protocol", "task"), place, strict=True))
    found = [guarin.value(**where, variant=variant) for variant in ("pretrained", "tuned")]
    assert tuple(value.value for value in found if value) == values


def test_a_value_carries_its_label_its_source_and_its_leak() -> None:
    value = published.load("guarin").value(protocol="als_vs_hc", task="OPEN")
    assert value is not None
    assert value.label == "paper (fine-tuned FAN, real patients)"
    assert value.source.startswith("Guarin et al.")
    assert "at least 27 of the 36 classified subjects" in value.caution


@pytest.mark.parametrize(
    ("name", "where", "metric"),
    [
        ("guarin", {"protocol": "als_vs_hc", "task": "OPEN"}, "auc"),
        ("guarin", {"variant": "landmarks_tuned", "group": "ALS", "statistic": "mean"}, "landmark_error"),
        ("htnet", {"database": "all", "measure": "uf1"}, "macro_f1"),
        ("htnet", {"database": "all", "measure": "uar"}, "balanced_accuracy"),
    ],
)
def test_a_value_says_what_it_measures(name: str, where: dict[str, str], metric: str) -> None:
    value = published.load(name).value(**where)
    assert value is not None
    assert value.metric == metric


def test_what_the_paper_does_not_have_is_none() -> None:
    guarin = published.load("guarin")
    assert guarin.value(protocol="als_vs_hc", task="KISS") is None
    assert guarin.value(task="OPEN") is None


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"No published numbers called 'guarrin'\. Did you mean 'guarin'\?"):
        published.load("guarrin")
    with pytest.raises(ConfigError, match=r"Guarin et al\. has no variant 'tunde'\. Did you mean 'tuned'\?"):
        published.load("guarin").value(variant="tunde", protocol="als_vs_hc", task="OPEN")


@pytest.mark.parametrize("name", published.available())
def test_every_file_has_a_source_and_a_label_and_caution_for_each_variant(name: str) -> None:
    paper = published.load(name)
    assert paper.source
    assert paper.default_variant in paper.variants
    for variant in paper.variants.values():
        assert variant["label"]
        assert variant["caution"]
    assert all(any(key in cell for key in paper.variants) for cell in paper.cells)
    assert {cell.get("metric", paper.metric) for cell in paper.cells} <= {*MEASURES, "landmark_error"}
