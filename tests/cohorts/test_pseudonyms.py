from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from neuroface.cohorts.pseudonyms import KeyFile, Pseudonymised
from neuroface.cohorts.reading import BrokenRecordingsError
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.cohorts.table import TableCohort
from neuroface.errors import DataError


def test_pseudonyms_are_kept_and_new_people_are_added(tmp_path):
    key = KeyFile(tmp_path / "deep" / "key.csv")
    first = key.of(["Anna", "Ben"])
    then = KeyFile(key.path).of(["Carl", "Anna"])
    assert {"Anna", "Ben", "Carl"} == set(then)
    assert {name: then[name] for name in first} == first
    assert len(set(then.values())) == 3
    assert not set(then.values()) & set(then)
    assert key.path.read_text().splitlines()[0] == "subject,pseudonym"


def test_several_at_once_agree(tmp_path):
    found = []
    people = [f"S{i}" for i in range(20)]
    ask = [threading.Thread(target=lambda: found.append(KeyFile(tmp_path / "key.csv").of(people))) for _ in range(6)]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    assert len(found) == 6
    assert all(one == found[0] for one in found)


def test_a_key_file_that_names_somebody_twice_is_refused(tmp_path):
    (tmp_path / "key.csv").write_text("subject,pseudonym\nAnna,P1\nBen,P1\n")
    with pytest.raises(DataError, match="twice"):
        KeyFile(tmp_path / "key.csv").of(["Anna"])


def test_recordings_are_the_cohorts_under_other_names(tmp_path):
    inner = SyntheticCohort(people={"HC": 2}, tasks=["OPEN"])
    named = list(Pseudonymised(inner, tmp_path / "key.csv").recordings())
    key = KeyFile(tmp_path / "key.csv").of(())
    for ours, theirs in zip(named, inner.recordings(), strict=True):
        assert ours.subject == key[theirs.subject]
        np.testing.assert_array_equal(ours.landmarks.points, theirs.landmarks.points)
    assert Pseudonymised(inner, tmp_path / "key.csv").synthetic


def test_what_is_broken_is_told_under_other_names(tmp_path):
    class Broken:
        def recordings(self, *, groups=None, tasks=None):
            raise BrokenRecordingsError("Anna/OPEN: Anna_OPEN.npz is cut", [("Anna/OPEN", "Anna_OPEN.npz is cut")])
            yield

    cohort = Pseudonymised(Broken(), tmp_path / "key.csv")
    with pytest.raises(BrokenRecordingsError) as told:
        list(cohort.recordings())
    new = KeyFile(tmp_path / "key.csv").of(())["Anna"]
    assert told.value.problems == ((f"{new}/OPEN", f"{new}_OPEN.npz is cut"),)
    assert str(told.value) == f"{new}/OPEN: {new}_OPEN.npz is cut"


def test_a_table_of_features_has_other_names_in_every_column(tmp_path):
    rows = [f"{who},{group},{i + at}.5" for at, (who, group) in enumerate(PEOPLE) for i in range(2)]
    (tmp_path / "table.csv").write_text("id,group,f\n" + "\n".join(rows) + "\n")
    inner = TableCohort(path=tmp_path / "table.csv", subject="id", label="group", features="f")
    cohort = Pseudonymised(inner, tmp_path / "key.csv")
    samples, key = cohort.table(), KeyFile(tmp_path / "key.csv").of(())
    assert samples.subject.tolist() == [key[who] for who, _ in PEOPLE for _ in range(2)]
    assert not [text for text in map(str, [*samples.meta["sample"], *cohort.attributes_]) if "Anna" in text]
    without = cohort.table(exclude=[key["Anna"]])
    assert key["Anna"] not in without.subject
    assert cohort.left_out_ == [{"what": key["Anna"], "why": "cohort.exclude"}]


PEOPLE = [("Anna", "HC"), ("Ben", "HC"), ("Eva", "HC"), ("Carl", "ALS"), ("Dora", "ALS"), ("Anna-Lena", "ALS")]


def test_a_pseudonym_that_is_somebody_elses_name_is_refused(tmp_path):
    (tmp_path / "key.csv").write_text("subject,pseudonym\nAnna,Ben\nBen,P1\n")
    with pytest.raises(DataError, match="Ben is a subject and a pseudonym"):
        KeyFile(tmp_path / "key.csv").of(["Anna"])


def test_whom_landmarks_were_fitted_on_have_their_pseudonyms_too(tmp_path):
    """Else nobody would be found among those that a landmark model has seen, and the leak would pass."""
    inner = SyntheticCohort(people={"HC": 2}, tasks=["OPEN"])
    cohort = Pseudonymised(inner, tmp_path / "key.csv")
    real = {recording.subject for recording in inner.recordings()}
    pseudonyms = {recording.subject for recording in cohort.recordings()}
    assert cohort.known_as({*real, "wild-7"}) == {*pseudonyms, "wild-7"}


def test_sessions_and_notes_do_not_hold_the_name(tmp_path):
    (recording,) = SyntheticCohort(people={"HC": 1}, tasks=["OPEN"]).recordings()
    named = replace(recording, subject="Zeb7", session="hc-zeb7scan0", notes={"clock": "of Zeb7.csv", "n": 2})

    class One:
        def recordings(self, *, groups=None, tasks=None):
            yield named

    (found,) = Pseudonymised(One(), tmp_path / "key.csv").recordings()
    assert found.session == f"hc-{found.subject}scan0"
    assert found.notes == {"clock": f"of {found.subject}.csv", "n": 2}
