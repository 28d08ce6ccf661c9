"""Synthetic people with micro-expressions of known emotion, filmed as in three databases of real ones.

Research software: results on these recordings say whether the tools work, nothing about people or their feelings.
docs/datasheet_synthetic.md states what is modelled and where each magnitude comes from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from neuroface.cohorts.staging import (
    Acted,
    Staging,
    age_and_sex,
    frames_of,
    refuse_negative,
    refuse_no_count,
    refuse_unknown,
    wanted,
)
from neuroface.errors import ConfigError
from neuroface.synthesis import face_model, micro_expression
from neuroface.synthesis.people import HEALTHY, draw_person
from neuroface.synthesis.seating import clinic_seat
from neuroface.types import Camera, Recording

TASK = "micro-expression"  # as the cohort of real ones calls it
DISTANCE_MM, FACE_MM = 600.0, 133.0  # from the camera to the face, and its width
FIELD_MM = (230.0, 290.0)  # width and height of what is filmed at that distance
SWAY = 0.3  # people were asked to keep still
SHARE_OF_WOMEN = 0.5


@dataclass(frozen=True)
class Database:
    """How a database was filmed. face_px: width of a face in its pictures. noise: scale of the camera's noise."""

    fps: float
    face_px: float
    noise: float

    def camera(self) -> Camera:
        """The colour camera that shows a face of usual width that wide."""
        px_mm = self.face_px / FACE_MM
        width, height = (round(length * px_mm) for length in FIELD_MM)
        focal = px_mm * DISTANCE_MM
        return Camera(focal, focal, width / 2, height / 2, width, height, nominal=True, model="synthetic, colour")


# Frame rates and sizes of faces: Li et al., FG 2013 (SMIC-HS); Yan et al., PLoS ONE 9(1): e86041, 2014; Davison et al.,
# IEEE TAC 9:116, 2018. Noise by eye.
DATABASES = {
    "smic": Database(100.0, 190.0, noise=1.3),
    "casme2": Database(200.0, 280.0, noise=1.0),
    "samm": Database(200.0, 400.0, noise=0.8),
}


class SyntheticMicroCohort:
    """Synthetic people whose neutral face shows brief, small movements of three emotions, on colour video.

    Group is the database that the camera takes after (smic, casme2, samm), label of each repetition the emotion
    (negative, positive, surprise; protocol.target=label). people: group -> how many. expressions: emotion -> how many
    each person shows, in random order. effect: scales what tells the emotions apart; 0 gives a null cohort in which
    they are mere labels. noise_mm: standard deviation of annotators' marks. sensor_noise: scales the camera's noise.
    seed: of everything random. Settings that make no sense are a ConfigError.

    One recording per person; a repetition starts at the onset and ends at the offset. Landmarks are pixels of the
    colour video, which is rendered as it is read and has no depth (lift=none). Truth holds, per repetition, the frame
    of the `apex` (a number of the recording's frames, from 0) and `duration_s`.
    """

    synthetic = True  # reports say so

    def __init__(
        self,
        *,
        people: Mapping[str, int] = dict.fromkeys(DATABASES, 6),
        expressions: Mapping[str, int] = dict.fromkeys(micro_expression.EMOTIONS, 3),
        effect: float = 1.0,
        noise_mm: float = 0.1,
        sensor_noise: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.people = dict(people)
        self.expressions = dict(expressions)
        self.effect = effect
        self._validate()
        refuse_negative("sensor_noise", sensor_noise)
        self.stagings = {
            group: Staging(
                seed=seed,
                noise_mm=noise_mm,
                dropped=0.0,
                fps=DATABASES[group].fps,
                modality="rgbd",
                sensor_noise=sensor_noise * DATABASES[group].noise,
                color_camera=DATABASES[group].camera(),
            )
            for group in self.people
        }

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings by group and person; a group or task that this cohort does not have is a ConfigError."""
        people = wanted(self.people, (TASK,), groups=groups, tasks=tasks)
        return (self._record(group, number) for group, number, chosen in people if chosen)

    def _validate(self) -> None:
        refuse_unknown("group", self.people, DATABASES, of="cohort.people")
        refuse_unknown("emotion", self.expressions, micro_expression.EMOTIONS, of="cohort.expressions")
        if not self.people or not self.expressions:
            raise ConfigError("cohort.people and cohort.expressions must each name at least one.")
        refuse_no_count("people", self.people)
        refuse_no_count("expressions", self.expressions)
        refuse_negative("effect", self.effect)

    def _record(self, group: str, number: int) -> Recording:
        subject, staging = f"{group}-{number:03d}", self.stagings[group]
        stream = staging.generator
        person = draw_person(stream(subject, "habits"), stream(subject, "illness"), disease=HEALTHY, effect=0.0)
        neutral = face_model.identity_face(person.identity)
        acting = stream(subject, TASK)
        shown = acting.permutation([name for name, count in self.expressions.items() for _ in range(count)]).tolist()
        done, apex = micro_expression.express(shown, person, acting, effect=float(self.effect), fps=staging.fps)
        seat_mm, pose_deg = clinic_seat(stream(subject, "setting"))
        acted = Acted(
            face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm),
            neutral,
            done.times_s,
            tuple(replace(rep, label=name) for rep, name in zip(frames_of(done, staging.fps), shown, strict=True)),
            severity=0.0,
            affected_side=None,
            values={"apex": apex, "duration_s": np.ptp(done.bounds_s, axis=1)},
            seat_mm=np.array([*seat_mm[:2], DISTANCE_MM]),
            pose_deg=pose_deg,
            sway=SWAY,
        )
        attributes = age_and_sex(stream(subject, "labels"), share_of_women=SHARE_OF_WOMEN) | {"database": group}
        return staging.record(acted, subject=subject, group=group, task=TASK, attributes=attributes)
