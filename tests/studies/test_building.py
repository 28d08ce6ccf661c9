import pytest

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError
from neuroface.studies.building import build_samples, build_steps


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
