"""Which question words ask, before anything is read."""

from __future__ import annotations

import pytest

from neuroface.studies.start import with_own_labels
from neuroface.verbs import prepare

FEW = ["cohort.people={HC: 1, ALS: 1}", "cohort.tasks=[OPEN]", "cohort.repetitions={OPEN: 1}"]


@pytest.fixture
def own(tmp_path):
    """Recordings of a control and a patient, as somebody calls them who has never heard of ALS."""
    prepare.run([*FEW, f"out={tmp_path / 'own'}"])
    people = tmp_path / "own" / "participants.tsv"
    people.write_text(people.read_text().replace("\tHC", "\tcontrol").replace("\tALS", "\tpatient"))
    return tmp_path / "own"


def test_ones_own_labels_are_a_question_without_a_protocol_that_says_als(own, capsys):
    words = ["cohort=folder", f"cohort.root={own}"]
    assert with_own_labels(words) == [*words, "protocol=as_labelled"]
    assert "the cohort has control, patient, not HC, ALS: protocol=as_labelled" in capsys.readouterr().err
    named = [*words, "protocol.classes=[control,patient]"]
    assert with_own_labels(named) == [*named, "protocol=as_labelled"]


def test_a_protocol_that_is_named_and_classes_that_are_there_stay(own, capsys):
    people = own / "participants.tsv"
    words = ["cohort=folder", f"cohort.root={own}"]
    assert with_own_labels([*words, "protocol=ps_vs_hc"]) == [*words, "protocol=ps_vs_hc"]
    people.write_text(people.read_text().replace("control", "HC"))
    assert with_own_labels(words) == words  # ALS may be a typing error of its own: told when it is read
    people.write_text(people.read_text().replace("patient", "ALS"))
    assert with_own_labels(words) == words
    assert with_own_labels(["protocol.permutations=0"]) == ["protocol.permutations=0"]
    assert capsys.readouterr().err == ""
