"""What the readers of annotation files give: marks on tiers, and the media that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Mark:
    """One annotation, in seconds on the timeline of its file; a point has an end that is its start, or None.

    label: its text or code, None where there is none. where: how it is called in messages. apex_s: when the movement
    was largest, where a table has a column for that.
    """

    start_s: float
    end_s: float | None
    where: str
    label: str | None = None
    apex_s: float | None = None


@dataclass(frozen=True)
class Sheet:
    """The annotations of one recording in one file.

    tiers: name of a tier, behaviour or column -> its marks. media: name of a media file, without folder and suffix ->
    the seconds to add to a time of the file to have the time in that media. names: what a recording may be called that
    the file does not name as media; shift_s: the seconds for it. lasts_s: how long the file says that the recording
    is, None if it does not.
    """

    file: Path
    tiers: Mapping[str, tuple[Mark, ...]]
    media: Mapping[str, float] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    shift_s: float = 0.0
    lasts_s: float | None = None

    def shift_of(self, names: frozenset[str]) -> float | None:
        """Seconds from the file's timeline to a recording of these names, case set aside; None if it is another."""
        for media, shift_s in self.media.items():
            if media.casefold() in names:
                return shift_s
        return self.shift_s if {name.casefold() for name in self.names} & names else None


def plain_stem(path: str) -> str:
    """The name of a file in a path or file: URL of any system, without folder and suffix."""
    from urllib.parse import unquote

    name = unquote(path).replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[0] or name
