"""Synthetic people whose faces have known proportions in one region, in single pictures.

Research software, not a medical device: the shapes are drawn after descriptions, nobody has these faces, and results on
them say nothing about patients. docs/datasheet_synthetic.md states what each shape is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from neuroface.cohorts.staging import (
    Acted,
    Staging,
    age_and_sex,
    refuse_negative,
    refuse_no_count,
    refuse_unknown,
    wanted,
)
from neuroface.cohorts.stills import TASK
from neuroface.errors import ConfigError
from neuroface.synthesis import face_model, syndrome
from neuroface.synthesis.people import HEALTHY, draw_person
from neuroface.synthesis.seating import clinic_seat
from neuroface.types import Camera, Recording, Repetition

# The published classifier's pictures of training: Normal 151, Cerebral Palsy 27, Down 22, FAS 12.
PEOPLE = {"control": 151, "slanted_eyes": 27, "broad_nose": 22, "thin_lip": 12}
DISTANCE_MM, FACE_MM, FACE_PX = 600.0, 133.0, 190.0
FIELD_MM = (230.0, 290.0)
APART_S = 20.0  # between two pictures: long enough to sit otherwise
SWAY = 3.0
EXPRESSION_MM = {"smile": 2.0, "spread": 1.0, "brow_raise": 1.0, "blink": 1.0}  # at most, in a picture
SHARE_OF_WOMEN = 0.5


class SyntheticSyndromesCohort:
    """Synthetic people, healthy or with a face whose proportions differ in one region, in a few pictures each.

    Group is the shape: control, slanted_eyes, broad_nose, thin_lip, small_chin, arched_brows; `planted` tells which
    region carries which. people: group -> how many; by default as many as the published classifier had pictures of.
    pictures: fewest and most of a person. effect: scales the shapes; 0 gives a null cohort in which they are mere
    labels. noise_mm: standard deviation of annotators' marks. sensor_noise: scales the camera's noise. seed: of
    everything random. Settings that make no sense are a ConfigError.

    One recording (task "still") per person, a repetition per picture; landmarks are pixels of the pictures, which are
    rendered as they are read and have no depth (lift=none). Truth holds the `strength` of the shape.
    """

    synthetic = True  # reports say so

    def __init__(
        self,
        *,
        people: Mapping[str, int] = PEOPLE,
        pictures: Sequence[int] = (1, 4),
        effect: float = 1.0,
        noise_mm: float = 0.3,
        sensor_noise: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.people, self.pictures, self.effect = dict(people), tuple(pictures), effect
        self._validate()
        refuse_negative("sensor_noise", sensor_noise)
        px_mm = FACE_PX / FACE_MM
        width, height = (round(length * px_mm) for length in FIELD_MM)
        focal = px_mm * DISTANCE_MM
        camera = Camera(focal, focal, width / 2, height / 2, width, height, nominal=True, model="synthetic, colour")
        self.staging = Staging(
            seed=seed,
            noise_mm=noise_mm,
            dropped=0.0,
            fps=1 / APART_S,
            modality="rgbd",
            sensor_noise=sensor_noise,
            color_camera=camera,
        )

    @property
    def planted(self) -> dict[str, str]:
        """Group -> the region in which its shape lies; none where nothing differs."""
        groups = [group for group in self.people if group != syndrome.CONTROL and self.effect > 0]
        return {group: syndrome.SHAPES[group].region for group in groups}

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings by group and person; a group or task that this cohort does not have is a ConfigError."""
        people = wanted(self.people, (TASK,), groups=groups, tasks=tasks)
        return (self._record(group, number) for group, number, chosen in people if chosen)

    def _validate(self) -> None:
        refuse_unknown("group", self.people, syndrome.GROUPS, of="cohort.people")
        if not self.people:
            raise ConfigError("cohort.people must name at least one group.")
        refuse_no_count("people", self.people)
        if len(self.pictures) != 2:
            raise ConfigError(f"cohort.pictures is {list(self.pictures)}; give the fewest and the most, [1,4].")
        refuse_no_count("pictures", dict(zip(("fewest", "most"), self.pictures, strict=True)))
        if self.pictures[0] > self.pictures[1]:
            raise ConfigError(f"cohort.pictures is {list(self.pictures)}; the fewest comes first.")
        refuse_negative("effect", self.effect)

    def _record(self, group: str, number: int) -> Recording:
        subject, stream = f"{group}-{number:03d}", self.staging.generator
        person = draw_person(stream(subject, "habits"), stream(subject, "illness"), disease=HEALTHY, effect=0.0)
        strength = syndrome.draw_strength(stream(subject, "shape"), group)
        neutral = face_model.identity_face(person.identity)
        neutral = syndrome.shaped(neutral, group, float(self.effect) * strength)
        acting = stream(subject, TASK)
        n = int(acting.integers(self.pictures[0], self.pictures[1] + 1))
        pull = np.zeros((n, len(face_model.MUSCLES)))
        for muscle, most in EXPRESSION_MM.items():
            pull[:, face_model.MUSCLES.index(muscle)] = most * acting.random(n)
        seat_mm, pose_deg = clinic_seat(stream(subject, "setting"))
        acted = Acted(
            face_model.pose_face(neutral, np.zeros(n), pull, pull),
            neutral,
            np.arange(n) * APART_S,
            tuple(Repetition(i, i + 1, i) for i in range(n)),
            severity=strength,
            affected_side=None,
            values={"strength": np.full(n, strength)},
            seat_mm=np.array([*seat_mm[:2], DISTANCE_MM]),
            pose_deg=pose_deg,
            sway=SWAY,
        )
        attributes = age_and_sex(stream(subject, "labels"), share_of_women=SHARE_OF_WOMEN)
        return self.staging.record(acted, subject=subject, group=group, task=TASK, attributes=attributes)
