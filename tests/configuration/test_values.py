"""Values that are not what is wanted are named with the key, the value and what is wanted."""

from __future__ import annotations

import pytest

from neuroface.configuration.compose import compose
from neuroface.configuration.values import check_types
from neuroface.errors import ConfigError


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("seed=-1", "seed is -1; a whole number of at least 0 is wanted."),
        ("seed=true", "seed is true; a whole number of at least 0 is wanted."),
        ("seed=null", "seed is null; a whole number of at least 0 is wanted."),
        ("seed=1.5", "seed is 1.5; a whole number of at least 0 is wanted."),
        ("cohort.skip_broken=yess", "cohort.skip_broken is 'yess'; true or false is wanted."),
        ("cohort.frontal_only=1", "cohort.frontal_only is 1; true or false is wanted."),
        ("cohort.exclude=true", "cohort.exclude is true; a list of subjects or subject/task is wanted."),
        (
            "execution.n_jobs=0",
            "execution.n_jobs is 0; a whole number other than 0, such as -1 for one process per core, is wanted.",
        ),
        ("execution.save_models=maybe", "execution.save_models is 'maybe'; true or false is wanted."),
        ("execution.tensorboard=null", "execution.tensorboard is null; true or false is wanted."),
    ],
)
def test_a_wrong_value_is_named(word, message):
    with pytest.raises(ConfigError) as caught:
        compose("train", [word])
    assert str(caught.value) == message


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(ConfigError, match=r"^seed is -1; .* cohort\.skip_broken is 'no way'"):
        compose("train", ["seed=-1", "cohort.skip_broken=no way"])


def test_bootstrap_and_overlay_are_checked_too():
    with pytest.raises(ConfigError, match=r"^bootstrap is 0; a whole number of at least 1 is wanted\.$"):
        compose("eval", ["bootstrap=0"])
    with pytest.raises(ConfigError, match=r"^overlay is 'on top'; true or false is wanted\.$"):
        compose("landmarks", ["overlay=on top"])


@pytest.mark.parametrize("verb", ["train", "report", "explain"])
def test_faces_are_shown_or_not(verb):
    with pytest.raises(ConfigError, match=r"^report\.faces is 'maybe'; true or false is wanted\.$"):
        compose(verb, ["report.faces=maybe"])


@pytest.mark.parametrize(
    ("value", "wanted"), [("A006", ["A006"]), ("23", ["23"]), ("[A006,N001/OPEN]", ["A006", "N001/OPEN"]), ("null", [])]
)
def test_one_name_to_leave_out_is_a_list_of_one(value, wanted):
    config, _ = compose("train", [f"cohort.exclude={value}"])
    assert config.cohort.exclude == wanted


SYNTHETIC = "neuroface.cohorts.synthetic.SyntheticCohort"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("effect", "abc", "cohort.effect is 'abc'; a number is wanted (default 1.0)."),
        ("effect", True, "cohort.effect is true; a number is wanted (default 1.0)."),
        ("effect", None, "cohort.effect is null; a number is wanted (default 1.0)."),
        ("seed", 0.5, "cohort.seed is 0.5; a whole number is wanted (default 0)."),
        ("aligned", "yes", "cohort.aligned is 'yes'; true or false is wanted (default false)."),
        ("look", 3, "cohort.look is 3; text is wanted (default 'lab')."),
    ],
)
def test_a_value_of_another_kind_than_the_signature_tells(key, value, message):
    with pytest.raises(ConfigError) as caught:
        check_types({"_target_": SYNTHETIC, key: value}, "cohort")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "value"), [("effect", 1), ("repetitions", None), ("tasks", ["OPEN"]), ("look", "wild")]
)
def test_what_the_signature_allows_passes(key, value):
    check_types({"_target_": SYNTHETIC, key: value}, "cohort")


def test_a_text_where_a_list_or_mapping_is_wanted():
    with pytest.raises(ConfigError, match=r"^cohort\.tasks is 'OPEN'; a list is wanted"):
        check_types({"_target_": SYNTHETIC, "tasks": "OPEN"}, "cohort")
    with pytest.raises(ConfigError, match=r"^cohort\.people is 5; a mapping is wanted"):
        check_types({"_target_": SYNTHETIC, "people": 5}, "cohort")
    with pytest.raises(ConfigError, match=r"^protocol\.classes is 'HC'; a list or null is wanted\.$"):
        check_types({"_target_": "neuroface.evaluate.protocol.Protocol", "classes": "HC"}, "protocol")


def test_optional_numbers_are_checked_by_their_annotation():
    with pytest.raises(ConfigError, match=r"^cohort\.fps is 'fast'; a number or null is wanted \(default null\)\.$"):
        check_types({"_target_": "neuroface.cohorts.videos.VideosCohort", "fps": "fast"}, "cohort")


def test_third_parties_check_their_own():
    check_types({"_target_": "sklearn.svm.SVC", "C": "abc"}, "classifier")
