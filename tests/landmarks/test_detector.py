from __future__ import annotations

import json
import re
from functools import partial

import numpy as np
import pytest
import torch

from neuroface import face
from neuroface.detection import Steps, detected
from neuroface.errors import ConfigError, DataError, LeakageError, WeightsNotFoundError
from neuroface.evaluate.plan import plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.splits import Loso
from neuroface.features.rom import mouth_opening
from neuroface.landmarks import engines, weights
from neuroface.landmarks import lift as lifts
from neuroface.landmarks.crops import PX_PER_SCALE, FanCrop
from neuroface.landmarks.detector import FaceReader, FanDetector, gathered
from neuroface.landmarks.fan import FAN
from neuroface.recording.face_detectors import LandmarkBoxes
from neuroface.repetitions import given
from neuroface.samples import Wanted, build
from neuroface.types import Camera, Landmarks, Repetition, Rig

from . import dots

WHOLE = FanCrop((31.5, 31.5), 64 / PX_PER_SCALE, 64)  # all of an image of 64x64 px


@pytest.fixture
def knows_dots(monkeypatch):
    """Every weight file holds the network that knows the dots."""
    monkeypatch.setattr(weights, "load", lambda name, *, allow_download=False: dots.ColourFan().eval())
    monkeypatch.setattr(weights, "fitted_on", lambda name: frozenset({"P7"}))


def detector(**more):
    options = {"detector": dots.BoxAround(), "median_frames": 1, "device": "cpu"} | more
    return FanDetector(**options)


def errors_px(landmarks, centres):
    truth = np.stack([dots.points(centre) for centre in centres])
    return np.linalg.norm(landmarks.points - truth, axis=2)


SUBPIXEL, QUARTER = (0.6, 2.2), (1.1, 3.1)  # px: mean and largest error, where a heat-map cell is 2.2 px of the frame


@pytest.mark.parametrize(
    ("more", "limits"),
    [({}, SUBPIXEL), ({"batch_size": 8}, SUBPIXEL), ({"track": False}, SUBPIXEL), ({"decode": "quarter"}, QUARTER)],
)
def test_landmarks_are_where_the_dots_are(knows_dots, more, limits):
    centres = dots.walk(10)
    step = detector(**more)
    landmarks, counts = step(dots.recording(centres))
    errors = errors_px(landmarks, centres)
    assert errors.mean() < limits[0]
    assert errors.max() < limits[1]
    assert landmarks.space == "pixel"
    assert landmarks.fitted_on == {"P7"}
    assert landmarks.timestamps_s.tolist() == (np.arange(10) / dots.FPS).tolist()
    assert 0.5 < landmarks.score.min() <= landmarks.score.max() <= 1
    assert step.detector.calls == (10 if more.get("track") is False else 1)
    assert counts == {
        "frames": 10,
        "frames_filled": 0,
        "frames_missing": 0,
        "depths_filled": 0,
        "depths_missing": 0,
        "frames_without_face": 0,
        "faces_detected_again": 0,
        "frames_with_other_faces": 0,
        "not_held_out": 0,
    }


@pytest.mark.parametrize("track", [True, False])
def test_landmarks_do_not_depend_on_the_batch(knows_dots, track):
    """But for the last digits: a convolution of several images may add up in another order."""
    film = dots.recording(dots.walk(40))
    one, many = (detector(batch_size=size, track=track)(film)[0] for size in (1, 16))
    np.testing.assert_allclose(many.points, one.points, atol=1e-3)


def test_frames_without_a_face_are_missing_and_short_ones_are_filled(knows_dots):
    centres = dots.walk(20)
    centres[4] = None
    centres[10:16] = [None] * 6
    landmarks, counts = detector()(dots.recording(centres))
    assert np.flatnonzero(np.isnan(landmarks.points).any(axis=(1, 2))).tolist() == list(range(10, 16))
    assert landmarks.score[10:16].max() == 0
    assert (counts["frames_without_face"], counts["frames_filled"], counts["frames_missing"]) == (7, 1, 6)
    assert counts["faces_detected_again"] == 9  # each frame without it, and the first one after each gap
    assert errors_px(landmarks[16:], dots.walk(20)[16:]).mean() < 0.6


def test_a_recording_without_any_face(knows_dots):
    with pytest.raises(DataError) as error:
        detector()(dots.recording([None] * 5))
    assert str(error.value) == (
        "has a face in none of its 5 frames; choose another detector of faces "
        "(faces/detector@landmarks.detector=...), or leave it out"
    )


def test_a_recording_without_video(knows_dots):
    silent = dots.recording(dots.walk(3))
    object.__setattr__(silent, "video", None)
    with pytest.raises(DataError, match=re.escape("has no video to find a face in; set landmarks=given")):
        detector()(silent)


def test_repetitions_count_the_frames_of_the_landmarks_that_came(knows_dots):
    """Landmarks at every other frame of the video: so are those that are found."""
    centres = dots.walk(20)
    points = np.stack([dots.points(centre) for centre in centres])[::2]
    landmarks = Landmarks(points, np.arange(0, 20, 2) / dots.FPS, "pixel")
    recording = dots.recording(centres, repetitions=(Repetition(0, 10, 0),))
    object.__setattr__(recording, "landmarks", landmarks)
    found, _ = detector(detector=LandmarkBoxes())(recording)
    assert found.timestamps_s.tolist() == landmarks.timestamps_s.tolist()
    assert errors_px(found, centres[::2]).mean() < 0.6


def test_positions_are_filtered_as_given_landmarks_are(knows_dots):
    centres = dots.walk(9)
    centres[4] = centres[4] + np.array([0.0, 30.0])
    plain, _ = detector()(dots.recording(centres))
    calm, _ = detector(median_frames=5)(dots.recording(centres))
    assert plain.points[4, 0, 1] - calm.points[4, 0, 1] > 25


def test_frames_are_made_once_for_landmarks_and_their_depth(knows_dots):
    centres = dots.walk(6)
    video = dots.DotVideo(centres)
    video.rig = Rig(Camera(fx=600, fy=600, cx=320, cy=240, width=640, height=480))

    def lift(landmarks, recording):
        return landmarks, {"read": sum(1 for _ in recording.video.frames())}

    steps = Steps(detector(), lift, given, {})
    _, _, counts = detected(dots.recording(centres, video=video), steps)
    assert (counts["read"], counts["frames"], video.made) == (6, 6, 6)


class Small:
    """An engine on a GPU that holds at most three faces."""

    def __init__(self):
        self.run, self.sizes = engines.make(dots.ColourFan(), device="cpu"), []

    def __call__(self, faces):
        self.sizes.append(len(faces))
        if len(faces) > 3:
            raise torch.cuda.OutOfMemoryError
        return self.run(faces)


def test_out_of_gpu_memory_halves_the_batch_and_says_so(knows_dots, monkeypatch, capsys):
    centres, small = dots.walk(16), Small()
    wanted, _ = detector(batch_size=8, track=False)(dots.recording(centres))
    monkeypatch.setattr(engines, "make", lambda *_, **__: small)
    got, _ = detector(batch_size=8, track=False)(dots.recording(centres))
    assert np.array_equal(got.points, wanted.points)
    assert small.sizes[:3] == [8, 4, 2]
    assert max(small.sizes[3:]) == 2
    assert capsys.readouterr().err == (
        "out of GPU memory: 4 faces at once from now on, not 8\nout of GPU memory: 2 faces at once from now on, not 4\n"
    )


def test_a_network_that_does_not_fit_at_all():
    def never(faces):
        raise torch.cuda.OutOfMemoryError

    reader = FaceReader(never, 64, decode="subpixel", flip=False)
    with pytest.raises(ConfigError, match=re.escape("does not fit into the memory of the GPU with one face.")):
        reader([np.zeros((64, 64, 3), np.uint8)], [WHOLE])


def test_with_flip_a_mirrored_face_has_mirrored_landmarks():
    """Whatever the network: averaged with its mirror image it is blind to sides."""
    torch.manual_seed(0)
    run = engines.make(FAN(1, width=16, size=64).eval(), device="cpu")
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    both = FaceReader(run, 64, decode="subpixel", flip=True)
    (points,), (score,) = both([image], [WHOLE])
    (mirrored,), (mirrored_score,) = both([np.ascontiguousarray(image[:, ::-1])], [WHOLE])
    assert mirrored[face.MIRROR] * [-1, 1] + [63, 0] == pytest.approx(points, abs=1e-3)
    assert mirrored_score[face.MIRROR] == pytest.approx(score, abs=1e-6)
    (one_sided,), _ = FaceReader(run, 64, decode="subpixel", flip=False)([image], [WHOLE])
    assert np.abs(one_sided - points).max() > 1


def test_gathered_counts_and_marks_what_is_missing(knows_dots):
    with pytest.raises(DataError, match="has a face in none of its 2 frames"):
        gathered([(0.0, None), (0.1, None)])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"decode": "quater"}, "landmarks.decode=quater: no such choice. Did you mean 'quarter'?"),
        ({"detect_again_below": 1.5}, "landmarks.detect_again_below=1.5: a score from 0 to 1 is needed."),
        ({"batch_size": 0}, "landmarks.batch_size=0: at least 1 face at once is needed."),
        ({"engine": "onnxrun"}, "landmarks.engine=onnxrun: there is no such engine. Did you mean 'onnxruntime'?"),
    ],
)
def test_values_without_meaning(more, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        FanDetector(**more)


PEOPLE = ("HC1", "HC2", "ALS1", "ALS2")


class Clinic:
    """Four people whose mouths nobody has looked at yet."""

    def recordings(self, *, groups=None, tasks=None):
        for subject in PEOPLE:
            one = dots.recording(dots.walk(4), subject, repetitions=(Repetition(0, 4, 0),))
            object.__setattr__(one, "group", subject[:-1])
            yield one


def network(path, fitted_on):
    torch.manual_seed(len(fitted_on))
    weights.save(FAN(1, width=16, size=64), path, about={}, fitted_on=fitted_on)


def samples_by(weights_path, **how):
    step = detector(weights=str(weights_path))
    steps = Steps(step, lifts.none, given, {"rom": partial(mouth_opening)}, frame="camera")
    return build(Clinic(), steps, Wanted(classes=("HC", "ALS")), **how)[0]


def planned(samples):
    from sklearn.linear_model import LogisticRegression

    return plan(samples, LogisticRegression(), Loso(), protocol=Protocol(classes=("HC", "ALS"), permutations=0))


@pytest.mark.parametrize("skip_broken", [False, True])
@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors", "splits.json"])
def test_damaged_weights_stop_everything_and_are_told_once(tmp_path, name, skip_broken):
    """They are nothing that is wrong with a recording, of which others could be used."""
    file = tmp_path / name
    file.write_bytes(b"not a network")
    given = tmp_path if name == "splits.json" else file
    with pytest.raises(WeightsNotFoundError) as caught:
        samples_by(given, skip_broken=skip_broken)
    assert str(caught.value).startswith(f"landmarks.weights={given}: {file} ")
    assert str(caught.value).count(name) <= 2
    assert caught.value.exit_code == 4


def test_a_network_that_knows_the_people_is_refused(tmp_path):
    network(tmp_path / "all.safetensors", PEOPLE)
    with pytest.raises(LeakageError, match="Values of ALS1, ALS2, HC1, HC2 were computed by something fitted on that"):
        planned(samples_by(tmp_path / "all.safetensors"))


def test_networks_that_held_each_person_out_pass(tmp_path):
    folds = {"a": ["HC1", "ALS1"], "b": ["HC2", "ALS2"]}
    splits = {name: {"test": who, "train": [p for p in PEOPLE if p not in who]} for name, who in folds.items()}
    (tmp_path / "splits.json").write_text(json.dumps(splits))
    for name, sides in splits.items():
        network(tmp_path / "models" / f"{name}.safetensors", sides["train"])
    samples = samples_by(tmp_path)
    assert dict(zip(samples.subject, samples.fitted_on, strict=True)) == {
        subject: frozenset(splits["a" if subject in folds["a"] else "b"]["train"]) for subject in PEOPLE
    }
    checks = planned(samples).audit["checks"]
    assert checks["nothing that a test subject is judged by was fitted on them"] == "passed"
    _, counts = detector(weights=str(tmp_path))(dots.recording(dots.walk(2), "stranger"))
    assert counts["not_held_out"] == 1
