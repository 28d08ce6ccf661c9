"""The recordings of a cohort for work on each of them: who they are is held, their arrays only while they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from neuroface.errors import DataError
from neuroface.types import Recording

T = TypeVar("T")
HELD_BYTES = 500_000_000  # of arrays of recordings that are held at the same time


@dataclass(frozen=True)
class Unreadable:
    """In place of a recording that was read once and cannot be read again."""

    cause: str


class Recordings:
    """A cohort that is read once, to learn who is there, and once more, one at a time, where its arrays are too many.

    first: the recordings to use, with what is told of the others. again: the same without telling; more may be among
    them. After `read`, `named` holds each recording without its arrays.
    """

    def __init__(
        self,
        first: Callable[[], Iterable[Recording]],
        again: Callable[[], Iterable[Recording]] | None = None,
        *,
        limit_bytes: int = HELD_BYTES,
    ) -> None:
        self._first, self._again, self._limit = first, again or first, limit_bytes
        self.named: list[Recording] = []
        self._held: dict[str, Recording] = {}
        self._bytes = 0

    def read(self) -> Iterator[Recording]:
        """Each recording, whole. Errors: those of the cohort, in their time."""
        for recording in self._first():
            self.named.append(recording.without_arrays())
            self._bytes += recording.nbytes
            if self._bytes <= self._limit:
                self._held.setdefault(recording.name, recording)
            yield recording

    def whole(self, names: Sequence[str]) -> Whole:
        """The recordings of these names, which stand in the order of the cohort, whole and one at a time."""
        return Whole(names, self._held, self._again)


class Whole:
    """As many things as there are names: each a recording, or Unreadable."""

    def __init__(
        self, names: Sequence[str], held: dict[str, Recording], again: Callable[[], Iterable[Recording]]
    ) -> None:
        self.names, self._held, self._again = names, held, again

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Recording | Unreadable]:
        if all(name in self._held for name in self.names):
            for name in self.names:
                yield self._held[name]
            return
        self._held.clear()
        found, cause = iter(self._again()), "is not in the cohort any more"
        for name in self.names:
            one: Any = None
            try:
                one = next((recording for recording in found if recording.name == name), None)
            except Exception as error:  # it may be asked for in a thread of joblib's, where an error would be lost
                cause = str(error).rstrip(".") or type(error).__name__
            if one is None:
                found = iter(())
            yield one or Unreadable(f"could be read at first, and not again: {cause}")


def readable(thing: T | Unreadable) -> T:
    """Errors: DataError for what could not be read again."""
    if isinstance(thing, Unreadable):
        raise DataError(thing.cause)
    return thing
