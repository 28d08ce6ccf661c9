"""Synthetic people with facial palsy of known House-Brackmann grade: landmarks in mm, or colour and depth video.

Research software, not a medical device: nobody graded these faces, and results on them say nothing about patients.
docs/datasheet_synthetic.md states what each grade does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

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
from neuroface.synthesis import face_model, palsy
from neuroface.synthesis.motion import perform
from neuroface.synthesis.people import HEALTHY, draw_person
from neuroface.synthesis.seating import clinic_seat
from neuroface.types import Recording, Repetition

GRADE_OF_GROUP = {f"HB{grade}": grade for grade in palsy.GRADES}
SHARE_OF_WOMEN = 0.5  # Bell's palsy, the commonest cause, is about as frequent in women as in men


@dataclass(frozen=True)
class _Patient(Seated):
    """Of whom the palsy is known."""

    palsy: palsy.Palsy

    @property
    def grade(self) -> str:
        return GRADE_OF_GROUP[self.group]


class SyntheticPalsyCohort:
    """Synthetic people with facial palsy, who rest, raise the brows, close the eyes and smile; their grade is known.

    Group is the grade as HB1 to HB6, label of each repetition the grade as 1 to 6 (protocol.target=label), and
    attributes tell the affected side, but for grade 1. people: group -> how many. tasks: which of REST BROW EYE_CLOSURE
    SMILE. repetitions: task -> how many, else 5, and REST one of 5 s. effect: scales all that the palsy does; 0 gives a
    null cohort in which grade and side are mere labels. synkinesis: scales how eye and mouth move each other in grades
    3 and 4; 0 for none. The other keys are those of SyntheticCohort. Settings that make no sense are a ConfigError.

    Truth holds, per repetition, `excursion.<region>_<side>_mm` of brow, eye and mouth, in tasks that move a region the
    smaller over the greater as `symmetry.<region>_ratio`, and `palsy.<region>_left`, the share of healthy movement that
    is left to the affected side; severity is 0 for grade 1 and 1 for grade 6.
    """

    synthetic = True  # reports say so

    def __init__(
        self,
        *,
        people: Mapping[str, int] = dict.fromkeys(GRADE_OF_GROUP, 8),
        tasks: Sequence[str] = tuple(palsy.TASKS),
        repetitions: Mapping[str, int] | None = None,
        effect: float = 1.0,
        synkinesis: float = 1.0,
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
        self.synkinesis = synkinesis
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
        refuse_bad_people(self, GRADE_OF_GROUP, palsy.TASKS)
        refuse_negative("effect", self.effect)
        refuse_negative("synkinesis", self.synkinesis)

    def _patient(self, group: str, number: int) -> _Patient:
        subject, stream = f"{group}-{number:03d}", self.staging.generator
        grade = GRADE_OF_GROUP[group]
        illness = stream(subject, "illness")
        person = draw_person(stream(subject, "habits"), illness, disease=HEALTHY, effect=0.0)
        drawn = palsy.draw_palsy(illness, grade, effect=float(self.effect), synkinesis=float(self.synkinesis))
        attributes = age_and_sex(stream(subject, "labels"), share_of_women=SHARE_OF_WOMEN)
        if grade != "1":
            attributes["side"] = drawn.side
        return _Patient(subject, group, person, attributes, *clinic_seat(stream(subject, "setting")), drawn)

    def _record(self, patient: _Patient, task: str) -> Recording:
        fps, count = float(self.staging.fps), self.repetitions.get(task, palsy.TASKS[task].repetitions)
        generator = self.staging.generator(patient.subject, task)
        neutral = face_model.identity_face(patient.person.identity)
        healthy = perform(palsy.TASKS[task], patient.person, generator, repetitions=count, fps=fps)
        done = palsy.afflict(healthy, patient.palsy, neutral)
        points = face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm)
        repetitions = tuple(replace(repetition, label=patient.grade) for repetition in frames_of(done, fps))
        acted = Acted(
            points,
            neutral,
            done.times_s,
            repetitions,
            severity=(int(patient.grade) - 1) / 5,
            affected_side=patient.attributes.get("side"),
            values=_true_values(points, repetitions, task, patient.palsy),
            seat_mm=patient.seat_mm,
            pose_deg=patient.pose_deg,
        )
        return self.staging.record(
            acted, subject=patient.subject, group=patient.group, task=task, attributes=patient.attributes
        )


def _true_values(
    points: np.ndarray, repetitions: Sequence[Repetition], task: str, drawn: palsy.Palsy
) -> dict[str, np.ndarray]:
    """Name -> (R,): true quantities of each repetition, from noise-free points in face axes (head still)."""
    paths = [palsy.excursions(points[repetition.frames]) for repetition in repetitions]
    values = {f"excursion.{name}_mm": np.array([path[name].max() for path in paths]) for name in paths[0]}
    if task in palsy.MOVED_BY:
        region = palsy.MOVED_BY[task]
        left, right = (values[f"excursion.{region}_{side}_mm"] for side in ("left", "right"))
        values[f"symmetry.{region}_ratio"] = np.minimum(left, right) / np.maximum(left, right)
    return values | {f"palsy.{region}_left": np.full(len(repetitions), drawn.left[region]) for region in palsy.REGIONS}
