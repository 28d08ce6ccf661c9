from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from neuroface.evaluate import statistics
from neuroface.evaluate.scores import summarise
from neuroface.evaluate.tournament import Tournament, auc_within_folds, is_tournament, judged

PEOPLE = {"a": "HC", "b": "HC", "c": "ALS", "d": "ALS"}


def meetings(score_of, *, repetitions: int = 1, tasks=("OPEN",), threshold: float = 0.5) -> pd.DataFrame:
    """predictions.csv of a tournament; score_of(person, opponent, repetition, task) is the ALS probability."""
    rows = []
    for a, b in itertools.combinations(PEOPLE, 2):
        for person, other in ((a, b), (b, a)):
            for task, k in itertools.product(tasks, range(repetitions)):
                p = score_of(person, other, k, task)
                who = {"sample": f"{person}/{task}/{k}", "subject": person, "group": PEOPLE[person], "task": task}
                numbers = {"p_HC": 1 - p, "p_ALS": p, "threshold": threshold}
                rows.append(who | {"repetition": k, "fold": f"{a}+{b}", "y": PEOPLE[person]} | numbers)
    return pd.DataFrame(rows)


def test_a_score_is_the_share_of_opponents_beaten():
    strength = {"a": 0.1, "b": 0.6, "c": 0.4, "d": 0.9}
    found = judged(meetings(lambda person, *_: strength[person]), ["HC", "ALS"]).set_index("subject")
    assert found["p_ALS"].to_dict() == pytest.approx({"a": 0, "b": 2 / 3, "c": 1 / 3, "d": 1})
    assert found["p_HC"].to_dict() == pytest.approx({"a": 1, "b": 1 / 3, "c": 2 / 3, "d": 0})


def test_what_a_fold_adds_to_both_of_its_people_changes_nothing():
    """A fold's own class shares move all of its scores; only people of one fold are compared."""
    strength = {"a": 0.1, "b": 0.3, "c": 0.2, "d": 0.4}
    moved = {frozenset(pair): k / 10 for k, pair in enumerate(itertools.combinations(PEOPLE, 2))}
    plain = judged(meetings(lambda person, *_: strength[person]), ["HC", "ALS"])
    shifted = judged(meetings(lambda p, other, *_: strength[p] + moved[frozenset((p, other))]), ["HC", "ALS"])
    assert shifted["p_ALS"].tolist() == plain["p_ALS"].tolist()


def test_a_draw_is_half_a_win():
    found = judged(meetings(lambda *_: 0.3), ["HC", "ALS"])
    assert found["p_ALS"].tolist() == [0.5] * 4


def test_repetitions_of_a_person_play_as_one():
    """c's two repetitions have the mean .5 and beat a and b (.4), though one of them lies below."""
    scores = {"a": (0.4, 0.4), "b": (0.4, 0.4), "c": (0.2, 0.8), "d": (0.1, 0.1)}
    found = judged(meetings(lambda person, _, k, __: scores[person][k], repetitions=2), ["HC", "ALS"])
    assert len(found) == 8
    assert found.groupby("subject")["p_ALS"].first().to_dict() == pytest.approx({"a": 0.5, "b": 0.5, "c": 1, "d": 0})


def test_decisions_are_those_of_the_mean_probability_against_the_mean_threshold():
    strength = {"a": 0.1, "b": 0.6, "c": 0.4, "d": 0.9}
    found = judged(meetings(lambda person, *_: strength[person], threshold=0.35), ["HC", "ALS"])
    called = dict(zip(found["subject"], found["p_ALS"] >= found["threshold"], strict=True))
    assert called == {person: p >= 0.35 for person, p in strength.items()}


def test_who_alone_did_a_task_met_nobody_in_it():
    table = meetings(lambda person, *_: "abcd".index(person) / 10, tasks=("OPEN", "BLOW"))
    table = table[(table["task"] == "OPEN") | (table["subject"] == "d")]
    found = judged(table, ["HC", "ALS"])
    assert set(found["task"]) == {"OPEN"}
    assert found["p_ALS"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_a_tournament_is_told_from_other_splits():
    table = meetings(lambda *_: 0.5)
    fold, subject = table["fold"].to_numpy(str), table["subject"].to_numpy(str)
    assert is_tournament(fold, subject)
    assert not is_tournament(fold[2:], subject[2:])  # a meeting is missing
    assert not is_tournament(np.array(["x", *fold[1:]]), subject)  # somebody alone
    assert not is_tournament(subject, subject)  # leave one out


def test_several_folds_that_are_no_tournament_are_averaged():
    table = meetings(lambda person, other, *_: {"a": 0.1, "b": 0.6, "c": 0.4, "d": 0.9}[other], tasks=("OPEN",))
    table = table[table["fold"] != "a+b"]
    found = judged(table, ["HC", "ALS"]).set_index("subject")
    assert found.loc["a", "p_ALS"] == pytest.approx((0.4 + 0.9) / 2)
    assert found.index.is_unique


def test_shares_against_a_count_by_hand():
    rng = np.random.default_rng(0)
    table = meetings(lambda *_: rng.random(), repetitions=2)
    met = Tournament(*(table[name].to_numpy(str) for name in ("fold", "subject", "task")))
    found = dict(zip(table["subject"], met.shares(table["p_ALS"].to_numpy()), strict=True))
    means = table.groupby(["fold", "subject"])["p_ALS"].mean()
    for person in PEOPLE:
        wins = [means[f][person] > means[f].drop(person).item() for f in means.index.levels[0] if person in means[f]]
        assert found[person] == pytest.approx(np.mean(wins))


def test_pairs_of_one_fold_are_all_pairs_of_a_tournament_and_the_score_says_so():
    rng = np.random.default_rng(1)
    table = meetings(lambda *_: rng.random())
    pairs = [(f, PEOPLE[f[0]] != PEOPLE[f[2]]) for f in table["fold"].unique()]
    right = [
        (rows := table[table["fold"] == f]).loc[rows["y"] == "ALS", "p_ALS"].item()
        > rows.loc[rows["y"] == "HC", "p_ALS"].item()
        for f, across in pairs
        if across
    ]
    assert auc_within_folds(table, "ALS") == (pytest.approx(np.mean(right)), 4)
    scores = summarise(table, None, classes=("HC", "ALS"), n_bootstrap=10)["subject"]
    one_each = judged(table, ["HC", "ALS"])
    assert scores["auc"] == statistics.auc(one_each["p_ALS"].to_numpy(), (one_each["y"] == "ALS").to_numpy())
    assert scores["auc_within_folds"] == pytest.approx(np.mean(right))
    assert scores["pairs_within_folds"] == 4


def test_leave_one_out_has_no_pair_within_a_fold():
    table = meetings(lambda *_: 0.5).drop_duplicates("subject").assign(fold=list("abcd"))
    assert auc_within_folds(table, "ALS") is None
