"""A clinic of synthetic people whose true movement is known: 3-D landmarks in mm, or colour and depth video.

Research software, not a medical device: results on these recordings say whether the tools work, nothing about patients.
docs/datasheet_synthetic.md states what is modelled, what is not, and where each magnitude comes from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from neuroface import face, geometry, signals
from neuroface.cohorts.staging import (
    Acted,
    Seated,
    Staging,
    age_and_sex,
    frames_of,
    performed,
    refuse_bad_people,
    refuse_negative,
)
from neuroface.synthesis import face_model
from neuroface.synthesis.motion import TASKS, Performance, perform
from neuroface.synthesis.people import DISEASES, draw_person
from neuroface.synthesis.seating import clinic_seat
from neuroface.types import Recording, Repetition

PEOPLE = {"HC": 11, "ALS": 11, "PS": 14}  # Guarin et al., "Improving Face Alignment Accuracy on Clinical Populations"
ID_PREFIX = {"HC": "N", "ALS": "A", "PS": "S"}  # as in the Toronto NeuroFace release
SHARE_OF_WOMEN = {"HC": 4 / 11, "ALS": 7 / 11, "PS": 4 / 14}  # same paper; a label that movement does not know


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
        self._validate()
        self.staging = Staging(
            seed=seed,
            noise_mm=noise_mm,
            depth_noise_mm=depth_noise_mm,
            dropped=dropped,
            fps=fps,
            modality=modality,
            look=look,
            sensor=sensor,
            aligned=aligned,
            sensor_noise=sensor_noise,
            annotation_shift=annotation_shift,
        )

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings by group, person and task; a group or task that this cohort does not have is a ConfigError."""
        return performed(self, self._patient, self._record, groups=groups, tasks=tasks)

    def _validate(self) -> None:
        refuse_bad_people(self, DISEASES, TASKS)
        refuse_negative("effect", self.effect)

    def _patient(self, group: str, number: int) -> Seated:
        subject, stream = f"{ID_PREFIX[group]}{number:03d}", self.staging.generator
        person = draw_person(
            stream(subject, "habits"), stream(subject, "illness"), disease=DISEASES[group], effect=float(self.effect)
        )
        attributes = age_and_sex(stream(subject, "labels"), share_of_women=SHARE_OF_WOMEN[group])
        return Seated(subject, group, person, attributes, *clinic_seat(stream(subject, "setting")))

    def _record(self, patient: Seated, task: str) -> Recording:
        person, count, fps = patient.person, self.repetitions.get(task, TASKS[task].repetitions), self.staging.fps
        generator = self.staging.generator(patient.subject, task)
        done = perform(TASKS[task], person, generator, repetitions=count, fps=float(fps))
        neutral = face_model.identity_face(person.identity)
        points = face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm)
        repetitions = frames_of(done, float(fps))
        acted = Acted(
            points,
            neutral,
            done.times_s,
            repetitions,
            severity=person.severity,
            affected_side=person.affected_side,
            values=_true_values(points, neutral, done, repetitions),
            seat_mm=patient.seat_mm,
            pose_deg=patient.pose_deg,
        )
        return self.staging.record(
            acted, subject=patient.subject, group=patient.group, task=task, attributes=patient.attributes
        )


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
