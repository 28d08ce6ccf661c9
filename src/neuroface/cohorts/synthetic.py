"""A clinic of synthetic people whose true movement is known: 3-D landmarks in mm, or colour and depth video.

Research software, not a medical device: results on these recordings say whether the tools work, nothing about patients.
docs/datasheet_synthetic.md states what is modelled, what is not, and where each magnitude comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroface import face, geometry, signals
from neuroface.errors import ConfigError, did_you_mean
from neuroface.synthesis import face_model
from neuroface.synthesis.motion import TASKS, Performance, perform
from neuroface.synthesis.people import DISEASES, Person, draw_person
from neuroface.synthesis.seating import NECK_MM, clinic_seat, head_motion, wild_seat
from neuroface.types import Landmarks, Recording, Repetition, Truth

MODALITIES = ("landmarks", "rgbd")
LOOKS = ("lab", "wild")
SENSOR_NAMES = ("d400", "sr300")
PEOPLE = {"HC": 11, "ALS": 11, "PS": 14}  # Guarin et al., "Improving Face Alignment Accuracy on Clinical Populations"
ID_PREFIX = {"HC": "N", "ALS": "A", "PS": "S"}  # as in the Toronto NeuroFace release
SHARE_OF_WOMEN = {"HC": 4 / 11, "ALS": 7 / 11, "PS": 4 / 14}  # same paper; a label that movement does not know
AGE_MEAN, AGE_SD, AGE_RANGE = 62.0, 11.0, (35, 88)  # one distribution for all groups; a label too

SHORT_GAP_FRAMES, LONG_GAP_S, LONG_GAP_SHARE = (1, 3), (0.2, 0.5), 0.02


@dataclass(frozen=True)
class _Patient:
    """Who a recording is of, and where they sit."""

    subject: str
    group: str
    person: Person
    attributes: Mapping[str, Any]
    seat_mm: np.ndarray
    pose_deg: np.ndarray


class SyntheticCohort:
    """Recordings of synthetic people at 10 tasks; the truth stands beside the landmarks.

    people: group -> how many (groups HC, ALS, PS). tasks: which of BBP PA PATAKA KISS BLOW OPEN SPREAD BIGSMILE BROW
    REST. repetitions: task -> how many, for tasks that shall differ from the protocol (BBP 10 sentences, PA 20
    syllables, PATAKA 10 triplets, REST one of 20 s, others 5). effect: scales all that tells the groups apart; 1 is
    calibrated so that forests land in the published range of AUC, 0 gives a null cohort in which group, severity and
    affected side are mere labels. noise_mm, depth_noise_mm: standard deviation of landmark noise across and along the
    line of sight. dropped: share of frames that are lost, 0 to below .5. fps: frames per second. seed: of everything
    random. Settings that make no sense are a ConfigError.

    modality: "landmarks" gives points in mm; "rgbd" gives colour and depth video, rendered as it is read, with
    landmarks in pixels of the colour image as an annotator marks them and no depth (lift=depth looks it up). look:
    "lab", from the front in even light, or "wild", any pose, light and background. Only with video: sensor: d400 or
    sr300; aligned: depth as seen from the colour camera; sensor_noise: scales noise and holes of both cameras, 0 for
    none; annotation_shift: root mean square, in px, of a constant offset per landmark by which these annotators differ
    from another clinic's.

    Every person and task has its own random stream, so fewer groups or tasks, or more people, change no recording.
    """

    synthetic = True  # reports say so

    def __init__(
        self,
        *,
        people: Mapping[str, int] = PEOPLE,
        tasks: Sequence[str] = tuple(TASKS),
        repetitions: Mapping[str, int] | None = None,
        effect: float = 1.0,
        noise_mm: float = 0.3,
        depth_noise_mm: float = 0.6,
        dropped: float = 0.01,
        fps: float = 50.0,
        seed: int = 0,
        modality: str = "landmarks",
        look: str = "lab",
        sensor: str = "d400",
        aligned: bool = False,
        sensor_noise: float = 1.0,
        annotation_shift: float = 0.0,
    ) -> None:
        self.people = dict(people)
        self.tasks = tuple(tasks)
        self.repetitions = dict(repetitions or {})
        self.effect = effect
        self.noise_mm = noise_mm
        self.depth_noise_mm = depth_noise_mm
        self.dropped = dropped
        self.fps = fps
        self.seed = seed
        self.modality = modality
        self.look = look
        self.sensor = sensor
        self.aligned = aligned
        self.sensor_noise = sensor_noise
        self.annotation_shift = annotation_shift
        self._validate()

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings by group, person and task; a group or task that this cohort does not have is a ConfigError."""
        _refuse_unknown("group", groups or (), self.people, of="this cohort")
        _refuse_unknown("task", tasks or (), self.tasks, of="this cohort")
        wanted = [
            (group, number, [task for task in self.tasks if tasks is None or task in tasks])
            for group, count in self.people.items()
            if groups is None or group in groups
            for number in range(1, count + 1)
        ]
        return (
            self._record(patient, task)
            for group, number, chosen in wanted
            for patient in [self._patient(group, number)]
            for task in chosen
        )

    def _validate(self) -> None:
        _refuse_unknown("group", self.people, DISEASES, of="cohort.people")
        _refuse_unknown("task", self.tasks, TASKS, of="cohort.tasks")
        _refuse_unknown("task", self.repetitions, TASKS, of="cohort.repetitions")
        if not self.people or not self.tasks:
            raise ConfigError("cohort.people and cohort.tasks must each name at least one.")
        if len(set(self.tasks)) < len(self.tasks):
            raise ConfigError(f"cohort.tasks names a task twice: {', '.join(self.tasks)}.")
        for key, counts in (("people", self.people), ("repetitions", self.repetitions)):
            for name, count in counts.items():
                if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
                    raise ConfigError(f"cohort.{key}.{name} must be a whole number of at least 1; got {count!r}.")
        for key, options in (("modality", MODALITIES), ("look", LOOKS), ("sensor", SENSOR_NAMES)):
            _refuse_unknown(key, [getattr(self, key)], options, of=f"cohort.{key}")
        for key in ("effect", "noise_mm", "depth_noise_mm", "sensor_noise", "annotation_shift"):
            if not 0 <= getattr(self, key) < np.inf:
                raise ConfigError(f"cohort.{key} must be 0 or more; got {getattr(self, key)!r}.")
        if not 0 < self.fps < np.inf:
            raise ConfigError(f"cohort.fps must be more than 0; got {self.fps!r}.")
        if not 0 <= self.dropped < 0.5:
            raise ConfigError(f"cohort.dropped is a share of frames, from 0 to below 0.5; got {self.dropped!r}.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise ConfigError(f"cohort.seed must be a whole number of at least 0; got {self.seed!r}.")
        if self.modality == "landmarks" and (self.annotation_shift or self.aligned):
            given = "annotation_shift" if self.annotation_shift else "aligned"
            raise ConfigError(f"cohort.{given} is about video; set cohort.modality=rgbd with it.")

    def _generator(self, *names: str) -> np.random.Generator:
        """A stream that depends on the seed and the names alone."""
        digest = hashlib.sha256("/".join(names).encode()).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.default_rng(np.random.SeedSequence([int(self.seed), *words]))

    def _patient(self, group: str, number: int) -> _Patient:
        subject = f"{ID_PREFIX[group]}{number:03d}"
        labels, setting = self._generator(subject, "labels"), self._generator(subject, "setting")
        person = draw_person(
            self._generator(subject, "habits"),
            self._generator(subject, "illness"),
            disease=DISEASES[group],
            effect=float(self.effect),
        )
        attributes = {
            "age": int(np.clip(round(AGE_MEAN + AGE_SD * labels.standard_normal()), *AGE_RANGE)),
            "sex": "F" if labels.random() < SHARE_OF_WOMEN[group] else "M",
        }
        seat_mm, pose_deg = clinic_seat(setting)
        return _Patient(subject, group, person, attributes, seat_mm, pose_deg)

    def _record(self, patient: _Patient, task: str) -> Recording:
        generator = self._generator(patient.subject, task)
        person, count = patient.person, self.repetitions.get(task, TASKS[task].repetitions)
        done = perform(TASKS[task], person, generator, repetitions=count, fps=float(self.fps))
        neutral = face_model.identity_face(person.identity)
        in_face_axes = face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm)
        seat_mm, pose_deg = patient.seat_mm, patient.pose_deg
        if self.look == "wild":
            seat_mm, pose_deg = wild_seat(self._generator(patient.subject, task, "seat"))
        sway = self._generator(patient.subject, task, "sway")
        rotation, translation = head_motion(seat_mm, pose_deg, done.times_s, sway)
        transposed = np.ascontiguousarray(np.swapaxes(rotation, 1, 2))  # halves the time of the product below
        points = in_face_axes @ transposed + translation[:, None]
        repetitions = _frames(done, float(self.fps))
        seen, n_lost = self._seen(points, self._generator(patient.subject, task, "camera"))
        truth = Truth(
            landmarks=Landmarks(points, done.times_s, "camera"),
            repetitions=repetitions,
            severity=person.severity,
            affected_side=person.affected_side,
            values=_true_values(in_face_axes, neutral, done, repetitions),
        )
        recording = Recording(
            subject=patient.subject,
            group=patient.group,
            task=task,
            landmarks=Landmarks(seen, done.times_s, "camera"),
            repetitions=repetitions,
            attributes=patient.attributes,
            notes={"frames": len(points), "frames_dropped": n_lost},
            truth=truth,
        )
        if self.modality == "landmarks":
            return recording
        return self._filmed(recording, in_face_axes, rotation, translation, neutral)

    def _filmed(
        self,
        recording: Recording,
        in_face_axes: np.ndarray,
        rotation: np.ndarray,
        translation: np.ndarray,
        neutral: np.ndarray,
    ) -> Recording:
        """The recording with rendered video; OpenCV is imported only now."""
        from neuroface.synthesis import appearance, depth_sensor, filming, render, scene

        sensor = depth_sensor.SENSORS[self.sensor]
        if self.aligned:
            sensor = depth_sensor.aligned(sensor)
        looks, setting = (recording.subject, "looks"), (recording.subject, recording.task, "scene")
        size = sensor.rig.color.width, sensor.rig.color.height
        video = render.RenderedVideo(
            render.Act(in_face_axes, rotation, translation, NECK_MM, recording.landmarks.timestamps_s, neutral),
            appearance.draw_appearance(self._generator(*looks), recording.attributes),
            scene.draw_scene(self._generator(*setting), self.look, size),
            sensor,
            noise=float(self.sensor_noise),
            seed=int(self._generator(recording.subject, recording.task, "sensor").integers(2**31)),
        )
        return filming.film(recording, video, annotation_shift_px=float(self.annotation_shift))

    def _seen(self, points: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, int]:
        """What a camera and a landmark detector make of the true points: noise, and frames that are lost."""
        scale = np.tile([self.noise_mm, self.noise_mm, self.depth_noise_mm], face.N_POINTS)
        noise = generator.standard_normal((len(points), len(scale)), dtype=np.float32) * scale
        seen = points + noise.reshape(points.shape)
        lost = _lost_frames(generator, len(points), share=float(self.dropped), fps=float(self.fps))
        seen[lost] = np.nan
        return seen, int(lost.sum())


def _refuse_unknown(noun: str, names: Collection[str], options: Collection[str], *, of: str) -> None:
    for name in names:
        if name not in options:
            raise ConfigError(f"Unknown {noun} {name!r} for {of}." + did_you_mean(name, options))


def _lost_frames(generator: np.random.Generator, n_frames: int, *, share: float, fps: float) -> np.ndarray:
    """(T,) bool: bursts of 1-3 lost frames, a few of 0.2-0.5 s, on average `share` of all frames."""
    long = np.maximum(np.round(np.array(LONG_GAP_S) * fps), SHORT_GAP_FRAMES[1]).astype(int)
    mean_length = (1 - LONG_GAP_SHARE) * np.mean(SHORT_GAP_FRAMES) + LONG_GAP_SHARE * long.mean()
    n_bursts = generator.poisson(share * n_frames / mean_length)
    length = np.where(
        generator.random(n_bursts) < LONG_GAP_SHARE,
        generator.integers(long[0], long[1] + 1, n_bursts),
        generator.integers(SHORT_GAP_FRAMES[0], SHORT_GAP_FRAMES[1] + 1, n_bursts),
    )
    start = generator.integers(0, n_frames, n_bursts)
    edges = np.zeros(n_frames + 1, dtype=int)
    np.add.at(edges, start, 1)
    np.add.at(edges, np.minimum(start + length, n_frames), -1)
    return np.cumsum(edges[:-1]) > 0


def _frames(done: Performance, fps: float) -> tuple[Repetition, ...]:
    """The frames that hold each repetition from onset to end; of two that touch, the later has the shared frame."""
    start = np.floor(done.bounds_s[:, 0] * fps).astype(int)
    stop = np.minimum(np.ceil(done.bounds_s[:, 1] * fps).astype(int) + 1, np.append(start[1:], len(done.times_s)))
    return tuple(Repetition(int(a), int(b), index) for index, (a, b) in enumerate(zip(start, stop, strict=True)))


def _true_values(
    points: np.ndarray, neutral: np.ndarray, done: Performance, repetitions: Sequence[Repetition]
) -> dict[str, np.ndarray]:
    """Name -> (R,): true quantities of each repetition, from noise-free points in face axes (head still)."""
    opening = geometry.distance(points, face.LIP_TOP_OUTER, face.LIP_BOTTOM_OUTER)
    width = geometry.distance(points, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)
    right, left = geometry.mouth_half_areas(points)
    corners = points[:, [face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT]]
    corners = np.linalg.norm(corners - neutral[[face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT]], axis=2)
    per_repetition = {
        "rom.mouth_opening_mm": lambda frames: signals.extent(opening[frames]),
        "rom.mouth_width_mm": lambda frames: signals.extent(width[frames]),
        "rom.mouth_area_mm2": lambda frames: signals.extent((right + left)[frames]),
        "rom.corner_right_mm": lambda frames: signals.extent(corners[frames, 0]),
        "rom.corner_left_mm": lambda frames: signals.extent(corners[frames, 1]),
        "symmetry.area_ratio": lambda frames: (np.minimum(right, left) / np.maximum(right, left))[frames].mean(),
    }
    values = {
        name: np.array([value(repetition.frames) for repetition in repetitions])
        for name, value in per_repetition.items()
    }
    values["duration_s"] = done.bounds_s[:, 1] - done.bounds_s[:, 0]
    return values
