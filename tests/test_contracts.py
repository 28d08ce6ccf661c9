"""The contract suite over every option that exists, and proof that it catches what it is there to catch."""

from __future__ import annotations

import sys
import textwrap

import numpy as np
import pytest

from checks import give_memory_back
from neuroface import contracts
from neuroface.configuration.compose import groups, options
from neuroface.configuration.search_path import hydra_context
from neuroface.configuration.tree import config_dir
from neuroface.verbs.check import check_option

with hydra_context():
    OPTIONS = [(group, name) for group in groups() for name in options(group)]


SLOW = {
    *("c3d", "hybrid", "multimodal", "r2plus1d", "r3d18"),  # each trains a network on clips, in up to two minutes
    "region_ensemble",  # and seven of them on pictures
    "neuronet",  # its 25 cells are composed
}
CASES = [pytest.param(g, n, id=f"{g}={n}", marks=[pytest.mark.slow] if n in SLOW else []) for g, n in OPTIONS]


@pytest.fixture(autouse=True)
def _memory_given_back_after_each():
    """One option may be a network of many millions of numbers; the next must not find them still there."""
    yield
    give_memory_back()


@pytest.mark.parametrize(("group", "name"), CASES)
def test_option_keeps_its_contract(group, name):
    results = list(check_option(group, name))
    assert results
    assert {part: problems for part, problems in results if problems} == {}


FILES = sorted(config_dir().glob("*/**/*.yaml"))


def test_every_yaml_of_a_group_is_checked():
    assert {f"{group}/{name}.yaml" for group, name in OPTIONS} == {
        file.relative_to(config_dir()).as_posix() for file in FILES
    }


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        (
            "loss/flat.yaml",
            "_target_: neuroface.landmarks.losses.mse\n_partial_: true\npower: 2\n",
            "key 'power' is no",
        ),
        ("view/wide.yaml", "_target_: neuroface.views.flow.Flow\nsize: 0\n", "argument 'kinds' of Flow stands in no"),
        ("finetune/none.yaml", "_target_: neuroface.landmarks.finetune.FineTune\nparts: all\n", "argument 'loss' of"),
        ("size/tiny.yaml", "name: tiny\n", "lacks the key 'people' of size=ci"),
        (
            "experiment/mine.yaml",
            "# @package _global_\ncells: [{classifier: dummy}, {classifier: forrest}]\n",
            "cell forrest: classifier=forrest: there is no such option. Did you mean 'forest'?",
        ),
    ],
    ids=["loss", "view", "finetune", "size", "experiment"],
)
def test_a_flawed_option_of_any_group_is_caught(tmp_path, file, text, complaint):
    group, name = file.removesuffix(".yaml").split("/")
    (tmp_path / group).mkdir()
    (tmp_path / file).write_text(text)
    found = [problem for _, problems in check_option(group, name, (str(tmp_path),)) for problem in problems]
    assert any(complaint in problem for problem in found), found


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_every_choice_explains_itself_in_a_line(file):
    first = next(line for line in file.read_text().splitlines() if "@package" not in line)
    assert first.startswith("# ")


def flawed(**changes):
    def feature(landmarks, **_):
        """A feature."""
        return {"x.width_mm": float(np.ptp(landmarks.points[:, 48, 0]))} | changes

    return feature


@pytest.mark.parametrize(
    ("feature", "complaint"),
    [
        (flawed(**{"Width": 1.0}), "'Width' is not family.quantity_unit in lower case"),
        (flawed(**{"x.flag": True and "yes"}), "x.flag is 'yes', not a number"),
        (flawed(**{"x.constant": 1.0}), "must give NaN when every landmark is missing"),
        (flawed(), "changes when the face is mirrored"),
        (lambda landmarks: {"x.w": float(np.nanmean(landmarks.points))}, "has no docstring"),
    ],
)
def test_a_flawed_feature_is_caught(feature, complaint):
    problems = contracts.check_feature("x.width", feature)
    assert any(complaint in problem for problem in problems), problems


def test_a_feature_that_scales_wrongly_is_caught():
    def area_named_as_length(landmarks):
        """An area."""
        return {"x.area_mm": float(np.nanstd(landmarks.points) ** 2)}

    assert "x.area_mm does not scale as its unit mm says" in contracts.check_feature("x.area", area_named_as_length)


def test_a_splitter_that_parts_a_person_is_caught():
    from sklearn.model_selection import KFold

    assert any("on both sides of a fold" in p for p in contracts.check_splitter(KFold(5)))


def test_a_feature_that_raises_is_a_finding():
    def strict(landmarks):
        """Width."""
        if np.isnan(landmarks.points).any():
            raise ValueError("NaN is not welcome\nat all")
        return {"x.width_mm": 1.0}

    assert contracts.check_feature("x.width", strict) == [
        "raises ValueError given landmarks that are all missing: NaN is not welcome"
    ]


def test_a_classifier_that_cannot_take_missing_values_is_a_finding():
    from sklearn.neighbors import KNeighborsClassifier

    [problem] = contracts.check_classifier(KNeighborsClassifier())
    assert problem.startswith("raises ValueError given made-up rows of the view table: Input X contains NaN.")


def test_a_splitter_and_a_cohort_that_raise_are_findings():
    class Broken:
        def split(self, X, y, groups):
            raise RuntimeError

        def recordings(self, **_):
            raise KeyError("index.csv")

    assert contracts.check_splitter(Broken()) == [
        "raises RuntimeError given 32 people of two groups, three samples each: it says no more"
    ]
    assert contracts.check_cohort(Broken()) == ["raises KeyError: 'index.csv'"]


def test_a_cohort_that_yields_nothing_for_its_own_group_is_a_finding():
    from neuroface.cohorts.synthetic import SyntheticCohort

    class Deaf(SyntheticCohort):
        def recordings(self, groups=None, tasks=None):
            return super().recordings() if groups is None else iter(())

    people = {"HC": 1, "ALS": 1, "PS": 1}
    problems = contracts.check_cohort(Deaf(people=people, tasks=["OPEN"]))
    assert problems == ["yields another recording first when asked for its group and task only"]


def test_a_third_party_feature_is_listed_checked_and_used(tmp_path, monkeypatch, capsys):
    """One .py, one .yaml and one entry point: nothing else is needed."""
    install_plugin(tmp_path, monkeypatch)
    from neuroface.verbs import check
    from neuroface.verbs import list as list_verb

    list_verb.run(["features"])
    assert "How far the eyes close." in capsys.readouterr().out
    check.run(["features=blink"])
    assert "BROKEN" not in capsys.readouterr().out

    from neuroface.verbs import features

    out = tmp_path / "f.csv"
    features.run(["features=[blink,rom]", "cohort.people={HC: 1, ALS: 1, PS: 1}", "cohort.tasks=[OPEN]", f"out={out}"])
    header = out.read_text().splitlines()[0].split(",")
    assert "blink.eye_closure_mm" in header
    assert "rom.mouth_opening_mm" in header


def install_plugin(folder, monkeypatch):
    """A package `nf_blink` with metadata, as pip would leave it on the path."""
    package = folder / "nf_blink"
    (package / "configs" / "features").mkdir(parents=True)
    for place in (package, package / "configs"):
        (place / "__init__.py").write_text("")
    (package / "eyes.py").write_text(
        textwrap.dedent(
            '''
            import numpy as np
            from neuroface import face, geometry, signals

            def eye_closure(landmarks):
                """Range of the mean lid aperture within one repetition."""
                pairs = (*face.EYELIDS_RIGHT, *face.EYELIDS_LEFT)
                aperture = sum(geometry.distance(landmarks.points, a, b) for a, b in pairs) / len(pairs)
                return {f"blink.eye_closure_{landmarks.unit}": signals.extent(aperture)}
            '''
        )
    )
    (package / "configs" / "features" / "blink.yaml").write_text(
        "# How far the eyes close.\n"
        "blink:\n  eye_closure:\n    _target_: nf_blink.eyes.eye_closure\n    _partial_: true\n"
    )
    information = folder / "nf_blink-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: nf-blink\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[neuroface.configs]\nnf_blink = nf_blink.configs\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "nf_blink", raising=False)
