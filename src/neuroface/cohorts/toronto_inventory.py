"""What lies in a copy of Toronto NeuroFace against what the public release holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroface.cohorts import toronto_tables
from neuroface.cohorts.landmark_files import read_annotated_frames, read_boxes
from neuroface.cohorts.toronto_layout import GROUP_FOLDERS, TASKS, Files, Layout, depth_places, is_synthetic, scan
from neuroface.errors import DataError, NeurofaceError

GROUPS = tuple(GROUP_FOLDERS)
# The public release, counted by two of its users independently (docs/toronto.md): people, annotated frames, videos.
PEOPLE = {
    "ALS": ("A002", "A006", "A008", "A009", "A010", "A011", "A012", "A014", "A015", "A016", "A017"),
    "HC": ("N001", "N002", "N003", "N004", "N007", "N008", "N010", "N011", "N012", "N017", "N019"),
    "PS": (
        *("OP01", "OP02", "OP03"),
        *("S001", "S002", "S003", "S005", "S006", "S007", "S008", "S009", "S011", "S012", "S013"),
    ),
}
ANNOTATED_FRAMES = {"ALS": 920, "HC": 1015, "PS": 1371}
VIDEOS_PER_TASK = {
    "BBP": (9, 11, 14),
    "PA": (10, 11, 14),
    "PATAKA": (10, 11, 14),
    "BIGSMILE": (4, 3, 3),
    "BLOW": (6, 7, 11),
    "BROW": (4, 4, 7),
    "KISS": (11, 11, 14),
    "OPEN": (11, 11, 14),
    "SPREAD": (11, 11, 14),
}
TASKS_OF_EVERYBODY = tuple(
    task for task, counts in VIDEOS_PER_TASK.items() if counts == tuple(len(PEOPLE[group]) for group in GROUPS)
)
SHOWN = 12


@dataclass(frozen=True)
class Row:
    """One line of the table: what is counted, how many were found per group, and how many the release has, if known."""

    label: str
    found: Mapping[str, int]
    expected: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Inventory:
    """Found against expected; `remarks` are whole sentences: what is missing, unknown, or cannot be read."""

    root: Path
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        what = "Synthetic people in the form of Toronto NeuroFace" if is_synthetic(self.root) else "Toronto NeuroFace"
        lines = [f"{what} in {self.root}: found / in the public release", ""]
        lines.append(f"{'':24}" + "".join(f"{name:>12}" for name in (*GROUPS, "all")))
        for row in self.rows:
            found = [row.found.get(group, 0) for group in GROUPS]
            cells = [str(count) for count in (*found, sum(found))]
            if row.expected is not None:
                known = [row.expected[group] for group in GROUPS]
                cells = [f"{cell} / {count}" for cell, count in zip(cells, (*known, sum(known)), strict=True)]
            lines.append(f"{row.label:24}" + "".join(f"{cell:>12}" for cell in cells))
        remarks = self.remarks or ("Nothing is missing that the public release is known to hold.",)
        return "\n".join([*lines, "", *remarks])


def inventory(root: Path, *, depth: str | None) -> Inventory:
    """Count what lies under `root`, reading landmark files and tables but no video. depth: as in TorontoCohort.

    What cannot be read is a remark, not an error. Errors: DataError when there is no group folder at all.
    """
    layout = scan(root)
    recordings = list(layout.recordings.values())
    remarks = [*_missing(recordings), *(f"{group}/{name}: {what}." for name, (group, what) in layout.odd.items())]
    videos = [files for files in recordings if files.videos]
    rows = [
        Row("people", _count({(f.subject, f.group) for f in recordings}, lambda p: p[1]), _sizes(PEOPLE)),
        Row("videos", _per_group(videos), _videos_expected(VIDEOS_PER_TASK)),
        *(Row(f"  {t}", _per_group([f for f in videos if f.task == t]), _videos_expected([t])) for t in TASKS.values()),
        Row("annotated frames", _annotated(recordings, remarks), ANNOTATED_FRAMES),
        Row("saved frames", _sum(recordings, lambda files: len(files.saved))),
        Row("recordings with boxes", _per_group([f for f in recordings if _has_boxes(f, remarks)])),
        Row("recordings with depth", _per_group([f for f in recordings if depth and _has_depth(f, depth, remarks)])),
        *_tables(layout, recordings, remarks),
    ]
    return Inventory(root, tuple(rows), tuple(remarks))


def _missing(recordings: Sequence[Files]) -> list[str]:
    """Sentences about people and recordings that the release has and this copy has not, and the other way round."""
    here = {group: {f.subject for f in recordings if f.group == group} for group in GROUPS}
    done = {(f.subject, f.task) for f in recordings if f.videos}
    remarks = []
    for group in GROUPS:
        absent = [subject for subject in PEOPLE[group] if subject not in here[group]]
        strangers = sorted(here[group] - set(PEOPLE[group]))
        present = [subject for subject in PEOPLE[group] if subject in here[group]]
        without = [f"{s}/{task}" for s in present for task in TASKS_OF_EVERYBODY if (s, task) not in done]
        remarks += [f"{group}: not found: {_some(absent)}."] if absent else []
        remarks += [f"{group}: not in the public release: {_some(strangers)}."] if strangers else []
        remarks += [f"{group}: no video of {_some(without)}."] if without else []
    return remarks


def _annotated(recordings: Sequence[Files], remarks: list[str]) -> Counter[str]:
    count: Counter[str] = Counter()
    for files in recordings:
        for file in files.landmarks:
            try:
                count[files.group] += len(read_annotated_frames(file)[0])
            except DataError as error:
                remarks.append(f"{files.label}: {str(error).rstrip('.')}.")
    return count


def _has_boxes(files: Files, remarks: list[str]) -> bool:
    for file in files.boxes:
        try:
            read_boxes(file)
        except DataError as error:
            remarks.append(f"{files.label}: {str(error).rstrip('.')}.")
            return False
    return bool(files.boxes)


def _has_depth(files: Files, template: str, remarks: list[str]) -> bool:
    places = depth_places(files, template)
    if len(places) > 1:
        remarks.append(f"{files.label}: {len(places)} places for depth: {_some([place.name for place in places])}.")
    return len(places) == 1


def _tables(layout: Layout, recordings: Sequence[Files], remarks: list[str]) -> list[Row]:
    """Rows for SLP scores, clinical facts and frame rates; a table that cannot be read is a remark."""
    scores = _read_all(layout, toronto_tables.SLP_FILES, toronto_tables.slp_scores, remarks)
    facts = _read_all(layout, toronto_tables.CLINICAL_FILES, toronto_tables.clinical, remarks)
    rates = _read_all(layout, toronto_tables.VIDEO_INFO_FILES, toronto_tables.frame_rates, remarks)
    for noun, listed, known in (
        ("SLP scores", scores, {f.name for f in recordings}),
        ("clinical facts", facts, {f.subject for f in recordings}),
        ("frame rates", rates, {f.name for f in recordings}),
    ):
        strangers = sorted(set(listed) - known)
        remarks += [f"There are {noun} of {_some(strangers)}, but no recordings."] if strangers else []
    wrong = toronto_tables.disagreeing_totals(scores)
    remarks += [f"SLP totals that are not the sum of their items: {_some(wrong)}."] if wrong else []
    people = {(f.subject, f.group) for f in recordings if f.subject in facts}
    return [
        Row("recordings with scores", _per_group([f for f in recordings if f.name in scores])),
        Row("people with facts", _count(people, lambda person: person[1])),
        Row("recordings with a rate", _per_group([f for f in recordings if f.name in rates])),
    ]


def _read_all(layout: Layout, pattern: str, read: Callable[[Path], Mapping], remarks: list[str]) -> dict:
    found: dict = {}
    for file in layout.matching(pattern):
        try:
            found.update(read(file))
        except NeurofaceError as error:  # also a missing openpyxl
            remarks.append(f"{str(error).rstrip('.')}.")
    return found


def _per_group(recordings: Sequence[Files]) -> Counter[str]:
    return _count(recordings, lambda files: files.group)


def _count(things: Collection, group_of: Callable) -> Counter[str]:
    return Counter(group_of(thing) for thing in things)


def _sum(recordings: Sequence[Files], size: Callable[[Files], int]) -> dict[str, int]:
    return {group: sum(size(files) for files in recordings if files.group == group) for group in GROUPS}


def _sizes(people: Mapping[str, Sequence[str]]) -> dict[str, int]:
    return {group: len(ids) for group, ids in people.items()}


def _videos_expected(tasks: Collection[str]) -> dict[str, int]:
    return {group: sum(VIDEOS_PER_TASK[task][column] for task in tasks) for column, group in enumerate(GROUPS)}


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
