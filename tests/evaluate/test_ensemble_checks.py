"""What an ensemble may not take together silently."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
import yaml

from neuroface.classifiers.least_squares import Ridge
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate import engine
from neuroface.evaluate.ensemble import combine
from neuroface.evaluate.ensemble_checks import members_of, unequal_kinds
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder, digest_of
from neuroface.evaluate.splits import Loso
from neuroface.types import Samples

from .test_ensemble import guesses, knows, of_task, write_run
from .test_over_tasks import OVER, cohort

RIDGE = {"classifier": {"_target_": "ridge"}, "protocol": {"task": "OPEN"}}


def known_as(folder, config, *, people=None, **facts):
    """The run folder with the config of such a run, and what is known of its people."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    digest = facts.pop("digest", digest_of(config))
    (folder / "run.json").write_text(json.dumps({"digest": digest, "status": "done", "wall_s": 0.0, **facts}))
    if people:
        rows = [f"{who},{who[:-1]},{age}" for who, age in people.items()]
        (folder / "people.csv").write_text("\n".join(["subject,group,age", *rows]) + "\n")
    return folder


def trained(path, samples: Samples, task: str):
    protocol = replace(OVER, task=task)
    rows = samples if task in ("all", None) else samples[samples.meta["task"] == task]
    with RunFolder(path).open({"protocol": {"task": task}}) as folder:
        engine.run(plan(rows, Ridge(), Loso(), protocol=protocol), folder)
    return path


def test_a_task_that_is_in_two_of_the_runs_is_refused(tmp_path):
    """All tasks beside one of them; and all of them twice counts each alike."""
    samples = cohort(4, shift=1.0)
    over, open_, spread, kiss, alike = (
        trained(tmp_path / str(task), samples, task) for task in ("all", "OPEN", "SPREAD", "KISS", None)
    )
    for runs in ([over, open_], [open_, over], [alike, open_], [over, open_, spread]):
        for method in ("mean", "stack"):
            with pytest.raises(DataError, match=r"Task OPEN is in 2 of these runs .*, task (KISS|SPREAD) in 1"):
                combine(runs, method=method)
    for runs in ([over, open_, spread, kiss], [over, alike], [alike, kiss, open_, spread]):
        found, weights = combine(runs)
        assert found["subject"].is_unique
        assert sorted(found["task"].iloc[0].split("+")) == ["KISS", "OPEN", "SPREAD"]
        assert all(len(of) == len(runs) for of in weights.values())


def test_runs_of_one_task_beside_one_of_another_are_put_together_first(tmp_path):
    a, b = write_run(tmp_path / "a", knows), write_run(tmp_path / "b", guesses)
    c = of_task(write_run(tmp_path / "c", guesses), "SPREAD")
    told = "Task OPEN is in 2 of these runs"
    with pytest.raises(DataError, match=told):
        combine([a, b, c])
    assert combine([a, c])[0]["task"].unique().tolist() == ["OPEN+SPREAD"]


@pytest.mark.parametrize("members", [{}, {"members": ["one", "two"]}])
def test_a_copy_and_an_ensemble_that_has_the_run_in_it_are_refused(tmp_path, members):
    a = known_as(write_run(tmp_path / "a", knows), RIDGE, digest="one")
    config = {"protocol": {}, "ensemble": {"runs": ["one", "two"]}} if members else RIDGE
    b = known_as(write_run(tmp_path / "b", guesses), config, digest="three" if members else "one", **members)
    with pytest.raises(ConfigError, match=r"it would count twice\. Name each run once"):
        combine([a, b])
    assert members_of(b) == (["one", "two"] if members else ["one"])


@pytest.mark.parametrize(
    ("mine", "theirs", "told"),
    [
        ({}, {"residualise": ["age"]}, 'protocol.residualise is ["age"] there, null here'),
        ({"match": ["age"]}, {"match": None}, 'protocol.match is null there, ["age"] here'),
        ({}, {"stages": {"cut": 3}}, 'protocol.stages is {"cut": 3} there, null here'),
        ({"balance": True}, {"balance": False}, "protocol.balance is false there, true here"),
    ],
)
def test_runs_of_other_questions_are_refused(tmp_path, mine, theirs, told):
    runs = [known_as(write_run(tmp_path / name, knows), {"protocol": of}) for name, of in (("a", mine), ("b", theirs))]
    with pytest.raises(DataError, match=re.escape(told)):
        combine(runs)


def test_words_that_change_no_question_go_together(tmp_path):
    """[] is none, older runs say less, and slopes of controls mean nothing where nothing is taken out."""
    other = {"residualise": [], "match": None, "permutations": 3, "residualise_from": "controls", "task": "OPEN"}
    runs = [known_as(write_run(tmp_path / name, knows), {"protocol": of}) for name, of in (("a", {}), ("b", other))]
    assert len(combine(runs)[0]) == 8


def test_people_of_the_same_names_who_are_others_are_refused(tmp_path):
    ages = {"HC0": "61", "ALS0": "55.0"}
    a = known_as(write_run(tmp_path / "a", knows), {"seed": 0}, people=ages)
    b = known_as(write_run(tmp_path / "b", guesses), {"seed": 1}, people={**ages, "HC0": "61.0", "ALS0": ""})
    assert len(combine([a, b])[0]) == 8
    known_as(b, {"seed": 1}, people={**ages, "ALS0": "43"})
    with pytest.raises(DataError, match=r"ALS0 has age 55\.0 in one, 43 in the other"):
        combine([a, b])
    for run, seed in ((a, 0), (b, 1)):
        known_as(run, {"cohort": {"_target_": "clinic", "seed": seed}}, people=ages)
    with pytest.raises(DataError, match=r"two synthetic clinics \(cohort.seed=0 and 1\)"):
        combine([a, b])


def test_another_class_of_the_same_person_is_told(tmp_path):
    a, b = write_run(tmp_path / "a", knows), write_run(tmp_path / "b", guesses)
    file = b / "predictions.csv"
    file.write_text(file.read_text().replace(",0,HC0,HC,", ",0,HC0,ALS,", 1))
    with pytest.raises(DataError, match=r"know other classes of 1 samples, such as HC0/0: HC in one, ALS in the other"):
        combine([a, b])


def test_a_kind_of_classifier_that_outnumbers_another_is_told(tmp_path):
    other = {**RIDGE, "classifier": {"_target_": "forest"}}
    runs = [
        known_as(write_run(tmp_path / name, knows), {**config, "seed": i})
        for i, (name, config) in enumerate((("a", RIDGE), ("b", RIDGE), ("c", other)))
    ]
    assert "together they weigh 2 of 3 in the mean" in unequal_kinds(runs)
    assert unequal_kinds(runs[:2]) == unequal_kinds(runs[1:]) == ""
