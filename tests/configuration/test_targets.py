"""A configuration from elsewhere cannot run what nobody asked for."""

from __future__ import annotations

import sys

import pytest
import yaml
from omegaconf import OmegaConf

from neuroface.configuration.compose import compose, instantiate
from neuroface.configuration.identity import science
from neuroface.configuration.targets import check_targets
from neuroface.errors import ConfigError
from neuroface.studies.finished import run_config

NOT_OURS = [
    "os.system",
    "subprocess.Popen",
    "builtins.eval",
    "hydra.utils.get_method",
    "torch.load",
    "torch.hub.load",
    "torch.utils.cpp_extension.load",
    "numpy.memmap",
    "pandas.read_pickle",
    "joblib.load",
    "sklearn.datasets.fetch_openml",
    "neuroface_evil.run",
]


@pytest.mark.parametrize("target", NOT_OURS)
def test_code_from_elsewhere_is_refused_by_name_wherever_it_stands(target):
    with pytest.raises(ConfigError, match=r"allow_any_target=true") as error:
        compose("train", [f"+classifier.inner={{_target_:{target}}}"])
    assert f"classifier.inner._target_ is {target}" in str(error.value)
    node = {"classifier": {"steps": [["scale", {"_target_": target}]]}}
    with pytest.raises(ConfigError, match=r"classifier\.steps\[0\]\[1\]\._target_ is "):
        check_targets(node)


def test_it_is_called_where_the_user_says_so():
    words = ["+classifier.inner={_target_:collections.OrderedDict}", "allow_any_target=true"]
    config, _ = compose("train", words)
    assert instantiate(config.classifier.inner, "classifier") == {}
    assert "allow_any_target" not in science(config)


@pytest.mark.parametrize(
    "target",
    ["neuroface.fetching.subprocess.run", "neuroface.fetching.subprocess", "sklearn.datasets._base.Path"],
)
def test_a_name_that_passes_through_a_known_package_is_refused(target):
    with pytest.raises(ConfigError, match="is no part of"):
        instantiate(OmegaConf.create({"_target_": target, "_partial_": True}), "classifier")


def test_classes_of_scientific_packages_are_known():
    node = OmegaConf.create(
        {
            "_target_": "sklearn.pipeline.Pipeline",
            "steps": [["net", {"_target_": "sklearn.svm.SVC", "C": 2.0}]],
        }
    )
    check_targets(node)
    assert instantiate(node, "classifier").steps[0][1].C == 2.0


def test_a_finished_run_of_somebody_else_is_checked_too(tmp_path):
    held = {"classifier": {"_target_": "os.system", "command": f"touch {tmp_path}/was_here"}, "protocol": {}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(held))
    (tmp_path / "run.json").write_text('{"digest": "", "status": "done", "wall_s": 0}')
    asked, _ = compose("explain", [f"run={tmp_path}"])
    with pytest.raises(ConfigError, match=r"classifier\._target_ is os\.system"):
        run_config(tmp_path, asked)


def test_only_what_lies_in_a_named_folder_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "nf_targets_near.py").write_text("class Net: pass\n")
    with pytest.raises(ConfigError, match=r"nf_targets_near\.Net"):
        compose("train", ["+classifier.inner={_target_:nf_targets_near.Net}"])
    words = [f"hydra.searchpath=[{tmp_path}]", "+classifier.inner={_target_:nf_targets_near.Net}"]
    config, _ = compose("train", words)
    assert type(instantiate(config.classifier.inner, "classifier")).__name__ == "Net"
    with pytest.raises(ConfigError, match=r"nf_targets_far\.Net"):
        compose("train", [words[0], "+classifier.inner={_target_:nf_targets_far.Net}"])
