import pytest

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, DataError
from neuroface.studies.building import build_protocol, build_samples, build_steps


def test_an_unknown_view_is_named():
    config, _ = compose("train", ["classifier.view=tabel"])
    with pytest.raises(ConfigError, match=r"^classifier.view=tabel: there is no such view. Did you mean 'table'\?$"):
        build_samples(config, None)


@pytest.mark.parametrize(
    ("words", "device"),
    [
        (["landmarks=fan"], "cuda:1"),
        (["landmarks=face_alignment"], "cuda:1"),
        (["landmarks=fan", "landmarks.device=cpu"], "cpu"),
        (["landmarks=fan", "landmarks.engine=openvino"], "auto"),  # which runs on a CPU only
    ],
)
def test_landmarks_are_found_where_the_run_is_executed(words, device):
    if "landmarks.engine=openvino" in words:
        pytest.importorskip("openvino")
    config, _ = compose("train", [*words, "execution.device=cuda:1"])
    assert build_steps(config).landmarks.device == device


def test_pixels_are_scaled_unless_the_key_says_no():
    assert build_steps(compose("train", ["pixel_scale=intercanthal"])[0]).pixel_scale == "intercanthal"
    assert build_steps(compose("train", [])[0]).pixel_scale is None


def test_stages_are_classes_and_what_is_known_of_people_is_told_of_each_stage():
    words = [
        "protocol=als_stages",
        "cohort.people={HC: 2, ALS: 6}",
        "cohort.tasks=[BBP]",
        "cohort.repetitions={BBP: 1}",
    ]
    config, _ = compose("train", words)
    samples, summary = build_samples(config, build_protocol(config))
    severity = {who: facts["severity"] for who, facts in summary.facts.items()}
    assert set(samples.y) == {"HC", "early", "late"}
    told = zip(samples.subject, samples.y, strict=True)
    assert all(label == "HC" or (label == "late") == (severity[who] > 0.5) for who, label in told)
    assert set(summary.attributes["age"]) == {"HC", "early", "late"}


def _one_label(tmp_path, *words):
    """A table of eight people who all have ALS, with a speaking rate; asked with the words."""
    rows = [f"P{i},ALS,{100 + 20 * i},{50 + i % 4},{i}.5" for i in range(8)]
    (tmp_path / "t.csv").write_text("\n".join(["subject,group,rate,age,f_a", *rows]))
    table = ["cohort=table", f"cohort.path={tmp_path / 't.csv'}", "cohort.features=f_*", "cohort.age=age"]
    config, _ = compose("train", [*table, "cohort.target=rate", "protocol.task=null", *words])
    return build_samples(config, build_protocol(config))[0]


STAGED = [
    "protocol.classes=[early,late]",
    "protocol.stages={group: ALS, column: rate, cut: 165, low: late, high: early}",
]


def test_stages_of_a_table_and_a_number_of_it_need_one_label_only(tmp_path):
    samples = _one_label(tmp_path, *STAGED)
    late = {f"P{i}" for i in range(8) if 100 + 20 * i <= 165}
    assert {who: y == "late" for who, y in zip(samples.subject, samples.y, strict=True)} == {
        f"P{i}": f"P{i}" in late for i in range(8)
    }
    number = ["protocol=severity", "protocol.column=rate", "classifier=ridge_regressor"]
    assert len(_one_label(tmp_path, *number)) == len(_one_label(tmp_path, *number, "protocol.groups=[ALS]")) == 8
    with pytest.raises(DataError, match="two classes are needed"):
        _one_label(tmp_path)


def test_people_of_two_stages_are_paired_as_those_of_two_groups(tmp_path):
    samples = _one_label(tmp_path, *STAGED, "protocol.match=[age]")
    assert sorted(samples.y) == ["early"] * 4 + ["late"] * 4


def test_a_stage_by_what_the_table_does_not_tell_names_that_key(tmp_path):
    with pytest.raises(ConfigError, match=r"^protocol\.stages\.column=pace: the cohort does not tell it"):
        _one_label(tmp_path, STAGED[0], STAGED[1].replace("rate", "pace"))
