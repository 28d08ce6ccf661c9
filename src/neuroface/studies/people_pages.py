"""A folder with the table of `neuroface predict` and a page per person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neuroface import face
from neuroface.evaluate.cells import guarded_table

if TYPE_CHECKING:
    from neuroface.report.person_figures import Trace
    from neuroface.studies.predict import Asked
    from neuroface.views.seen import Seen

_CORNERS = (face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)
LOST = 0.05  # share of frames or of a measure's repetitions from which a lack is told


def write(asked: Asked, table: pd.DataFrame, out: Path, *, overlay: bool) -> list[Path]:
    """Write predictions.csv and <subject>.html, .pdf, .csv of each person; returns the pages.

    overlay: also <subject>_<task>.mp4 of each recording with video, its landmarks drawn on it.
    """
    from neuroface.report.page_files import write_whole
    from neuroface.report.person_page import Person, render
    from neuroface.studies import person as about
    from neuroface.studies.kept_models import of_person
    from neuroface.studies.predict import visits_of, warnings_of

    models = _models(asked) if asked.samples.view == "table" and not asked.tasks else []
    visits = visits_of(asked)
    changed = about.change(asked, visits) if visits else pd.DataFrame()
    if visits:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / "change.csv", guarded_table(changed).to_csv(index=False, float_format="%.6g").encode())
    pages = []
    for subject in table["subject"].drop_duplicates():
        rows = np.asarray(asked.samples.subject) == subject
        seen = [one for one in asked.seen if one.recording.subject == subject]
        p = asked.p[:, rows].mean(axis=1)
        found = table[table["subject"] == subject].iloc[0]
        is_table = asked.samples.view == "table"
        person = Person(
            subject=str(subject),
            task=", ".join(dict.fromkeys(np.asarray(asked.samples.meta["task"])[rows].tolist())),
            measures=about.measures(asked, subject) if is_table else pd.DataFrame(),
            drivers=about.drivers(asked, subject, [of_person(one, asked.people.get(subject, {})) for one in models])
            if models
            else pd.DataFrame({"feature": [], "effect": []}),
            p=p,
            threshold=_threshold(asked),
            decided=str(found["predicted"]),
            warnings=warnings_of(asked, str(subject))[:-1],  # the last one stands on every page already
            quality=_quality(asked, str(subject)),
            traces=[trace for one in seen for trace in _traces(one)],
            unit=seen[0].landmarks.unit if seen else "",
            overlay=_overlay(seen, out) if overlay else "",
            change=changed if visits and subject == visits[1] else pd.DataFrame(),
        )
        pages.append(render(asked.run, person, out))
    write_whole(out / "predictions.csv", guarded_table(table).to_csv(index=False).encode())
    return pages


def _models(asked: Asked) -> list[Any]:
    from neuroface.studies.finished import model_files, targets_of_node
    from neuroface.studies.kept_models import load_model

    trusted = set(targets_of_node(asked.config.classifier))
    return [load_model(file, trusted=trusted) for file in model_files(asked.run.folder)]


def _threshold(asked: Asked) -> float | None:
    from neuroface.studies.finished import threshold_of

    return threshold_of(asked.run.folder) if asked.run.is_binary else None


def _traces(seen: Seen) -> list[Trace]:
    from neuroface import geometry
    from neuroface.features.kinematics import Kinematics
    from neuroface.report.person_figures import Trace

    found = []
    for repetition in seen.repetitions:
        here = seen.landmarks[repetition.frames]
        signals = Kinematics(here)
        points = geometry.head_frame(here.points)
        right, left = (_excursion(points[:, corner]) for corner in _CORNERS)
        found.append(Trace(here.timestamps_s - here.timestamps_s[0], right, left, signals.opening))
    return found


def _excursion(path: np.ndarray) -> np.ndarray:
    """(T,) distance from the first place that is seen; path: (T, D)."""
    known = np.isfinite(path).all(axis=1)
    if not known.any():
        return np.full(len(path), np.nan)
    return np.linalg.norm(path - path[known][0], axis=1)


def _quality(asked: Asked, subject: str) -> list[str]:
    """What may be wrong with the recordings of one person, in words."""
    if asked.quality is None:
        return []
    told = []
    for row in asked.quality[asked.quality["subject"].astype(str) == subject].to_dict("records"):
        facts = [f"{row['frames']} frames in {row['duration_s']:.1f} s"]
        if row.get("frames_without_face"):
            facts.append(f"{row['frames_without_face']} without a face")
        if row.get("frames_lost_share", 0) > LOST:
            facts.append(f"{100 * row['frames_lost_share']:.0f} % of the frames are lost")
        if row.get("frontal") is False:
            facts.append(f"looks away in {100 * row['looks_away']:.0f} % of the frames")
        told.append(f"{row['recording']}: {', '.join(facts)}.")
    return told


def _overlay(seen: list[Seen], out: Path) -> str:
    """Draws the clips; the file name of the last one, "" where there is no video."""
    from dataclasses import replace

    from neuroface.recording import overlay

    name = ""
    for one in seen:
        if one.recording.video is None or one.pixels.space != "pixel":
            continue
        out.mkdir(parents=True, exist_ok=True)
        name = f"{one.recording.name.replace('/', '_')}.mp4"
        overlay.write_overlay(replace(one.recording, landmarks=one.pixels, repetitions=one.repetitions), out / name)
    return name
