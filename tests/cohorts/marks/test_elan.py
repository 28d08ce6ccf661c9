"""ELAN documents by hand and by pympi: aligned, subdivided and associated annotations, and where media begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuroface.cohorts.marks import elan
from neuroface.errors import DataError

BODY = """
<TIME_ORDER>
  <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2"/><TIME_SLOT TIME_SLOT_ID="ts3"/>
  <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="3500"/>
</TIME_ORDER>
<TIER TIER_ID="bout">
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts4">
    <ANNOTATION_VALUE>three</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
</TIER>
<TIER TIER_ID="time parts" PARENT_REF="bout">
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="b1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
    <ANNOTATION_VALUE>1</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="b2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
    <ANNOTATION_VALUE>2</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="b3" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
    <ANNOTATION_VALUE>3</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
</TIER>
<TIER TIER_ID="parts" PARENT_REF="bout">
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="c2" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="c1">
    <ANNOTATION_VALUE>second</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="c1" ANNOTATION_REF="a1">
    <ANNOTATION_VALUE>first</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
</TIER>
<TIER TIER_ID="gloss" PARENT_REF="parts">
  <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="d1" ANNOTATION_REF="c2">
    <ANNOTATION_VALUE> smile </ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
</TIER>
<TIER TIER_ID="empty"/>
"""

ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


def document(file: Path, body: str = BODY, *, header: str = "", prolog: str = "") -> Path:
    file.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">'
        f'<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">{header}</HEADER>{body}</ANNOTATION_DOCUMENT>',
        encoding="utf-8",
    )
    return file


def times(sheet, tier: str) -> list[tuple[float, float, str | None]]:
    return [(mark.start_s, mark.end_s, mark.label) for mark in sheet.tiers[tier]]


def test_every_kind_of_annotation_has_its_time(tmp_path):
    (sheet,) = elan.read(document(tmp_path / "a.eaf"))
    assert times(sheet, "bout") == [(0.5, 3.5, "three")]
    assert times(sheet, "time parts") == [(0.5, 1.5, "1"), (1.5, 2.5, "2"), (2.5, 3.5, "3")]
    assert times(sheet, "parts") == [(2.0, 3.5, "second"), (0.5, 2.0, "first")]
    assert times(sheet, "gloss") == [(2.0, 3.5, "smile")]
    assert sheet.tiers["empty"] == ()


def test_a_media_file_that_begins_elsewhere_on_the_timeline(tmp_path):
    header = (
        '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/clips/front%20view.mp4" MIME_TYPE="video/mp4" TIME_ORIGIN="1200"/>'
        '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/clips/voice.wav" MIME_TYPE="audio/x-wav"/>'
    )
    (sheet,) = elan.read(document(tmp_path / "P1.eaf", header=header))
    shifts = [sheet.shift_of(frozenset({name})) for name in ("front view", "voice", "p1", "other")]
    assert shifts == [1.2, 0.0, 1.2, None]


@pytest.mark.parametrize(
    ("body", "prolog", "says"),
    [
        (BODY[:400], "", r"a\.eaf cannot be read as ELAN's XML \("),
        (BODY, ENTITIES, "it declares a document type x, which such a document does not"),
        (BODY.replace('"3500"', '"3.5"'), "", r"holds a time that is no whole number of ms \(invalid literal"),
        (BODY.replace('REF2="ts4"', 'REF2="ts9"'), "", "annotation a1 of tier bout has no time; align it in ELAN"),
        (BODY.replace('N_REF="c2"', 'N_REF="d1"'), "", "annotation d1 of tier gloss refers to no annotation that has"),
        (
            BODY.replace('PREVIOUS_ANNOTATION="c1"', 'PREVIOUS_ANNOTATION="c9"'),
            "",
            "is a part whose order is not known",
        ),
    ],
    ids=["half a file", "entities", "seconds", "no slot", "circle", "broken chain"],
)
def test_what_is_no_whole_document(tmp_path, body, prolog, says):
    with pytest.raises(DataError, match=says):
        elan.read(document(tmp_path / "a.eaf", body, prolog=prolog))


def test_other_xml(tmp_path):
    (tmp_path / "a.eaf").write_text("<dataset/>")
    with pytest.raises(DataError, match=r"a\.eaf is no ELAN document in milliseconds \(dataset, milliseconds\)"):
        elan.read(tmp_path / "a.eaf")


def test_what_pympi_writes(tmp_path):
    pympi = pytest.importorskip("pympi")
    eaf = pympi.Elan.Eaf(author="")
    eaf.add_linked_file("file:///data/P1.mp4", mimetype="video/mp4", time_origin=300)
    eaf.remove_tier("default")
    eaf.add_tier("open")
    for begin in (500, 2000, 3500):
        eaf.add_annotation("open", begin, begin + 1400, f"Öffnen {begin}")
    eaf.to_file(str(tmp_path / "P1.eaf"))
    (sheet,) = elan.read(tmp_path / "P1.eaf")
    assert times(sheet, "open") == [(b / 1e3, (b + 1400) / 1e3, f"Öffnen {b}") for b in (500, 2000, 3500)]
    assert sheet.shift_of(frozenset({"p1"})) == 0.3
