"""Synthetic people with a disorder of mood who watch emotional films: frames of their faces, whose truth is known.

Research software, not a medical device: results on these pictures say whether the tools work, nothing about patients.
docs/datasheet_synthetic.md states what is modelled and where each magnitude comes from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

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
from neuroface.cohorts.synthetic_micro import DISTANCE_MM, Database
from neuroface.errors import ConfigError
from neuroface.synthesis import face_model, mood
from neuroface.synthesis.motion import perform
from neuroface.synthesis.people import draw_person
from neuroface.synthesis.seating import clinic_seat
from neuroface.types import Recording, Repetition

FILMED = Database(fps=20.0, face_px=150.0, noise=1.0)  # frames per second as Emoface's; the size by eye
SHARE_OF_WOMEN = 0.5


class SyntheticMoodCohort:
    """Synthetic people who watch amusing, sad and surprising films on colour video; healthy, depressive or bipolar.

    Groups HC, MDD, BD; they differ in how far a face responds, how evenly on both sides and how fast. people: group ->
    how many. tasks: which of AMUSING SAD SURPRISING. repetitions: task -> how many films, else 2. frames: how many of
    the frames from .8 to 3.2 s after each stimulus are taken, evenly, each a repetition of its own, as picture sets are
    made from videos; None takes each response as one. effect: scales all that tells the groups apart; 0 gives a null
    cohort in which they are mere labels. noise_mm: scatter of annotators' marks. sensor_noise: scales the camera's.
    seed: of everything random. Settings that make no sense are a ConfigError.

    Landmarks are pixels of the video, which is rendered as it is read and has no depth (lift=none). Truth holds, per
    repetition and so for each frame of a response, `intensity_mm`, `asymmetry` and `duration_s` of the response.
    """

    synthetic = True  # reports say so

    def __init__(
        self,
        *,
        people: Mapping[str, int] = dict.fromkeys(mood.MOODS, 24),
        tasks: Sequence[str] = tuple(mood.TASKS),
        repetitions: Mapping[str, int] | None = None,
        frames: int | None = 6,
        effect: float = 1.0,
        noise_mm: float = 0.1,
        sensor_noise: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.people, self.tasks = dict(people), tuple(tasks)
        self.repetitions = dict(repetitions or {})
        self.frames, self.effect = frames, effect
        refuse_bad_people(self, mood.MOODS, mood.TASKS)
        refuse_negative("effect", effect)
        refuse_negative("sensor_noise", sensor_noise)
        most = int((mood.WINDOW_S[1] - mood.WINDOW_S[0]) * FILMED.fps)
        if frames is not None and not 1 <= frames <= most:
            raise ConfigError(f"cohort.frames must be 1 to {most}, or null; got {frames!r}.")
        self.staging = Staging(
            seed=seed,
            noise_mm=noise_mm,
            dropped=0.0,
            fps=FILMED.fps,
            modality="rgbd",
            sensor_noise=sensor_noise * FILMED.noise,
            color_camera=FILMED.camera(),
        )

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings by group, person and task; a group or task that this cohort does not have is a ConfigError."""
        return performed(self, self._viewer, self._record, groups=groups, tasks=tasks)

    def _viewer(self, group: str, number: int) -> Seated:
        subject, stream = f"{group}-{number:03d}", self.staging.generator
        habits, illness = stream(subject, "habits"), stream(subject, "illness")
        person = draw_person(habits, illness, disease=mood.MOODS[group], effect=float(self.effect))
        attributes = age_and_sex(stream(subject, "labels"), share_of_women=SHARE_OF_WOMEN)
        return Seated(subject, group, person, attributes, *clinic_seat(stream(subject, "setting")))

    def _record(self, viewer: Seated, task: str) -> Recording:
        fps, film = self.staging.fps, mood.TASKS[task]
        generator = self.staging.generator(viewer.subject, task)
        done = perform(
            film, viewer.person, generator, repetitions=self.repetitions.get(task, film.repetitions), fps=fps
        )
        neutral = face_model.identity_face(viewer.person.identity)
        points = face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm)
        responses = frames_of(done, fps)
        paths = [points[response.frames] for response in responses]
        values = {
            "intensity_mm": np.array([mood.intensity_mm(path) for path in paths]),
            "asymmetry": np.array([mood.asymmetry(path) for path in paths]),
            "duration_s": np.ptp(done.bounds_s, axis=1),
        }
        taken = 1 if self.frames is None else self.frames
        acted = Acted(
            points,
            neutral,
            done.times_s,
            responses if self.frames is None else _frames(responses, self.frames, fps, len(points)),
            severity=viewer.person.severity,
            affected_side=viewer.person.affected_side,
            values={name: np.repeat(value, taken) for name, value in values.items()},
            seat_mm=np.array([*viewer.seat_mm[:2], DISTANCE_MM]),
            pose_deg=viewer.pose_deg,
        )
        return self.staging.record(
            acted, subject=viewer.subject, group=viewer.group, task=task, attributes=viewer.attributes
        )


def _frames(responses: Sequence[Repetition], count: int, fps: float, length: int) -> tuple[Repetition, ...]:
    """`count` single frames of each response, evenly over the window after its stimulus, by the clock."""
    first, last = mood.WINDOW_S
    after = np.round((first + (np.arange(count) + 0.5) / count * (last - first)) * fps).astype(int)
    at = [min(response.start + int(frame), length - 1) for response in responses for frame in after]
    return tuple(Repetition(frame, frame + 1, index) for index, frame in enumerate(at))
