"""`face=true`: a digital face per group of a run, fitted to landmarks, coloured by what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from neuroface.errors import DataError

if TYPE_CHECKING:
    from neuroface.explain.relief import Relief
    from neuroface.report.face_page import Shown
    from neuroface.views.seen import Seen

FOLDER = "explain/face"
FRAMES, FPS = 72, 24.0  # of a turntable
LEAST_ASTRAY = 0.0005  # share of landmarks that is told


def draw_faces(
    path: Path, config: DictConfig, *, exaggerate: float = 1.0, relief: bool = False, head: Any = None
) -> str:
    """Write explain/face/ into the run folder; returns how good the fit is, and the page.

    exaggerate: by how much every pull is multiplied in meshes and clips, whose names say so; colours and the page's
    face, which has a slider, stay as the people moved. relief: the skin is moved onto the recordings' depth.
    head: see explain.heads; None for our own.
    Colours by significance where map=keypoints was made before. Errors: DataError for a cohort without landmarks, or,
    with relief, without depth.
    """
    from neuroface.evaluate.run_folder import RunFolder
    from neuroface.explain import digital_face as faces
    from neuroface.explain.heads import DrawnHead
    from neuroface.report import run as runs
    from neuroface.report.face_page import render, scale_of
    from neuroface.studies.finished import view_name
    from neuroface.studies.keypoints import unit_of

    run, out, head = runs.read(path), path / FOLDER, head or DrawnHead()
    movements, reliefs, lines = _movements(config, run, head, relief=relief)
    significance = _significance(path)
    units = {"movement": "mm", "asymmetry at the peak": "mm"}
    if significance is not None:
        units["significance"] = unit_of(view_name(config), run.positive)
    groups: dict[str, Shown] = {}
    files: dict[str, str] = {}
    means: dict[str, Any] = {}
    with RunFolder(path).locked():
        out.mkdir(parents=True, exist_ok=True)
        for group, people in movements.items():
            means[group] = head.mean(people)
            groups[group] = _shown(head, means[group], len(people), significance, reliefs.get(group))
        name = list(units)[-1]
        for group, one in groups.items():
            scale = scale_of(groups, name)
            files |= _write(out, group, head, one, means[group], name, scale, exaggerate, reliefs.get(group))
        draw = partial(faces.picture, yaw_deg=12, triangles=head.triangles, zoom=head.zoom)
        page = render(run, groups, head.triangles, units, files, lines, out, draw=draw, head=head.name)
    return "\n".join([*lines, str(page)])


def _movements(
    config: DictConfig, run: Any, head: Any, *, relief: bool
) -> tuple[dict[str, list[Any]], dict[str, Relief], list[str]]:
    """Class -> the movement of each person, those affected on the right mirrored; the mean relief; both in words."""
    from neuroface.explain import digital_face as faces
    from neuroface.explain.heads import DrawnHead
    from neuroface.explain.relief import mean_relief
    from neuroface.explain.stilled import Kept
    from neuroface.progress import Progress
    from neuroface.studies import relief as depth
    from neuroface.studies.building import build_protocol, build_samples
    from neuroface.studies.finished import unmeasured

    seen: list[Seen] = []
    with Progress() as progress:
        asked, question = unmeasured(config), build_protocol(config)
        samples, _ = build_samples(asked, question, progress=progress, wrap=lambda view: Kept(view, seen))
        # Whom the question is about (pairs, say), and as which class (a stage of their group, say).
        class_of = dict(zip(samples.subject.tolist(), np.asarray(samples.y).tolist(), strict=True))
        found: dict[str, dict[str, list[Any]]] = {name: {} for name in run.classes}
        measured: dict[str, dict[str, list[Relief]]] = {name: {} for name in run.classes}
        errors, truths, astray, looked = [], [], [], []
        faceless: list[str] = []  # recordings that no face could be fitted to, and why
        for done, one in enumerate(seen):
            progress("faces fitted", done, len(seen))
            who = one.recording.subject
            group = class_of.get(who, "") if question.target == "group" else one.recording.group
            if group not in found:
                continue
            truth = one.recording.truth
            side = truth.affected_side if truth is not None else one.recording.attributes.get("side")
            try:
                fit, movement, frames = head.fit(one.landmarks, one.repetitions, mirrored=side == "right")
            except DataError as error:
                faceless.append(f"{one.recording.name}: {error}")
                continue
            errors.append(np.nanmean(fit.error_mm))
            astray.append(np.nanmean(fit.astray))
            truths.append(_from_truth(one, fit, frames) if isinstance(head, DrawnHead) else np.nan)
            found[group].setdefault(who, []).append(movement)
            origin = str(config.lift.get("origin", "color"))
            told = depth.measure(one, fit, frames, faces.MOMENTS, origin=origin) if relief else None
            if told is not None:
                looked.append(told)
                own = told.relief.mirrored() if side == "right" else told.relief
                measured[group].setdefault(who, []).append(own)
    if faceless and not errors:
        raise DataError(
            f"no face can be fitted to any of {len(faceless)} recordings: {faceless[0]}. Find landmarks first."
        )
    if not any(found.values()):
        raise DataError("no person's face can be drawn: classes are not those of people, or there are no landmarks.")
    if relief and not looked:
        raise DataError(depth.NEEDED)
    lines = [f"face fitted to {len(errors)} recordings: {np.mean(errors):.2f} mm root mean square from their landmarks"]
    if np.mean(astray) >= LEAST_ASTRAY:
        lines[0] += f", of which {100 * np.mean(astray):.1f} % lie astray and do not count"
    if faceless:
        lines.append(
            f"no face could be fitted to {len(faceless)} recordings, which are left out: {'; '.join(faceless[:3])}"
        )
    known = [value for value in truths if np.isfinite(value)]
    if known:
        lines[0] += f", {np.mean(known):.2f} mm from where the points truly are"
    if all(faces.of_stills(one.repetitions) for one in seen):
        lines.append("single pictures: movement is from the neutral face to what they show")
    if looked:
        lines.append(depth.in_words(looked))
    means = {name: [head.mean(own) for own in people.values()] for name, people in found.items() if people}
    reliefs = {
        name: mean_relief([mean_relief(own) for own in people.values()]) for name, people in measured.items() if people
    }
    return means, reliefs, lines


def _from_truth(one: Seen, fit: Any, frames: np.ndarray) -> float:
    """mm, root mean square, between the fitted face and the true points of synthetic people; NaN where not known."""
    truth = one.recording.truth
    if truth is None or one.landmarks.unit != "mm" or truth.landmarks.space != one.landmarks.space:
        return float("nan")
    times = one.landmarks.timestamps_s[frames]
    at = np.clip(np.searchsorted(truth.landmarks.timestamps_s, times - 1e-6), 0, len(truth.landmarks) - 1)
    apart = fit.observed - truth.landmarks.points[at]
    return float(np.sqrt(np.nanmean((apart**2).sum(axis=2))))


def _significance(path: Path) -> np.ndarray | None:
    file = path / "explain" / "keypoints" / "keypoints.csv"
    return pd.read_csv(file)["significance"].to_numpy(float) if file.is_file() else None


def _skin(head: Any, movement: Any, relief: Relief | None, *, exaggerated: float = 1.0) -> np.ndarray:
    """(MOMENTS, V, 3) mm: the skin of a group's face as it moves, moved out by the relief."""
    from neuroface.explain import digital_face as faces

    skin = head.skin(movement, exaggerated=exaggerated)
    return skin if relief is None else relief.at(skin, exaggerated * faces.amount(head.points(movement)))


def _shown(
    head: Any, movement: Any, people: int, significance: np.ndarray | None, relief: Relief | None = None
) -> Shown:
    """A group's face at rest and at its peak, with its colourings."""
    from neuroface.explain import digital_face as faces
    from neuroface.report.face_page import Shown

    points = head.points(movement)
    top = faces.peak(points)
    rest, moved = _skin(head, movement, relief)[[0, top]]
    colourings = {
        "movement": np.linalg.norm(moved - rest, axis=1),
        "asymmetry at the peak": head.spread(faces.asymmetry(points[top])),
    }
    if significance is not None:
        colourings["significance"] = head.spread(significance)
    return Shown(rest, moved, colourings, people)


def _write(
    out: Path, group: str, head: Any, shown: Shown, movement: Any, name: str, scale: float, exaggerated: float,
    relief: Relief | None = None,
) -> dict[str, str]:  # fmt: skip
    """Meshes and clips of one group, coloured by `name` on a scale up to `scale`; file name -> what it holds."""
    from neuroface.explain import digital_face as faces
    from neuroface.explain import mesh_files
    from neuroface.report.face_page import colours_of
    from neuroface.report.page_files import write_whole

    value, triangles = shown.colourings[name], head.triangles
    colors = colours_of(value, scale)
    skin = _skin(head, movement, relief, exaggerated=exaggerated)
    moved = skin[faces.peak(head.points(movement))]
    draw = partial(faces.picture, triangles=triangles, zoom=head.zoom)
    times = "" if exaggerated == 1 else f"_x{exaggerated:g}"
    stem = f"{group}{times}"
    write_whole(out / f"{stem}.obj", mesh_files.obj(moved, triangles, colors))
    write_whole(out / f"{stem}.ply", mesh_files.ply(moved, triangles, colors, value))
    write_whole(out / f"{stem}.glb", mesh_files.glb(shown.rest, triangles, colors, moved))
    turns = 45 * np.sin(2 * np.pi * np.arange(FRAMES) / FRAMES)
    turned = (draw(moved, colors, yaw_deg=float(turn)) for turn in turns)
    write_clip(turned, out / f"{stem}_turntable.mp4")
    moving = (draw(one, colors, yaw_deg=12) for one in skin)
    write_clip(moving, out / f"{stem}_movement.mp4")
    size = "" if exaggerated == 1 else f", its movement {exaggerated:g} times what it was"
    size += "" if relief is None else ", moved onto measured depth"
    at_peak = f"the face of {group} at its peak, coloured by {name}{size}"
    return {
        f"{stem}.obj": f"{at_peak}; mm",
        f"{stem}.ply": f"{at_peak}; mm, with the value at each vertex",
        f"{stem}.glb": f"glTF: {group} at rest, the peak as morph target{size}; m",
        f"{stem}_turntable.mp4": f"the same, turning{size}",
        f"{stem}_movement.mp4": f"one repetition, mean over people, its time divided into {len(skin)} pictures{size}",
    }


def write_clip(pictures: Iterable[np.ndarray], target: Path) -> None:
    """RGB pictures as an MP4 that appears under its name only when it is complete. DataError where it cannot be."""
    import cv2

    draft = target.with_name(f".{target.stem}.partial{target.suffix}")
    writer = None
    for picture in pictures:
        if writer is None:
            size = (picture.shape[1], picture.shape[0])
            writer = cv2.VideoWriter(str(draft), cv2.VideoWriter.fourcc(*"mp4v"), FPS, size)
            if not writer.isOpened():
                raise DataError(f"OpenCV cannot write {target}; is there room, and may it be written there?")
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    if writer is not None:
        writer.release()
        draft.replace(target)
