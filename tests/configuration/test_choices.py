"""What is left to the machine stands in the configuration of a run before it begins."""

from __future__ import annotations

from neuroface import model_files
from neuroface.configuration.compose import compose
from neuroface.configuration.identity import science


def test_the_choice_is_settled_and_a_part_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    words = ["cohort=videos", f"cohort.root={tmp_path}"]
    without = compose("train", words)[0]
    assert without.landmarks.choice.startswith("bundled ")
    assert without.landmarks.detector.choice == "haar"
    monkeypatch.setattr(model_files, "is_there", lambda name: name in ("mesh", "full_range"))
    with_mesh = compose("train", words)[0]
    assert with_mesh.landmarks.choice == "mesh 1055cb9d4a9c"
    assert with_mesh.landmarks.detector.choice == "full_range"
    assert science(without)["landmarks"] != science(with_mesh)["landmarks"]
    kept = compose("train", [*words, f"landmarks.choice='{without.landmarks.choice}'"])[0]
    assert kept.landmarks.choice == without.landmarks.choice
