"""What readers noted is added up and told."""

from __future__ import annotations

from neuroface.cohort_summary import Notes, told


def test_numbers_are_added_up_words_kept_and_the_recordings_counted():
    notes = Notes()
    notes.add({"frames_merged": 3, "clock": "times stored in the file", "frames_of_other_faces": 0})
    notes.add({"frames_merged": 4, "clock": "frame number at the nominal 25 frames/s", "frames_of_other_faces": 60})
    assert notes.values == {"frames_merged": 7, "clock": "times stored in the file", "frames_of_other_faces": 60}
    lines = told(notes.values, notes.of, 2)
    assert lines == ["frames merged: 7 (in 2 of 2 recordings)", "frames of other faces: 60 (in 1 of 2 recordings)"]


def test_what_was_guessed_is_told_and_what_is_a_fact_is_not():
    notes = Notes()
    guess = "frame number at the nominal 25 frames/s"
    notes.add({"clock": guess, "landmarks": "fan, bundled", "hold": True, "seconds_without_picture": 1.25})
    assert told(notes.values, notes.of, 1) == [
        f"clock: {guess} (in 1 of 1 recordings)",
        "hold: yes (in 1 of 1 recordings)",
        "seconds without picture: 1.25 (in 1 of 1 recordings)",
    ]
