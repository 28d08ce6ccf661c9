"""How the people of a synthetic cohort come before a camera: seat, landmark noise, lost frames, video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError, did_you_mean
from neuroface.synthesis.motion import Performance
from neuroface.synthesis.people import Person
from neuroface.synthesis.seating import NECK_MM, head_motion, wild_seat
from neuroface.types import Camera, Landmarks, Recording, Repetition, Truth

if TYPE_CHECKING:
    from neuroface.synthesis.depth_sensor import DepthSensor

MODALITIES = ("landmarks", "rgbd")
LOOKS = ("lab", "wild")
SENSOR_NAMES = ("d400", "sr300")
AGE_MEAN, AGE_SD, AGE_RANGE = 62.0, 11.0, (35, 88)  # one distribution for all groups; a label that acts on nothing

SHORT_GAP_FRAMES, LONG_GAP_S, LONG_GAP_SHARE = (1, 3), (0.2, 0.5), 0.02


@dataclass(frozen=True)
class Seated:
    """Who a recording is of, and where they sit."""

    subject: str
    group: str
    person: Person
    attributes: Mapping[str, Any]
    seat_mm: np.ndarray
    pose_deg: np.ndarray


@dataclass(frozen=True, eq=False)
class Acted:
    """What one person does in one recording, before anything sees it.

    points: (T, 68, 3) mm, face axes; neutral: (68, 3) mm. times_s: (T,). repetitions, severity, affected_side, values:
    as in types.Truth. seat_mm, pose_deg: (3,) each, see synthesis.seating. sway: scales how the head moves.
    """

    points: np.ndarray
    neutral: np.ndarray
    times_s: np.ndarray
    repetitions: tuple[Repetition, ...]
    severity: float
    affected_side: str | None
    values: Mapping[str, np.ndarray]
    seat_mm: np.ndarray
    pose_deg: np.ndarray
    sway: float = 1.0


@dataclass(frozen=True)
class Staging:
    """Keys that synthetic cohorts share; see cohorts.synthetic. Settings that make no sense are a ConfigError.

    color_camera: films in colour alone, in the place of a sensor with depth.
    """

    seed: int = 0
    noise_mm: float = 0.3
    depth_noise_mm: float = 0.6
    dropped: float = 0.01
    fps: float = 50.0
    modality: str = "landmarks"
    look: str = "lab"
    sensor: str = "d400"
    aligned: bool = False
    sensor_noise: float = 1.0
    annotation_shift: float = 0.0
    color_camera: Camera | None = None

    def __post_init__(self) -> None:
        for key, options in (("modality", MODALITIES), ("look", LOOKS), ("sensor", SENSOR_NAMES)):
            refuse_unknown(key, [getattr(self, key)], options, of=f"cohort.{key}")
        for key in ("noise_mm", "depth_noise_mm", "sensor_noise", "annotation_shift"):
            refuse_negative(key, getattr(self, key))
        if not 0 < self.fps < np.inf:
            raise ConfigError(f"cohort.fps must be more than 0; got {self.fps!r}.")
        if not 0 <= self.dropped < 0.5:
            raise ConfigError(f"cohort.dropped is a share of frames, from 0 to below 0.5; got {self.dropped!r}.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise ConfigError(f"cohort.seed must be a whole number of at least 0; got {self.seed!r}.")
        if self.modality == "landmarks":
            of_video = ("annotation_shift", "aligned", "sensor", "sensor_noise")
            if given := [key for key in of_video if getattr(self, key) != getattr(Staging, key)]:
                raise ConfigError(f"cohort.{given[0]} is about video; set cohort.modality=rgbd with it.")

    def generator(self, *names: str) -> np.random.Generator:
        """A stream that depends on the seed and the names alone."""
        digest = hashlib.sha256("/".join(names).encode()).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return np.random.default_rng(np.random.SeedSequence([int(self.seed), *words]))

    def record(self, acted: Acted, *, subject: str, group: str, task: str, attributes: Mapping[str, Any]) -> Recording:
        """What the camera and the annotators make of it, with the truth beside."""
        seat_mm, pose_deg = acted.seat_mm, acted.pose_deg
        if self.look == "wild":
            seat_mm, pose_deg = wild_seat(self.generator(subject, task, "seat"))
        generator = self.generator(subject, task, "sway")
        rotation, translation = head_motion(seat_mm, pose_deg, acted.times_s, generator, sway=acted.sway)
        transposed = np.ascontiguousarray(np.swapaxes(rotation, 1, 2))  # halves the time of the product below
        points = acted.points @ transposed + translation[:, None]
        seen, n_lost = self._seen(points, self.generator(subject, task, "camera"))
        recording = Recording(
            subject=subject,
            group=group,
            task=task,
            landmarks=Landmarks(seen, acted.times_s, "camera"),
            repetitions=acted.repetitions,
            attributes=attributes,
            notes={"frames": len(points), "frames_dropped": n_lost},
            truth=Truth(
                landmarks=Landmarks(points, acted.times_s, "camera"),
                repetitions=acted.repetitions,
                severity=acted.severity,
                affected_side=acted.affected_side,
                values=acted.values,
            ),
        )
        if self.modality == "landmarks":
            return recording
        return self._filmed(recording, acted, rotation, translation)

    def _filmed(self, recording: Recording, acted: Acted, rotation: np.ndarray, translation: np.ndarray) -> Recording:
        """The recording with rendered video; OpenCV is imported only now."""
        from neuroface.synthesis import appearance, filming, render, scene

        sensor = self._sensor()
        looks, setting = (recording.subject, "looks"), (recording.subject, recording.task, "scene")
        size = sensor.rig.color.width, sensor.rig.color.height
        video = render.RenderedVideo(
            render.Act(acted.points, rotation, translation, NECK_MM, acted.times_s, acted.neutral),
            appearance.draw_appearance(self.generator(*looks), recording.attributes),
            scene.draw_scene(self.generator(*setting), self.look, size),
            sensor,
            noise=float(self.sensor_noise),
            seed=int(self.generator(recording.subject, recording.task, "sensor").integers(2**31)),
        )
        return filming.film(recording, video, annotation_shift_px=float(self.annotation_shift))

    def _sensor(self) -> DepthSensor:
        from neuroface.synthesis import depth_sensor

        if self.color_camera is not None:
            return depth_sensor.color_only(self.color_camera)
        sensor = depth_sensor.SENSORS[self.sensor]
        return depth_sensor.aligned(sensor) if self.aligned else sensor

    def _seen(self, points: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, int]:
        """What a camera and a landmark detector make of the true points: noise, and frames that are lost."""
        scale = np.tile([self.noise_mm, self.noise_mm, self.depth_noise_mm], face.N_POINTS)
        noise = generator.standard_normal((len(points), len(scale)), dtype=np.float32) * scale
        seen = points + noise.reshape(points.shape)
        lost = _lost_frames(generator, len(points), share=float(self.dropped), fps=float(self.fps))
        seen[lost] = np.nan
        return seen, int(lost.sum())


def age_and_sex(generator: np.random.Generator, *, share_of_women: float) -> dict[str, Any]:
    """Facts about a person that movement does not know."""
    return {
        "age": int(np.clip(round(AGE_MEAN + AGE_SD * generator.standard_normal()), *AGE_RANGE)),
        "sex": "F" if generator.random() < share_of_women else "M",
    }


def frames_of(done: Performance, fps: float) -> tuple[Repetition, ...]:
    """The frames that hold each repetition from onset to end; of two that touch, the later has the shared frame."""
    start = np.floor(done.bounds_s[:, 0] * fps).astype(int)
    stop = np.minimum(np.ceil(done.bounds_s[:, 1] * fps).astype(int) + 1, np.append(start[1:], len(done.times_s)))
    return tuple(Repetition(int(a), int(b), index) for index, (a, b) in enumerate(zip(start, stop, strict=True)))


def performed(
    cohort: Any,
    patient: Callable[[str, int], Any],
    record: Callable[[Any, str], Recording],
    *,
    groups: Collection[str] | None,
    tasks: Collection[str] | None,
) -> Iterator[Recording]:
    """Recordings by group, person and task of a cohort with `people` and `tasks`.

    patient: (group, number) -> a person, made once. record: (person, task) -> what they perform.
    """
    people = wanted(cohort.people, cohort.tasks, groups=groups, tasks=tasks)
    return (
        record(someone, task)
        for group, number, chosen in people
        for someone in [patient(group, number)]
        for task in chosen
    )


def refuse_bad_people(cohort: Any, groups: Collection[str], tasks: Collection[str]) -> None:
    """ConfigError for groups or tasks that there are not, and for people and repetitions that cannot be counted."""
    refuse_unknown("group", cohort.people, groups, of="cohort.people")
    refuse_unknown("task", cohort.tasks, tasks, of="cohort.tasks")
    refuse_unknown("task", cohort.repetitions, tasks, of="cohort.repetitions")
    refuse_bad_choice(cohort.people, cohort.tasks)
    refuse_no_count("people", cohort.people)
    refuse_no_count("repetitions", cohort.repetitions)


def wanted(
    people: Mapping[str, int],
    own_tasks: Sequence[str],
    *,
    groups: Collection[str] | None,
    tasks: Collection[str] | None,
) -> Iterator[tuple[str, int, list[str]]]:
    """(group, number from 1, tasks) of each person; a group or task that there is not is a ConfigError at once."""
    refuse_unknown("group", groups or (), people, of="this cohort")
    refuse_unknown("task", tasks or (), own_tasks, of="this cohort")
    return (
        (group, number, [task for task in own_tasks if tasks is None or task in tasks])
        for group, count in people.items()
        if groups is None or group in groups
        for number in range(1, count + 1)
    )


def refuse_unknown(noun: str, names: Collection[str], options: Collection[str], *, of: str) -> None:
    for name in names:
        if name not in options:
            raise ConfigError(f"Unknown {noun} {name!r} for {of}." + did_you_mean(name, options))


def refuse_negative(key: str, value: float) -> None:
    if not 0 <= value < np.inf:
        raise ConfigError(f"cohort.{key} must be 0 or more; got {value!r}.")


def refuse_no_count(key: str, counts: Mapping[str, Any]) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ConfigError(f"cohort.{key}.{name} must be a whole number of at least 1; got {count!r}.")


def refuse_bad_choice(people: Mapping[str, int], tasks: Sequence[str]) -> None:
    """Nobody, nothing to do, or the same to do twice."""
    if not people or not tasks:
        raise ConfigError("cohort.people and cohort.tasks must each name at least one.")
    if len(set(tasks)) < len(tasks):
        raise ConfigError(f"cohort.tasks names a task twice: {', '.join(tasks)}.")


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
