import pytest

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
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
