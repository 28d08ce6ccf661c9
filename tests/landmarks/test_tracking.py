from __future__ import annotations

import numpy as np
import pytest

from neuroface.errors import DataError
from neuroface.landmarks.crops import FanCrop, from_points
from neuroface.landmarks.tracking import FAR_SHIFT, Tracker
from neuroface.types import Frame

GRID = np.stack(np.meshgrid(np.linspace(-40, 40, 17), np.linspace(-40, 40, 4)), axis=-1).reshape(-1, 2)
BLANK = np.zeros((480, 640, 3), np.uint8)


class World:
    """A face at `centres[k]` in frame k, or none. A look sees it, with its shortfall of score, if its crop is near."""

    def __init__(self, centres, *, blur=None):
        self.centres, self.blur = centres, blur or {}
        self.searched, self.looked = [], []
        self.images = [BLANK.copy() for _ in centres]

    def frames(self):
        for k, image in enumerate(self.images):
            yield k / 50, Frame(k, k / 50, image)

    def detect(self, frame):
        self.searched.append(frame.index)
        if self.centres[frame.index] is None:
            return np.empty((0, 4))
        return np.array([[*(self.centres[frame.index] - 40), 80.0, 80.0]])

    def look(self, images, crops):
        points, scores = [], []
        for image, crop in zip(images, crops, strict=True):
            k = next(k for k, known in enumerate(self.images) if known is image)
            self.looked.append((k, crop))
            centre = self.centres[k]
            near = centre is not None and np.abs(np.array(crop.centre) - centre).max() < crop.side / 2
            points.append(GRID + (centre if near else np.array(crop.centre)))
            scores.append(np.full(68, (0.9 if near else 0.1) - self.blur.get(k, 0.0)))
        return np.stack(points), np.stack(scores)

    def track(self, **more):
        options = {"size": 64, "track": True, "detect_again_below": 0.5} | more
        tracker = Tracker(self.look, self.detect, **options)
        return [found for _, found in tracker(self.frames())], tracker


def at(*places):
    return [None if place is None else np.array(place, dtype=float) for place in places]


def middle(found):
    return (found.points.min(axis=0) + found.points.max(axis=0)) / 2


def test_a_face_that_stays_is_searched_once():
    world = World(at(*[(300 + 3 * k, 200) for k in range(30)]))
    found, tracker = world.track()
    assert world.searched == [0]
    assert tracker.searched_again == 0
    assert [middle(f).tolist() for f in found] == [c.tolist() for c in world.centres]


def test_without_tracking_every_frame_is_searched():
    world = World(at(*[(300, 200)] * 5))
    _, tracker = world.track(track=False)
    assert world.searched == [0, 1, 2, 3, 4]
    assert tracker.searched_again == 0


def test_a_low_score_searches_again_and_a_jump_is_followed():
    world = World(at((150, 200), (150, 200), (500, 300), (500, 300)))
    found, tracker = world.track()
    assert world.searched == [0, 2]
    assert tracker.searched_again == 1
    assert middle(found[2]).tolist() == [500, 300]


def test_frames_without_a_face_are_none_and_the_face_is_found_when_it_is_back():
    world = World(at((150, 200), None, None, (400, 300), (400, 300)))
    found, _ = world.track()
    assert [f is None for f in found] == [False, True, True, False, False]
    assert world.searched == [0, 1, 2, 3]
    assert middle(found[4]).tolist() == [400, 300]


def test_a_video_that_begins_without_a_face():
    found, tracker = World(at(None, None, (150, 200))).track(batch=8)
    assert [f is None for f in found] == [True, True, False]
    assert tracker.searched_again == 0


def test_a_face_that_the_detector_sees_is_kept_however_low_its_score():
    world = World(at((150, 200), (150, 200)), blur={1: 0.6})
    found, _ = world.track()
    assert found[1].mean_score == pytest.approx(0.3)
    assert world.searched == [0, 1]


@pytest.mark.parametrize("track", [True, False])
@pytest.mark.parametrize("batch", [2, 4, 100])
def test_what_is_found_does_not_depend_on_how_many_frames_are_looked_at_together(batch, track):
    """A face that moves, leaves, is back elsewhere beside a second one: the same crops, landmarks and searches."""
    places = [(150, 200), *[(150 + 9 * k, 200) for k in range(10)], None, (500, 300), *[(503, 300)] * 9, (530, 310)]
    told = []
    for size in (1, batch):
        world = World(at(*places), blur={3: 0.6, 15: 0.6})
        own = world.detect

        def two(frame, own=own):
            return np.concatenate([own(frame), [[260.0, 60, 70, 70]]])

        world.detect = two
        found, tracker = world.track(batch=size, track=track)
        told.append([None if f is None else (f.crop, f.points.tolist()) for f in found])
        told.append((world.searched, tracker.searched_again))
    assert told[:2] == told[2:]
    assert sum(f is not None for f in told[0]) == len(places)


def test_many_frames_are_looked_at_together_while_the_face_stays():
    calls = []
    world = World(at(*[(300 + 0.1 * k, 200) for k in range(64)]))
    own = world.look

    def look(images, crops):
        calls.append(len(images))
        return own(images, crops)

    world.look = look
    found, _ = world.track(batch=32)
    assert len(found) == 64
    assert len(world.looked) == 64
    assert max(calls) == 32


def test_frames_after_a_change_of_the_crop_cost_little():
    """A face that crosses the image: at most as many looks again as frames, however many are looked at together."""
    world = World(at(*[(100 + 4 * k, 200) for k in range(100)]))
    world.track(batch=32)
    assert len(world.looked) < 2 * 100


def test_a_crop_far_from_its_face_is_looked_at_again():
    """A box that is shifted by half a face: the second look is where the landmarks are."""
    world = World(at((300, 200)))
    shifted = np.array([40, 0, 0, 0])
    plain = world.detect
    tracker = Tracker(world.look, lambda f: plain(f) + shifted, size=64, track=True, detect_again_below=0.5)
    ((_, found),) = tracker(world.frames())
    assert len(world.looked) == 2
    assert found.crop == from_points(GRID + world.centres[0], 64)


def test_the_crop_of_a_still_face_neither_drifts_nor_jitters():
    """Landmarks that jitter by 1 px (SD) move no crop: it serves until they ask for one elsewhere."""
    rng = np.random.default_rng(0)
    centre = np.array([300.0, 200.0])

    def look(images, crops):
        seen.extend(crops)
        return GRID + centre + rng.normal(size=(len(crops), 68, 2)), np.ones((len(crops), 68))

    seen: list[FanCrop] = []
    detect = World(at(*[centre] * 400)).detect
    frames = [(k / 50, Frame(k, k / 50, BLANK)) for k in range(400)]
    assert len(list(Tracker(look, detect, size=64, track=True, detect_again_below=0.5)(frames))) == 400
    asked = from_points(GRID + centre, 64)
    assert len(set(seen[2:])) == 1
    assert np.abs(np.array(seen[-1].centre) - asked.centre).max() < FAR_SHIFT * asked.side


def test_the_crop_is_never_far_from_the_face_that_it_follows():
    world = World(at(*[(100 + 4 * k, 200 + 30 * np.sin(k / 5)) for k in range(100)]))
    found, _ = world.track()
    for f, centre in zip(found, world.centres, strict=True):
        asked = from_points(GRID + centre, 64)
        assert np.abs(np.array(f.crop.centre) - asked.centre).max() <= FAR_SHIFT * asked.side


def test_of_two_faces_the_one_that_was_followed_is_kept_and_first_the_larger_one():
    world = World(at((150, 200), (150, 200), (150, 200)), blur={1: 0.6})
    own = world.detect

    def two(frame):
        other = np.array([[400.0, 100, 90, 90]]) if frame.index else np.array([[400.0, 100, 20, 20]])
        return np.concatenate([other, own(frame)])

    found = [f for _, f in Tracker(world.look, two, size=64, track=True, detect_again_below=0.5)(world.frames())]
    assert [middle(f).tolist() for f in found] == [[150, 200]] * 3


@pytest.mark.parametrize(("whose", "place"), [("largest", [500, 380]), ("central", [320, 240])])
def test_whose_face_it_is_where_none_was_followed(whose, place):
    """A bystander is nearer to the camera; once somebody is followed, nobody else is taken for them."""
    world = World(at(*[place] * 3), blur={1: 0.6})
    two = np.array([[470.0, 340, 60, 80], [305.0, 220, 30, 40]])  # about (500, 380) and (320, 240)
    tracker = Tracker(world.look, lambda _: two, size=64, track=True, detect_again_below=0.5, whose=whose)
    found = [f for _, f in tracker(world.frames())]
    assert [middle(f).tolist() for f in found] == [place] * 3


def test_a_face_that_leaves_the_image_is_searched():
    world = World(at((600, 200), (660, 200), (700, 200)))
    with pytest.raises(DataError, match="frame 2: the face box"):
        world.track()
    assert world.searched == [0, 2]


def test_heat_maps_without_a_peak_do_not_stop_the_tracker():
    def look(images, crops):
        return np.full((len(crops), 68, 2), 7.0), np.zeros((len(crops), 68))

    world = World(at((300, 200), (300, 200)))
    found = [f for _, f in Tracker(look, world.detect, size=64, track=True, detect_again_below=0.5)(world.frames())]
    assert world.searched == [0, 1]
    assert [f.mean_score for f in found] == [0, 0]


def test_a_box_outside_the_image():
    frames = [(0.0, Frame(3, 0.0, BLANK))]
    tracker = Tracker(lambda *_: None, lambda _: [[700, 10, 50, 60]], size=64, track=True, detect_again_below=0.5)
    with pytest.raises(DataError) as error:
        list(tracker(frames))
    assert str(error.value) == (
        "frame 3: the face box x=700, y=10, width=50, height=60 lies outside the image of 640x480 px; correct it, or "
        "choose another detector"
    )


@pytest.mark.parametrize(("batch", "track"), [(1, True), (8, True), (1, False), (8, False)])
def test_others_beside_the_person_are_counted_once_a_second(batch, track):
    """Somebody comes in after two seconds and stays for two; a shirt that a cascade takes for a face does not count."""
    world = World(at(*[(150, 200)] * 250))  # 5 s
    own, looks = world.detect, world.look

    def detect(frame):
        shirt, comer = [[140.0, 400, 50, 50]], [[460.0, 160, 80, 80]]
        return np.concatenate([own(frame), shirt, comer if 100 <= frame.index < 200 else np.empty((0, 4))])

    def look(images, crops):
        points, scores = looks(images, crops)
        at_comer = np.array([abs(crop.centre[0] - 500) < 60 for crop in crops])
        points[at_comer], scores[at_comer] = GRID + np.array([500, 200]), 0.9
        return points, scores

    tracker = Tracker(look, detect, size=64, track=track, detect_again_below=0.5, batch=batch)
    found = list(tracker(world.frames()))
    assert tracker.others.frames == 2
    assert len(world.searched) == (5 if track else 250)
    assert all(middle(one).tolist() == [150, 200] for _, one in found)
