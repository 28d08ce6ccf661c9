"""How tables are written: separators, decimal commas, bytes, and everybody's spelling of a missing number."""

from __future__ import annotations

import pytest

from neuroface.cohorts.dialect import Dialect, check_people, dialect_of, ends_in_separators, is_nan, read_text
from neuroface.cohorts.reading import read_numbers, read_rows, reading_of
from neuroface.cohorts.table_files import Written, read_table
from neuroface.errors import DataError


@pytest.mark.parametrize(
    ("text", "separator", "decimal"),
    [
        ("a,b\n1.5,2\n", ",", "."),
        ("a;b\n1,5;2\n", ";", ","),
        ("a;b\n1.5;2\n", ";", "."),
        ("a\tb\n1,5\t2\n", "\t", ","),
        ('a,b\n"1,5","0,25"\n', ",", ","),
        ('a,b\n"1,500","2,250"\n', ",", "."),  # may be thousands: not touched, and told as text
        ('a,b\n"1,500",2.5\n', ",", "."),
        ('"a;b",c\n1,2\n', ",", "."),  # a semicolon within a name
        ("one\n1\n", ",", "."),
    ],
)
def test_dialects(text, separator, decimal):
    assert dialect_of(text) == Dialect(separator, decimal)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("a,b\n1,2,\n3,4,\n", True),
        ("a,b\n1,2\n3,\n", False),  # the last cell is empty
        ('a,b\n"1",2,3\n"4",5,\n', False),  # R writes the names of rows first, and no name for them
        ("a,b,\n1,2,\n", False),
    ],
)
def test_rows_that_end_in_a_separator_do_not_move_the_columns(tmp_path, text, ends):
    assert ends_in_separators(text, ",") == ends
    file = tmp_path / "t.csv"
    file.write_text(text)
    assert read_numbers(file, lambda name: name == "b")["b"].iloc[0] == (3 if '"1",2,3' in text else 2)


@pytest.mark.parametrize(
    "text",
    [
        "frame,b\n1,2,3\n2,5,6\n",  # names of rows, or a last column without a name: nobody knows
        "a,b\n1,2\n3,4,5\n",
        "a,b\n1,2\n3\n",
        'a,b\n"1",2\n"3"\n',
    ],
)
def test_rows_of_another_length_are_refused_and_not_moved_cut_or_filled(tmp_path, text):
    file = tmp_path / "t.csv"
    file.write_text(text)
    line = 2 if text.startswith("frame") else 3
    for read in (
        lambda: read_numbers(file, lambda name: True),
        lambda: read_table(file, text=[], written=Written()),
    ):
        with pytest.raises(DataError, match=rf"Line {line} of .*|Expected 2 fields in line 3, saw 3"):
            read()


def test_one_person_under_two_spellings_is_refused():
    check_people(["P1", "P10", "A01", "7", "007"], "t.csv")
    for names in (["P1", "p1"], ["P 7", "P7"]):
        with pytest.raises(DataError, match="differ only in case or blanks, and would be two people"):
            check_people([*names, "other"], "t.csv")


def test_what_is_unusual_is_told(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text("subject;age\nP1;61,5\n")
    assert read_rows(file, required=("subject",))[1] == [{"subject": "P1", "age": "61.5"}]
    assert reading_of(file) == {"csv file": "read with semicolons between cells and decimal commas"}
    file.write_text("subject,age\nP1,61.5\n")
    assert reading_of(file) == {}


@pytest.mark.parametrize(
    "cell",
    ["-nan(ind)", "nan", "-NaN", "1.#IND", "-1.#IND00", "1.#QNAN", "NA", "N/A", "#N/A", "None", "null", ".", "-", ""],
)
def test_spellings_of_a_missing_number(tmp_path, cell):
    assert is_nan(cell)
    (tmp_path / "n.csv").write_text(f"x_0, x_1\n1.5, 2\n{cell}, 3\n")
    frame = read_numbers(tmp_path / "n.csv", lambda name: name.startswith("x"))
    assert frame["x_0"].isna().tolist() == [False, True]
    assert frame["x_1"].tolist() == [2, 3]


def test_words_are_no_numbers(tmp_path):
    assert not any(map(is_nan, ["nana", "left", "1.#", "12", "?"]))
    (tmp_path / "n.csv").write_text("x_0\n1.5\nleft\n")
    with pytest.raises(DataError, match="holds text where numbers are needed, in column x_0"):
        read_numbers(tmp_path / "n.csv", lambda name: True)


def test_a_column_twice(tmp_path):
    (tmp_path / "n.csv").write_text("x_0, x_0\n1,2\n")
    with pytest.raises(DataError, match="column 'x_0' more than once"):
        read_numbers(tmp_path / "n.csv", lambda name: True)
    with pytest.raises(DataError, match="column 'x_0' more than once"):
        read_rows(tmp_path / "n.csv", required=())


def test_a_byte_that_is_no_letter_has_a_place(tmp_path):
    file = tmp_path / "l.csv"
    file.write_bytes("id,name\n1,Zoé\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"line 2, column 5 has byte 0xe9; set cohort.encoding=latin-1"):
        read_text(file, key="cohort.encoding")
    assert read_text(file, encoding="latin-1").endswith("Zoé\n")
