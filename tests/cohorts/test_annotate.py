"""Splits of people, the annotation CSV, and `neuroface prepare` that writes it."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict

import pytest

from neuroface.cohorts.annotate import SPLITS, split_people, write
from neuroface.cohorts.ckplus import CkPlusCohort
from neuroface.cohorts.fnp import FnpCohort
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError, DataError
from neuroface.verbs import prepare
from palsy_folders import write_ckplus, write_fnp, write_text

RATIOS = {"train": 0.7, "val": 0.15, "test": 0.15}
PEOPLE = {f"patient{i:03d}": 1 + i % 6 for i in range(24)}


def rows_of(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def assert_people_are_whole(rows):
    splits = defaultdict(set)
    for row in rows:
        splits[row["subject"]].add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize("n", [1, 2, 7, 20, 101])
@pytest.mark.parametrize(
    "ratios", [RATIOS, {"train": 0.5, "val": 0.2, "test": 0.3}, {"train": 0.8, "val": 0, "test": 0.2}]
)
def test_ratios_hold_to_one_person(n, ratios):
    grade_of = {f"P{i}": str(1 + i % 3) for i in range(n)}
    split_of = split_people(grade_of, ratios=ratios, seed=0)
    assert set(split_of) == set(grade_of)
    counts = Counter(split_of.values())
    assert all(abs(counts[name] - ratios[name] * n) < 1 for name in SPLITS)


def test_every_grade_is_spread_as_all_people_are():
    """100 people of each of six grades: each split has its share of each grade, to one person."""
    grade_of = {f"P{i}": str(1 + i % 6) for i in range(600)}
    split_of = split_people(grade_of, ratios=RATIOS, seed=1)
    counts = Counter((grade_of[person], split) for person, split in split_of.items())
    for grade in "123456":
        assert all(abs(counts[grade, name] - 100 * RATIOS[name]) <= 1 for name in SPLITS)


def test_the_seed_decides_and_the_order_of_files_does_not():
    grade_of = {f"P{i}": str(1 + i % 2) for i in range(40)}
    backwards = dict(reversed(grade_of.items()))
    assert split_people(grade_of, ratios=RATIOS, seed=3) == split_people(backwards, ratios=RATIOS, seed=3)
    assert split_people(grade_of, ratios=RATIOS, seed=3) != split_people(grade_of, ratios=RATIOS, seed=4)


WRONG_RATIOS = [
    {"train": "a", "val": 0, "test": 0},
    {"train": 0.7, "val": 0.2, "test": 0.2},
    {"train": 1.2, "val": -0.2, "test": 0},
    {"train": 0.7, "test": 0.3},
]


@pytest.mark.parametrize("ratios", WRONG_RATIOS)
def test_wrong_ratios(ratios):
    with pytest.raises(
        ConfigError, match=r"^ratios is .*; train, val and test are needed, at least 0, that add up to 1\.$"
    ):
        split_people({"P1": "1"}, ratios=ratios, seed=0)


def test_prepare_fnp_writes_what_fnp_reads(tmp_path, capsys):
    root, out = write_fnp(tmp_path / "FNP", PEOPLE), tmp_path / "out"
    prepare.run(["cohort=fnp", f"cohort.root={root}", f"out={out}"])
    said = capsys.readouterr().out
    assert "train: 34 images of 17 people" in said
    rows = rows_of(out / "annotations.csv")
    assert list(rows[0]) == ["image_path", "grade", "side", "split", "subject"]
    assert len(rows) == 48
    assert_people_are_whole(rows)
    assert {row["subject"]: int(row["grade"]) for row in rows} == PEOPLE
    assert {row["side"] for row in rows} == {"left", "right"}
    words = dict(word.split("=", 1) for word in said.splitlines()[-1].split() if "=" in word)
    assert words["cohort"] == "fnp"
    again = list(FnpCohort(root=words["cohort.root"], annotations=words["cohort.annotations"]).recordings())
    assert [(r.subject, r.group, r.attributes["split"]) for r in again] == [
        (row["subject"], row["grade"], row["split"]) for row in rows
    ]


def test_shares_and_seed_are_keys(tmp_path, capsys):
    root = write_fnp(tmp_path / "FNP", PEOPLE, sides=["left"])
    half = ["ratios.train=0.5", "ratios.val=0", "ratios.test=0.5"]
    prepare.run(["cohort=fnp", f"cohort.root={root}", f"out={tmp_path / 'a'}", *half])
    prepare.run(["cohort=fnp", f"cohort.root={root}", f"out={tmp_path / 'b'}", *half, "seed=7"])
    first, second = (rows_of(tmp_path / name / "annotations.csv") for name in "ab")
    assert (
        Counter(row["split"] for row in first) == Counter(row["split"] for row in second) == {"train": 12, "test": 12}
    )
    assert [row["split"] for row in first] != [row["split"] for row in second]
    assert "nobody of grade 1, 2, 3, 4, 5, 6 is in val" in capsys.readouterr().out


def test_an_unreadable_image_stops_or_is_left_out_by_name(tmp_path, capsys):
    root = write_fnp(tmp_path / "FNP", PEOPLE, sides=["left"])
    (root / "grade_1" / "patient000_left.jpg").write_bytes(b"x")
    words = ["cohort=fnp", f"cohort.root={root}", f"out={tmp_path / 'out'}"]
    with pytest.raises(DataError, match=r"patient000/patient000-left/still: .* cannot be read as an image"):
        prepare.run(words)
    assert not (tmp_path / "out" / "annotations.csv").exists()
    prepare.run([*words, "cohort.skip_broken=true"])
    assert len(rows_of(tmp_path / "out" / "annotations.csv")) == 23
    assert "left out patient000/patient000-left/still" in capsys.readouterr().err


def test_prepare_ckplus_copies_peaks_by_grade(tmp_path, capsys):
    sequences = {(f"S{s:03d}", f"{q:03d}"): None for s in range(5) for q in (1, 2)}
    root = write_ckplus(tmp_path / "CK", sequences)
    table = tmp_path / "grades.csv"
    write_text(table, "subject,sequence,grade\n" + "".join(f"{s},{q},{1 + int(s[1:]) % 3}\n" for s, q in sequences))
    out = tmp_path / "out"
    words = ["cohort=ckplus", f"cohort.root={root}", f"out={out}"]
    with pytest.raises(ConfigError, match=r"^prepare cohort=ckplus writes grades\. Set cohort\.target=grade and"):
        prepare.run(words)
    prepare.run([*words, "cohort.target=grade", f"cohort.grades={table}"])
    rows = rows_of(out / "annotations.csv")
    assert_people_are_whole(rows)
    assert rows[0]["image_path"] == "grade_1/S000_001_S000_001_00000004.png"
    source = root / "cohn-kanade-images" / "S000" / "001" / "S000_001_00000004.png"
    assert (out / rows[0]["image_path"]).read_bytes() == source.read_bytes()
    mapping = rows_of(out / "mapping.csv")
    assert [row["copy"] for row in mapping] == [row["image_path"] for row in rows]
    assert (mapping[0]["subject"], mapping[0]["sequence"], mapping[0]["grade"]) == ("S000", "001", "1")
    assert "cohort=fnp cohort.root=" in capsys.readouterr().out
    again = list(FnpCohort(root=out).recordings())
    assert Counter(r.subject for r in again) == Counter(s for s, _ in sequences), "sequences of a person stay together"


def test_a_person_of_two_grades_cannot_be_split(tmp_path):
    root = write_ckplus(tmp_path / "CK", {("S005", "001"): None, ("S005", "002"): None})
    write_text(tmp_path / "grades.csv", "subject,sequence,grade\nS005,001,1\nS005,002,4\n")
    cohort = CkPlusCohort(root=root, target="grade", grades=tmp_path / "grades.csv")
    with pytest.raises(DataError, match=r"^People have one grade; S005 \(1 and 4\) have more\. Correct the grades, or"):
        write(cohort.recordings(), tmp_path / "out", ratios=RATIOS, seed=0)


def test_what_is_written_is_never_written_over(tmp_path):
    root = write_fnp(tmp_path / "FNP", {"a": 1})
    write(FnpCohort(root=root).recordings(), tmp_path / "out", ratios=RATIOS, seed=0)
    with pytest.raises(DataError, match=r"annotations\.csv is there already\. Choose another folder with out="):
        write(FnpCohort(root=root).recordings(), tmp_path / "out", ratios=RATIOS, seed=0)


def test_recordings_that_are_no_graded_stills_are_refused(tmp_path):
    clinic = SyntheticCohort(people={"HC": 1, "ALS": 1, "PS": 1}, tasks=["OPEN"], repetitions={"OPEN": 1})
    with pytest.raises(DataError, match="is no still; only images with a grade can be annotated"):
        write(clinic.recordings(), tmp_path / "out", ratios=RATIOS, seed=0)
    root = write_ckplus(tmp_path / "CK", {("S005", "001"): 3})
    with pytest.raises(
        DataError, match="S005/001/expression: has grade 'disgust'; House-Brackmann grades run from 1 to 6"
    ):
        write(CkPlusCohort(root=root).recordings(), tmp_path / "out", ratios=RATIOS, seed=0)
