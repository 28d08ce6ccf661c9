from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

pytest.importorskip("matplotlib")

from neuroface.errors import DataError
from neuroface.report import html

MakeRun = Callable[..., Path]
FIGURES = {
    "binary": {"subject_scores", "roc", "null", "confusion", "effect_sizes", "flow"},
    "three_way": {"subject_probabilities", "roc", "null", "confusion", "effect_sizes", "flow"},
    "within": {"per_person", "roc", "null", "flow"},
}
VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Collects images and loaded addresses, and checks that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.loaded: list[str | None] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.loaded += [found["src"]] if "src" in found else []
        if tag == "img":
            self.images.append(found)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(page: Path) -> str:
    words = re.sub(r"<style>.*?</style>|data:image[^\"]*|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"\s+", " ", words)


@pytest.mark.parametrize("kind", FIGURES)
def test_page_is_one_well_formed_file_that_needs_nothing_else(make_run: MakeRun, kind: str) -> None:
    path = html.render(make_run(kind))
    page = Page(path.read_text(encoding="utf-8"))
    assert path.name == "report.html"
    assert page.open == []
    assert not page.tags & {"script", "link", "iframe"}
    assert all(str(source).startswith("data:image/png;base64,") for source in page.loaded)
    assert len(page.images) == len(FIGURES[kind])
    assert all(len(str(image["alt"])) > 10 for image in page.images)


@pytest.mark.parametrize("kind", FIGURES)
def test_figures_and_tables_stand_beside_the_page(make_run: MakeRun, kind: str) -> None:
    report = html.render(make_run(kind)).parent
    more = {"confusion_matrix"} if kind == "three_way" else set()  # by the name that the palsy system uses
    assert {path.stem for path in report.glob("*.png")} == FIGURES[kind] | more
    tables = {path.stem for path in report.glob("*.csv")}
    assert {"scores", "people", "features", "audit"} <= tables
    assert ("per_person" if kind == "within" else "subjects") in tables
    page = (report / "report.html").read_text(encoding="utf-8")
    embedded = base64.b64encode((report / "roc.png").read_bytes()).decode()
    assert embedded in page
    assert not list(report.glob("*.partial"))


def test_page_answers_first_and_says_what_it_is(make_run: MakeRun) -> None:
    text = text_of(html.render(make_run(permutations=499), published="guarin"))
    assert text.index("Synthetic data.") < text.index("told ALS from HC with a subject AUC") < text.index("Scores")
    for sentence in (
        "Research software, not a medical device: nothing here is a diagnosis or should guide care.",
        "Intervals are conditional on the fitted folds",
        "Why the null mean need not be .5",
        "Nobody and nothing was left out.",
        "paper (fine-tuned FAN, real patients)",
        "at least 27 of the 36 classified subjects",
        "they are not a replication",
        "Leakage audit: clean",
        "neuroface train cohort=synthetic",
        "Not checked: kinship.",
        "effect: 1.0",
        "numpy 2.4.6",
        "41.3 s",
    ):
        assert sentence in text


def test_recorded_people_have_no_synthetic_banner(make_run: MakeRun) -> None:
    assert "Synthetic data." not in text_of(html.render(make_run(synthetic=False)))


def test_suspect_audit_is_told_at_the_top(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "audit.json").write_text(json.dumps({"verdict": "suspect", "checks": {"no sample twice": "found"}}))
    text = text_of(html.render(folder))
    assert text.index("The leakage audit is suspect.") < text.index("Scores")


def test_names_from_the_data_are_escaped(make_run: MakeRun) -> None:
    folder = make_run()
    cohort = json.loads((folder / "cohort.json").read_text())
    cohort |= {"description": "<script>alert(1)</script>", "left_out": [{"what": "<b>A006</b>", "why": "no depth"}]}
    (folder / "cohort.json").write_text(json.dumps(cohort))
    page = html.render(folder).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;b&gt;A006&lt;/b&gt;" in page


def test_rendering_again_gives_the_same_bytes(make_run: MakeRun) -> None:
    folder = make_run()
    first = html.render(folder).read_bytes()
    assert html.render(folder).read_bytes() == first


def test_a_run_with_only_what_is_needed_has_a_page(make_run: MakeRun) -> None:
    folder = make_run(permutations=0)
    for name in ("samples.csv", "cohort.json", "audit.json", "splits.json"):
        (folder / name).unlink()
    scores = json.loads((folder / "scores.json").read_text())
    scores["subject"] = {"auc": scores["subject"]["auc"]}
    (folder / "scores.json").write_text(json.dumps(scores | {"repetition": {}}))
    text = text_of(html.render(folder))
    assert "No permutation null was run, so nothing is said about chance." in text
    assert "No audit stands in this run folder." in text
    assert "Age, sex and other possible confounders of these people are not known to this run." in text


def test_scores_of_other_classes_than_the_predictions_are_refused(make_run: MakeRun) -> None:
    folder = make_run()
    scores = json.loads((folder / "scores.json").read_text())
    (folder / "scores.json").write_text(json.dumps(scores | {"classes": ["HC", "PS"]}))
    with pytest.raises(DataError, match=r"has no column p_PS, but scores\.json names the classes HC, PS"):
        html.render(folder)


def test_a_broken_file_is_named(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "scores.json").write_text("{")
    with pytest.raises(DataError, match=r"scores\.json cannot be read"):
        html.render(folder)


@pytest.mark.parametrize(("vector", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_figures_as_vectors_for_a_paper(make_run: MakeRun, vector: str, start: bytes) -> None:
    folder = make_run("binary")
    html.render(folder, vector=vector)
    files = sorted((folder / "report").glob(f"*.{vector}"))
    assert {file.stem for file in files} == FIGURES["binary"]
    before = [file.read_bytes() for file in files]
    assert all(content.startswith(start) for content in before)
    html.render(folder, vector=vector)
    assert [file.read_bytes() for file in files] == before


def test_scores_stand_in_rows_so_that_the_table_fits_a_page(make_run: MakeRun) -> None:
    from neuroface.report import page_tables, run

    shown = page_tables.scores(run.read(make_run("binary")), None)
    assert shown.columns[1] == "this run"
    assert [row[0] for row in shown.rows][:3] == ["AUC", "sensitivity", "specificity"]
    assert all(row[1] for row in shown.rows)  # what this run does not have is no row
    assert len(shown.columns) <= 6


@pytest.mark.parametrize(("kind", "one"), [("binary", True), ("three_way", False)])
def test_two_classes_have_one_table_of_features(make_run: MakeRun, kind: str, one: bool) -> None:
    from neuroface.report import page_tables, run

    assert (page_tables.effects(run.read(make_run(kind))) is None) == one


def test_labels_made_wrong_on_purpose_are_told_at_the_top(make_run: MakeRun) -> None:
    folder = make_run("binary")
    assert "wrong on purpose" not in text_of(html.render(folder))
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["classifier"] = {"label_noise": 0.2}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert "20 % of the rows learnt from were given another class" in text_of(html.render(folder))


def test_figures_as_pdf_and_svg_beside_png(make_run: MakeRun) -> None:
    report = html.render(make_run("binary"), vector="both").parent
    assert {path.stem for path in report.glob("*.pdf")} == FIGURES["binary"]
    assert {path.stem for path in report.glob("*.svg")} == FIGURES["binary"]
    assert (report / "roc.pdf").read_bytes().startswith(b"%PDF")
