"""From words to a configuration: wrong names, loose folders, broken files."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from neuroface.configuration.compose import compose, instantiate, quoted
from neuroface.errors import ConfigError
from neuroface.types import Recording
from neuroface.verbs import check
from neuroface.verbs import list as list_verb


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """A folder with one feature of its own, as somebody keeps beside a paper."""
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "mine.yaml").write_text(
        "# Mouth width, once more.\nmine:\n  width:\n"
        "    _target_: neuroface.features.rom.mouth_width\n    _partial_: true\n    robust: false\n"
    )
    return tmp_path


@pytest.mark.parametrize("choice", ["[rim]", "rim"])
def test_a_wrong_option_of_a_list_gets_the_nearest(choice):
    with pytest.raises(ConfigError) as caught:
        compose("train", [f"features={choice}"])
    assert str(caught.value) == "features=rim: there is no such option. Did you mean 'rom'?"


@pytest.mark.parametrize("words", [["quality=null"], ["~quality"], ["experiment=emoface", "quality=null"]])
def test_a_step_that_may_be_left_out(words):
    config, choices = compose("train", words)
    assert config.quality is None
    assert "quality" not in choices


def test_no_experiment_is_the_default():
    assert compose("train", ["experiment=null"]) == compose("train", [])


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lift=null", "lift=null: there is no such option. Choose from depth, none."),
        ("split=5", "split=5: there is no such option. Choose from "),
    ],
)
def test_an_option_that_is_no_name(word, message):
    with pytest.raises(ConfigError) as caught:
        compose("train", [word])
    assert str(caught.value).startswith(message)


def test_an_option_of_a_loose_folder_is_composed_listed_and_checked(loose, capsys):
    words = [f"hydra.searchpath=[{loose}]"]
    config, choices = compose("train", [*words, "features=[mine]"])
    assert choices["features"] == ["mine"]
    assert "mine" in config.features
    list_verb.run([*words, "features"])
    assert "Mouth width, once more." in capsys.readouterr().out
    check.run([*words, "features=mine"])
    assert capsys.readouterr().out.splitlines() == ["ok     features=mine keys", "ok     features=mine mine.width"]


def test_a_loose_folder_is_forgotten_afterwards(loose, capsys):
    list_verb.run([f"hydra.searchpath=[{loose}]", "features"])
    list_verb.run(["features"])
    assert capsys.readouterr().out.count("mine.width") == 1


def test_a_wrong_name_near_an_option_of_a_loose_folder(loose):
    with pytest.raises(ConfigError, match="Did you mean 'mine'"):
        compose("train", [f"hydra.searchpath=[{loose}]", "features=[mien]"])


def test_a_loose_folder_that_is_not_there():
    with pytest.raises(ConfigError, match=r"^hydra\.searchpath names no/such, which is no folder\.$"):
        compose("train", ["hydra.searchpath=[no/such]"])


@pytest.mark.parametrize("run", [lambda words: compose("train", ["features=[oops]", *words]), list_verb.run])
def test_yaml_that_cannot_be_read_is_named(run, loose):
    file = loose / "features" / "oops.yaml"
    file.write_text("a: [1\nb: }")
    words = [f"hydra.searchpath=[{loose}]"]
    with pytest.raises(ConfigError) as caught:
        run([*words, "features"] if run is list_verb.run else words)
    assert str(caught.value).startswith(f"{file}, line 2: this is no YAML")


def test_each_value_of_a_sweep_is_quoted_by_itself():
    assert quoted("cohort.path=a*.csv,b.csv", each=True) == "cohort.path='a*.csv',b.csv"
    assert quoted("cohort.path=a*.csv,b.csv") == "cohort.path='a*.csv,b.csv'"
    assert quoted("seed=range(1,4)", each=True) == "seed=range(1,4)"


def test_instantiate_names_the_key_of_a_nested_value():
    config, _ = compose("train", ["quality.gate.max_yaw_deg=wide"])
    with pytest.raises(ConfigError) as caught:
        instantiate(config.quality, "quality")
    assert str(caught.value) == "quality.gate.max_yaw_deg is 'wide'; a number is wanted (default 30.0)."


def test_an_even_median_is_refused():
    from checks import face_opening

    config, _ = compose("train", ["landmarks.median_frames=4"])
    with pytest.raises(ConfigError, match=r"^landmarks\.median_frames is 4; an odd number is wanted, 1 for no"):
        instantiate(config.landmarks, "landmarks")(Recording("N1", "HC", "OPEN", face_opening(from_mm=4, to_mm=30)))


def test_an_option_that_includes_another_is_the_one_chosen():
    """Or experiment=guarin_as_published would run in the folder of experiment=guarin."""
    choices = compose("train", ["experiment=guarin_as_published"])[1]
    assert (choices["experiment"], choices["cohort"]) == ("guarin_as_published", "rendered")


def test_every_argument_of_an_estimator_is_a_key_without_a_plus():
    config, _ = compose("train", ["classifier.estimator.max_depth=3", "classifier.estimator.n_estimators=7"])
    assert (config.classifier.estimator.max_depth, config.classifier.estimator.n_estimators) == (3, 7)
    config, _ = compose("train", ["classifier=gradient_boosting", "classifier.estimator.subsample=0.5"])
    assert config.classifier.estimator.subsample == 0.5


def test_a_mistyped_argument_is_told_with_those_of_the_signature():
    with pytest.raises(
        ConfigError, match=r"no key 'classifier.estimator.max_dept'. Did you mean .*estimator.max_depth'"
    ):
        compose("train", ["classifier.estimator.max_dept=3"])


def test_a_loose_folder_may_hold_the_code_beside_its_options(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "features").mkdir()
    node = "loose_lip:\n  opening:\n    _target_: loose_lip_of_a_test.opening\n    _partial_: true\n"
    (tmp_path / "features" / "loose_lip.yaml").write_text(node)
    (tmp_path / "loose_lip_of_a_test.py").write_text("def opening(landmarks):\n    return {'loose.lip_mm': 1.0}\n")
    config, _ = compose("train", [f"hydra.searchpath=[{tmp_path}]", "features=[loose_lip]"])
    assert instantiate(config.features, "features")["loose_lip"]["opening"](None) == {"loose.lip_mm": 1.0}


def test_a_feature_is_called_without_asking_hydra_again():
    """hydra's own partials look at every loaded module in each call, which takes longer than most features do."""
    config, _ = compose("train", ["features=[rom]"])
    features = instantiate(config.features, "features")
    kinds = {type(feature) for family in features.values() for feature in family.values()}
    assert kinds == {functools.partial}


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["cohort=synthetic_palsy", "cohort.people={HB1: 5, HB6: 5}"], "cohort.people"),
        (["cohort=synthetic", "size.people={HB1: 5, HB6: 5}"], "cohort.people"),
        (["protocol=palsy_three", "protocol.merge={HB1: 5, HB6: 5}"], "protocol.merge"),
        (["cohort=points", "++cohort.map={HB1: 5, HB6: 5}", "cohort.root=."], "cohort.map"),
    ],
)
def test_a_mapping_of_data_takes_the_place_of_the_one_before(words, key):
    config, _ = compose("train", words)
    assert OmegaConf.select(config, key) == {"HB1": 5, "HB6": 5}


def test_a_mapping_of_data_inside_another_is_refused():
    with pytest.raises(ConfigError, match=r"give size\.people as a word of its own, size\.people=\{\.\.\.\}"):
        compose("train", ["size={people: {HC: 5, ALS: 5}}"])


def test_some_keys_of_a_node_leave_the_others():
    config, _ = compose("train", ["classifier=htnet_palsy", "classifier.view={size: 28}"])
    view = config.classifier.view
    assert (view["size"], view["part"], view["regions"]) == (28, "inner", False)
