from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from neuroface.recording.spool import Spooled
from neuroface.types import Camera, Frame, Rig

RIG = Rig(Camera(fx=10, fy=10, cx=4, cy=3, width=8, height=6))


class Counted:
    """Ten frames of noise; every third has no depth. Remembers which it made."""

    size, rig = (8, 6), RIG

    def __init__(self):
        self.made = []

    def frames(self, start=0, stop=None, step=1):
        for index in range(10)[start:stop:step]:
            self.made.append(index)
            rng = np.random.default_rng(index)
            depth = None if index % 3 == 2 else rng.integers(0, 60_000, (4, 5)).astype(np.uint16)
            yield Frame(index, index / 50, rng.integers(0, 255, (6, 8, 3), dtype=np.uint8), depth)


def same(a, b):
    assert [(f.index, f.timestamp_s) for f in a] == [(f.index, f.timestamp_s) for f in b]
    for one, other in zip(a, b, strict=True):
        assert np.array_equal(one.color, other.color)
        assert (one.depth is None) == (other.depth is None)
        assert one.depth is None or np.array_equal(one.depth, other.depth)


@pytest.mark.parametrize("asked", [(), (3,), (2, 7), (0, None, 4), (1, 9, 3), (12,)])
def test_a_second_pass_is_the_same_and_makes_nothing(asked):
    plain = Counted()
    with Spooled(plain) as spooled:
        assert (spooled.size, spooled.rig) == (plain.size, plain.rig)
        same(list(spooled.frames()), list(Counted().frames()))
        same(list(spooled.frames(*asked)), list(Counted().frames(*asked)))
    assert plain.made == list(range(10))


def test_a_pass_that_stopped_early_is_continued():
    plain = Counted()
    with Spooled(plain) as spooled:
        frames = spooled.frames()
        for _ in range(4):
            next(frames)
        same(list(spooled.frames()), list(Counted().frames()))
    assert sorted(plain.made) == list(range(10))


def test_two_passes_at_once_do_not_mix():
    with Spooled(Counted()) as spooled:
        pairs = list(zip(spooled.frames(), spooled.frames(), strict=True))
    same([a for a, _ in pairs], list(Counted().frames()))
    same([b for _, b in pairs], list(Counted().frames()))


def test_frames_that_are_skipped_are_not_kept():
    plain = Counted()
    with Spooled(plain) as spooled:
        same(list(spooled.frames(0, None, 2)), list(Counted().frames(0, None, 2)))
        same(list(spooled.frames()), list(Counted().frames()))


def test_after_closing_frames_come_from_the_video():
    plain = Counted()
    spooled = Spooled(plain)
    list(spooled.frames())
    spooled.close()
    same(list(spooled.frames()), list(Counted().frames()))
    assert plain.made == [*range(10), *range(10)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_told_and_frames_are_made_again(monkeypatch, capsys):
    full = partial(Path("/dev/full").open, "r+b")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    plain = Counted()
    with Spooled(plain) as spooled:
        for _ in range(2):
            same(list(spooled.frames()), list(Counted().frames()))
    assert plain.made == [*range(10), *range(10)]
    assert capsys.readouterr().err == (
        f"no room left in {tempfile.gettempdir()} for frames that are read twice: frames from 0 on are made again when "
        "they are asked for\n"
    )
