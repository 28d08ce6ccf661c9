"""What a published number, ours with its leak and ours without it say of each other."""

from __future__ import annotations

import pytest

from neuroface.errors import ConfigError
from neuroface.report.both_ways import Score, verdict
from neuroface.report.exports_latex import latex
from neuroface.report.published import systems


def score(value: float, low: float = 0.5, high: float = 0.9) -> Score:
    return Score(value, low, high, 22, "clean")


@pytest.mark.parametrize(
    ("published", "leaky", "honest", "words"),
    [
        (0.95, score(0.97), score(0.80), "published lies above our honest interval; the leak adds +0.17 here"),
        (0.85, score(0.80), score(0.80), "published lies within our honest interval; the leak adds nothing here"),
        (0.40, score(0.75), score(0.80), "published lies below our honest interval; the leak adds -0.05 here"),
        (0.85, score(0.9), score(0.8, float("nan"), float("nan")), "the leak adds +0.10 here; ours has no interval"),
        (0.85, None, score(0.8), "not finished"),
    ],
)
def test_a_verdict_in_words(published, leaky, honest, words):
    assert verdict(published, leaky, honest) == words


def test_every_system_has_its_source_its_leak_and_two_ways():
    assert {"guarin", "neuronet", "htnet", "causalnet", "palsy", "emoface", "rare_disease"} <= set(systems.available())
    for name in systems.available():
        system = systems.load(name)
        assert all((system.source, system.protocol, system.leaks, system.rows))
        for row in system.rows:
            assert 0 < row.published <= 1
            assert any(word.startswith("protocol.leak=") for word in row.as_published)
            assert not any("protocol.leak" in word for word in row.words)


def test_causalnet_as_printed():
    found = {row.score[2]: row.published for row in systems.load("causalnet").rows}
    assert found == {"UF1": 0.8976, "UAR": 0.9020}


def test_a_missing_number_and_a_wrong_name(monkeypatch):
    with pytest.raises(ConfigError, match=r"No published system called 'htnett'\. Did you mean 'htnet'\?"):
        systems.load("htnett")
    monkeypatch.setattr("yaml.safe_load", lambda text: {"rows": [{"what": "x", "published": None}]})
    with pytest.raises(ConfigError, match=r"systems/htnet\.yaml, x: published is None; it must be a number\."):
        systems.load("htnet")


def test_latex_escapes_and_sets_numbers_to_the_right():
    import pandas as pd

    text = latex(pd.DataFrame({"a_b": ["5 % & $x$"], "n": [3]}))
    assert text.splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"a b & n \\",
        r"\midrule",
        r"5 \% \& \$x\$ & 3 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
