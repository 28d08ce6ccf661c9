"""How Toronto NeuroFace lies on disk: folders, names, what the public release holds, and which file belongs to what.

Names and counts are those of the public release as its users describe it (docs/toronto.md says who says what).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from neuroface.errors import ConfigError, DataError, did_you_mean

RELEASE_FOLDER = "NeuroFace Open Access Data"
GROUP_FOLDERS = {
    "ALS": ("ALS",),
    "HC": ("HC", "Healthy controls", "HealthyControls"),
    "PS": ("PS", "Stroke", "Post-stroke"),
}
TASKS = {
    "BBP_NORMAL": "BBP",
    "DDK_PA": "PA",
    "DDK_PATAKA": "PATAKA",
    "NSM_BIGSMILE": "BIGSMILE",
    "NSM_BLOW": "BLOW",
    "NSM_BROW": "BROW",
    "NSM_KISS": "KISS",
    "NSM_OPEN": "OPEN",
    "NSM_SPREAD": "SPREAD",
}
RELEASE_SESSION = "02"  # of every recording in the release, so it says nothing and is left out of recording names
VIDEOS, LANDMARKS, BOXES, FRAMES = "Videos", "Landmarks_gt", "Bbox_gt", "Frames"
COLOR, DEPTH = "_color", "_depth"
VIDEO_SUFFIX = ".avi"
SYNTHETIC_NOTICE = "SYNTHETIC.txt"  # ours: in a release whose people were made up
PARSING_FILE = "parsing.csv"  # ours: the release has no manual repetition bounds
BOX_ENDING = "_gt"  # one user of the release has boxes named <stem>_gt.txt, another <stem>.txt

_NAME = re.compile(r"(?P<subject>[A-Z0-9]+)_(?P<session>\d{2})_(?P<task>[A-Z0-9_]+)_color")
_SAVED_FRAME = re.compile(r"(?P<name>.+_color)\.avi_(?P<frame>\d+)\.(?:jpe?g|png)", re.IGNORECASE)


@dataclass
class Files:
    """The files of one recording, `name` being their common stem, such as A002_02_BBP_NORMAL_color.

    saved: frame number -> image. A list holds more than one path where the same file lies in several places.
    around: all that lies in the group's folder, whatever it is.
    """

    name: str
    group: str
    folder: Path
    around: Sequence[Path]
    subject: str
    session: str
    task: str
    videos: list[Path] = field(default_factory=list)
    landmarks: list[Path] = field(default_factory=list)
    boxes: list[Path] = field(default_factory=list)
    saved: dict[int, Path] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """As recordings are named: subject/task, with the session between them if it is not the release's."""
        return "/".join(part for part in (self.subject, self.session, self.task) if part)


@dataclass
class Layout:
    """What lies under a root.

    folders: group -> its folders. recordings: "group/stem" -> its files. odd: stem that says nothing we know -> (group,
    what is wrong with it). around: every path, but for what lies in folders of depth.
    """

    root: Path
    folders: dict[str, list[Path]]
    recordings: dict[str, Files] = field(default_factory=dict)
    odd: dict[str, tuple[str, str]] = field(default_factory=dict)
    around: list[Path] = field(default_factory=list)

    def matching(self, pattern: str) -> list[Path]:
        """Every file whose name matches a glob, wherever it lies."""
        return sorted(path for path in self.around if fnmatchcase(path.name, pattern))


def scan(root: Path) -> Layout:
    """Find every file of every recording under `root`, the release's folder or the one above it; reads no file.

    Zips that were unpacked into folders of their own are followed. Errors: DataError when there is no group folder.
    """
    inner = root / RELEASE_FOLDER
    folders = group_folders(inner if inner.is_dir() else root)
    if not folders:
        known = ", ".join(alias for aliases in GROUP_FOLDERS.values() for alias in aliases)
        zips = sorted(p.name for p in root.glob("*.zip"))
        unpack = f" It holds {', '.join(zips)}: unpack them first." if zips else ""
        raise DataError(f"{root} has no folder of a group ({known}).{unpack} Set cohort.root to the folder above them.")
    layout = Layout(root, folders, around=[path for top in (root, inner) if top.is_dir() for path in top.iterdir()])
    for group, places in folders.items():
        for place in places:
            around = list(_walk(place))
            layout.around += around
            for path in around:
                _assign(path, group, place, around, layout)
    order = {group: position for position, group in enumerate(GROUP_FOLDERS)}
    layout.recordings = dict(sorted(layout.recordings.items(), key=lambda item: (order[item[1].group], item[1].name)))
    return layout


def is_synthetic(root: Path) -> bool:
    """Whether neuroface wrote this release, of synthetic people."""
    return any((place / SYNTHETIC_NOTICE).is_file() for place in (root, root / RELEASE_FOLDER))


def group_folders(root: Path) -> dict[str, list[Path]]:
    """{group: its folders directly under `root`}, by any of their known names, capitals and punctuation aside."""
    group_of = {_plain(alias): group for group, aliases in GROUP_FOLDERS.items() for alias in aliases}
    found: dict[str, list[Path]] = {}
    for place in sorted(p for p in root.iterdir() if p.is_dir() and _plain(p.name) in group_of):
        found.setdefault(group_of[_plain(place.name)], []).append(place)
    return {group: found[group] for group in GROUP_FOLDERS if group in found}


def parse(name: str) -> tuple[str, str, str]:
    """(subject, session, task) of a stem such as A002_02_BBP_NORMAL_color; session "" for the release's own.

    Errors: DataError for a name of another form, and for a task that the release does not have.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError(f"its name {name} does not read <id>_<two digits>_<task>_color")
    if match["task"] not in TASKS:
        raise DataError(f"unknown task {match['task']!r} in its name." + did_you_mean(match["task"], TASKS))
    session = "" if match["session"] == RELEASE_SESSION else match["session"]
    return match["subject"], session, TASKS[match["task"]]


def depth_places(files: Files, template: str) -> list[Path]:
    """Where the depth of a recording may lie, by a name or glob in which {recording}, {subject}, {group} are filled in.

    A template without "/" is looked for anywhere in the group's folder, one with "/" from that folder on.
    {recording} is the recording's name without "_color". Errors: ConfigError for a template that cannot be filled in.
    """
    known = {"recording": files.name.removesuffix(COLOR), "subject": files.subject, "group": files.folder.name}
    try:
        pattern = template.format(**known)
    except (KeyError, IndexError, ValueError) as error:
        fields = "{recording}, {subject} and {group}"
        raise ConfigError(f"cohort.depth={template} cannot be filled in ({error!r}); it may hold {fields}.") from error
    if "/" in pattern:
        return sorted(files.folder.glob(pattern))
    return [path for path in files.around if fnmatchcase(path.name, pattern)]


def find_depth(files: Files, template: str) -> Path:
    """The one place where the depth of a recording lies, as `depth_places`. Errors: DataError for none or several."""
    found = depth_places(files, template)
    if not found:
        raise DataError(
            f"has no depth that cohort.depth={template} matches; set it to how depth is named, "
            "or cohort.depth=null to go on in 2-D"
        )
    if len(found) > 1:
        names = ", ".join(place.name for place in found)
        raise DataError(f"has {len(found)} places for depth ({names}); make cohort.depth={template} match one of them")
    return found[0]


def _walk(place: Path) -> Iterator[Path]:
    """Files and folders below `place`; folders of depth, with an image per frame, are not entered."""
    for at, folders, files in os.walk(place):
        folders.sort()
        yield from (Path(at) / name for name in sorted([*folders, *files]) if not name.startswith("."))
        folders[:] = [name for name in folders if not name.startswith(".") and not name.endswith(DEPTH)]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _assign(file: Path, group: str, place: Path, around: Sequence[Path], layout: Layout) -> None:
    """Give a file to the recording it belongs to, by its name and by the folder it lies in."""
    saved = _SAVED_FRAME.fullmatch(file.name)
    if saved:
        kind, stem = FRAMES, saved["name"]
    elif file.suffix.lower() == VIDEO_SUFFIX and not file.stem.endswith(DEPTH):
        kind, stem = VIDEOS, file.stem
    elif file.suffix == ".txt" and _lies_in(LANDMARKS, file, place):
        kind, stem = LANDMARKS, file.stem
    elif file.suffix == ".txt" and _lies_in(BOXES, file, place):
        kind, stem = BOXES, file.stem.removesuffix(BOX_ENDING)
    else:
        return
    try:
        subject, session, task = parse(stem)
    except DataError as error:
        layout.odd[stem] = (group, str(error).rstrip("."))
        return
    # by group too: a person in two groups must stay two, to be seen and refused
    files = layout.recordings.setdefault(f"{group}/{stem}", Files(stem, group, place, around, subject, session, task))
    if saved:
        files.saved[int(saved["frame"])] = file
    else:
        {VIDEOS: files.videos, LANDMARKS: files.landmarks, BOXES: files.boxes}[kind].append(file)


def _lies_in(kind: str, file: Path, place: Path) -> bool:
    """Whether a folder between `place` and the file begins with the name of the kind (Landmarks_gt_and_...)."""
    return any(_plain(part).startswith(_plain(kind)) for part in file.relative_to(place).parts[:-1])
