"""What readers noted is added up and told."""

from __future__ import annotations

from neuroface.cohort_summary import Notes, told


def test_numbers_are_added_up_words_kept_and_the_recordings_counted():
    notes = Notes()
    notes.add({"frames_merged": 3, "clock": "times stored in the file", "frames_of_other_faces": 0})
    notes.add({"frames_merged": 4, "clock": "frame number at the nominal 25 frames/s", "frames_of_other_faces": 60})
    clock = "times stored in the file; others differ"  # not the usual one alone: a guess would be hidden
    assert notes.values == {"frames_merged": 7, "clock": clock, "frames_of_other_faces": 60}
    assert told(notes.values, notes.of, 2) == [
        "frames merged: 7 (in 2 of 2 recordings)",
        f"clock: {clock} (in 2 of 2 recordings)",
        "frames of other faces: 60 (in 1 of 2 recordings)",
    ]


def test_what_was_guessed_is_told_and_what_is_a_fact_is_not():
    notes = Notes()
    guess = "frame number at the nominal 25 frames/s"
    notes.add({"clock": guess, "landmarks": "fan, bundled", "hold": True, "seconds_without_picture": 1.25})
    assert told(notes.values, notes.of, 1) == [
        f"clock: {guess} (in 1 of 1 recordings)",
        "hold: yes (in 1 of 1 recordings)",
        "seconds without picture: 1.25 (in 1 of 1 recordings)",
    ]


def test_words_that_differ_between_recordings_are_said_to():
    notes = Notes()
    for tool in ("ELAN", "ELAN", "Praat", "ELAN"):
        notes.add({"annotations": tool, "merged": 1})
    assert notes.values == {"annotations": "ELAN; others differ", "merged": 4}
    assert notes.of["annotations"] == 4
    for clock in ("times stored in the file", "a single frame"):
        notes.add({"clock": clock})
    assert notes.values["clock"] == "times stored in the file"
