from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from neuroface.errors import ConfigError, DataError, RunMismatchError
from neuroface.evaluate.run_folder import RunFolder, digest_of

CONFIG = {"protocol": {"classes": ["HC", "ALS"], "task": "OPEN"}, "classifier": {"n_estimators": 100}, "seed": 0}


def finish(folder: RunFolder) -> None:
    folder.write_text("predictions.csv", "sample\n")
    for name in ("scores.json", "splits.json", "audit.json"):
        folder.write_json(name, {})
    folder.update(status="done")


def test_a_finished_run_is_recognised_and_continues_under_the_same_science(tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert not folder.is_done(CONFIG)
    with folder.open(CONFIG, device="cpu") as run:
        assert not run.is_done(CONFIG)
        assert run.facts["status"] == "running"
        finish(run)
    assert folder.is_done(CONFIG)
    assert folder.is_done({key: CONFIG[key] for key in reversed(CONFIG)})
    assert folder.facts["device"] == "cpu"
    assert folder.facts["versions"]["python"] == sys.version.split()[0]
    assert yaml.safe_load((folder.path / "config.yaml").read_text()) == CONFIG


@pytest.mark.parametrize("name", ["predictions.csv", "scores.json", "splits.json", "audit.json", "config.yaml"])
def test_a_run_one_of_whose_files_was_deleted_is_not_done(tmp_path, name):
    with RunFolder(tmp_path).open(CONFIG) as run:
        finish(run)
    assert RunFolder(tmp_path).is_done(CONFIG)
    (tmp_path / name).unlink()
    assert not RunFolder(tmp_path).is_done(CONFIG)


@pytest.mark.parametrize("earlier", [None, {"seed": 5}], ids=["new", "other science"])
def test_a_kill_between_run_json_and_config_yaml_is_made_good(tmp_path, monkeypatch, earlier):
    if earlier:
        with RunFolder(tmp_path).open(earlier):
            pass

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_text", lambda self, name, text: self.write_bytes(name, text.encode())
                      if name == "run.json" else killed())  # fmt: skip
        with pytest.raises(KeyboardInterrupt):
            RunFolder(tmp_path).open(CONFIG).__enter__()
    assert RunFolder(tmp_path).facts["digest"] == digest_of(CONFIG)
    with RunFolder(tmp_path).open(CONFIG):
        pass
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == CONFIG


def test_a_damaged_run_json_says_what_to_do(tmp_path):
    with RunFolder(tmp_path).open(CONFIG):
        pass
    text = (tmp_path / "run.json").read_text()
    (tmp_path / "run.json").write_text(text[:20])
    for attempt in (RunFolder(tmp_path).is_done, lambda config: RunFolder(tmp_path).open(config).__enter__()):
        with pytest.raises(DataError) as error:
            attempt(CONFIG)
        assert str(error.value).startswith(f"{tmp_path / 'run.json'} cannot be read: ")
        assert str(error.value).endswith(f". Restore it from a copy, or delete {tmp_path} and start again.")


def test_a_damaged_config_is_told_where_it_is_needed_and_made_good_where_it_is_not(tmp_path):
    with RunFolder(tmp_path).open(CONFIG) as run:
        run.write_text("folds/A001.csv", "sample\n")
    (tmp_path / "config.yaml").write_text("seed: [0")
    with pytest.raises(DataError, match=r"config\.yaml cannot be read: .*\. Delete it and give the run's own train"):
        RunFolder(tmp_path).is_done({"seed": 1})
    with RunFolder(tmp_path).open(CONFIG):
        pass
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == CONFIG


def test_a_run_without_a_finished_fold_may_become_another(tmp_path):
    with RunFolder(tmp_path).open(CONFIG):
        pass
    with RunFolder(tmp_path).open({"seed": 5}) as run:
        assert not run.is_done({"seed": 5})
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == {"seed": 5}


def test_other_science_is_refused_naming_each_difference(tmp_path):
    with RunFolder(tmp_path).open(CONFIG) as run:
        run.write_text("folds/A001.csv", "sample\n")
    protocol = {"classes": ["HC", "PS"], "task": "OPEN"}
    other = {"protocol": protocol, "classifier": {"n_estimators": 500}, "split": "loso"}
    expected = (
        f'Run folder {tmp_path} holds other science: protocol.classes is ["HC", "ALS"] there, ["HC", "PS"] here; '
        "classifier.n_estimators is 100 there, 500 here; seed is 0 there, (absent) here; "
        f'split is (absent) there, "loso" here. Choose another run=, or delete {tmp_path} to start again.'
    )
    for attempt in (RunFolder(tmp_path).is_done, lambda config: RunFolder(tmp_path).open(config).__enter__()):
        with pytest.raises(RunMismatchError) as error:
            attempt(other)
        assert str(error.value) == expected
    assert error.value.exit_code == 2


def test_a_folder_that_is_no_run_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError) as error, RunFolder(tmp_path).open(CONFIG):
        pass
    assert str(error.value) == (
        f"{tmp_path} is not a run folder: it holds thesis.tex but no run.json. Nothing was changed. "
        "Choose another run=."
    )
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_config_that_cannot_be_written_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ConfigError, match=r"cohort\.root is .* \(PosixPath\); a run's config holds plain values only"):
        RunFolder(tmp_path / "run").open({"cohort": {"root": tmp_path}}).__enter__()
    assert not (tmp_path / "run").exists()


def test_an_error_leaves_the_run_incomplete_and_time_adds_up(tmp_path):
    def interrupted():
        with RunFolder(tmp_path).open(CONFIG):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert RunFolder(tmp_path).facts["status"] == "incomplete"
    RunFolder(tmp_path).update(wall_s=100.0)
    with RunFolder(tmp_path).open(CONFIG):
        pass
    assert 100 <= RunFolder(tmp_path).facts["wall_s"] < 160


def test_half_written_files_of_a_killed_run_are_removed(tmp_path):
    with RunFolder(tmp_path).open(CONFIG):
        (tmp_path / "folds").mkdir()
        (tmp_path / "folds" / ".S01.csv.tmp").write_text("sample,sub")
    with RunFolder(tmp_path).open(CONFIG):
        assert not list(tmp_path.glob("folds/.*"))


def test_two_processes_cannot_write_the_same_run(tmp_path):
    script = (
        "import sys; from neuroface.evaluate.run_folder import RunFolder\n"
        "with RunFolder(sys.argv[1]).open({'a': 1}): print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(ConfigError, match=f"is being written by process {holder.pid} on .*choose another run="):
        RunFolder(tmp_path).open({"a": 1}).__enter__()
    with pytest.raises(ConfigError, match=f"is being written by process {holder.pid} on "):
        RunFolder(tmp_path).locked().__enter__()
    holder.kill()
    holder.wait()
    with RunFolder(tmp_path).open({"a": 1}) as run:  # the lock went with its process
        assert run.facts["status"] == "running"


def test_a_lock_alone_changes_nothing(tmp_path):
    with RunFolder(tmp_path).open(CONFIG) as run:
        finish(run)
    before = (tmp_path / "run.json").read_bytes()
    with RunFolder(tmp_path).locked() as run:
        run.write_json("scores.json", {"n": 1})
    assert (tmp_path / "run.json").read_bytes() == before
    assert RunFolder(tmp_path).is_done(CONFIG)


def test_digest_is_the_hash_of_canonical_json():
    assert digest_of({"b": 1, "a": [1, 2]}) == digest_of({"a": (1, 2), "b": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


def test_recognising_a_finished_run_imports_nothing_heavy():
    code = "import sys, json, neuroface.evaluate.run_folder; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not {"numpy", "pandas", "sklearn", "torch", "hydra", "omegaconf", "joblib"} & set(loaded)


def test_what_a_finished_run_wrote_is_known_by_its_sums(tmp_path):
    with RunFolder(tmp_path / "run").open({}) as run:
        for name in ("folds/P1.csv", "models/P1.npz", "predictions.csv", "scores.json"):
            run.write_text(name, "as written")
    assert run.rotten() == []
    assert [file.name for file in (run.path / "models").iterdir()] == ["P1.npz"]  # no sums among what others read
    for name in ("folds/P1.csv", "models/P1.npz", "predictions.csv", "scores.json"):
        (run.path / name).write_text("as wriTten")
    assert run.rotten() == ["folds/P1.csv", "models/P1.npz", "predictions.csv"]
    (run.path / "config.yaml").write_text("seed: 1\n")
    assert run.rotten()[2:] == ["predictions.csv", "config.yaml"]
    run.write_text("config.yaml", "{}\n")
    (run.path / "folds" / ".P1.csv.sha256").unlink()  # as a run of an older version
    assert run.rotten() == ["models/P1.npz", "predictions.csv"]
