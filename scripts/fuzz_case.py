"""One case of fuzz.py: a reader, its valid file, what breaks it, and what came of it."""

from __future__ import annotations

import random
import re
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_packed import packing

LIMIT_S = 5.0
HUNG_S, HUNG_APART_S = 2 * LIMIT_S, 2.0  # in compiled code no signal is heard
# What stands where nobody expects it: limits of types, spellings of nothing, other alphabets, structure of formats.
TOKENS = [
    b"", b"0", b"-1", b"1e999", b"nan", b"inf", b"-inf", b"9" * 30, b"4294967296", b"0x10", b"1_000", "١".encode(),
    "²".encode(), b"true", b"null", b"[]", b"{}", b"n/a", b'"', b"'", b",", b";", b"\t", b"\n", b"\r", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"\xff\xfe", b"=", b"../", b"%", b"<", b">", b"&", b"]]>", b"\\", b"-", b".", b"1.5.2", b" ",
]  # fmt: skip
HEADER = 512  # bytes at the beginning of a binary file, where half of the faults go
# Of numbers of 1, 2, 4 and 8 bytes: none, few, as many as fit with and without a sign.
LIMITS = [
    number.to_bytes(size, order)
    for size in (1, 2, 4, 8)
    for number in (0, 1, 255, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1, (1 << 8 * size) - 2, (1 << 8 * size) - 1)
    for order in ("little", "big")
]


@dataclass(frozen=True)
class Reader:
    """name; file: what it is called; content: a valid one; read: what is asked; weight: cost, cases are divided by;
    beside: valid files that it is read with; apart: neuroface reads it in a process of its own, so that a case that
    ends or hangs it is refused."""

    name: str
    file: str
    content: bytes
    read: Callable[[Path], Any]
    weight: int = 1
    beside: Mapping[str, bytes] = field(default_factory=dict)
    apart: bool = False

    @property
    def hung_s(self) -> float:
        """After so long a case hangs."""
        return HUNG_APART_S if self.apart else HUNG_S

    def lay_out(self, folder: Path) -> None:
        """Write the files beside the one that is broken, and make its folder."""
        for name, content in self.beside.items():
            if name != self.file:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        (folder / self.file).parent.mkdir(parents=True, exist_ok=True)


def cases(reader: Reader, seed: int, block: int) -> Iterator[bytes]:
    """Broken contents without end, the same for the same seed; another block is other cases."""
    chosen = random.Random(f"{seed} {reader.name} {block}")
    while True:
        yield case(reader.content, chosen)


def case(content: bytes, chosen: random.Random) -> bytes:
    """A broken content: as it stands, or in half of the cases where it is packed, one part inside and packed again."""
    if chosen.random() < 0.5 and (packed := packing(content)) is not None:
        return packed(content, lambda part: case(part, chosen), chosen)
    try:
        content.decode()
    except UnicodeDecodeError:
        if chosen.random() < 0.5:
            return overwritten(content, chosen)
    return broken(content, chosen)


def overwritten(content: bytes, chosen: random.Random) -> bytes:
    """The content with one to four numbers of another value; what stands behind keeps its place."""
    held = bytearray(content)
    for _ in range(chosen.randint(1, 4)):
        number = chosen.choice(LIMITS) if chosen.random() < 0.7 else bytes([chosen.randrange(256)])
        at = chosen.randrange(max(1, min(len(held), HEADER if chosen.random() < 0.5 else len(held))))
        held[at : at + len(number)] = number[: len(held) - at]
    return bytes(held)


def broken(content: bytes, chosen: random.Random) -> bytes:
    """The content with one to four faults."""
    for _ in range(chosen.randint(1, 4)):
        at = chosen.randrange(len(content) + 1)
        to = min(len(content), at + chosen.choice([1, 2, 8, 64]))
        kind = chosen.randrange(8)
        if kind == 0:
            content = content[:at] + bytes([chosen.randrange(256)]) + content[at + 1 :]
        elif kind == 1:
            content = content[:at]
        elif kind == 2:
            content = content[:at] + content[to:]
        elif kind == 3:
            content = content[:to] + content[at:]
        elif kind == 4:
            content = content[:at] + chosen.choice(TOKENS) + content[at:]
        else:
            words = list(re.finditer(rb"[\w.+-]+" if kind < 7 else rb"[^\n]*\n", content))
            if words:
                word = chosen.choice(words)
                other = chosen.choice(TOKENS) if kind == 5 else content[slice(*chosen.choice(words).span())]
                content = content[: word.start()] + other + content[word.end() :]
    return content


class Hang(BaseException):
    """A case took longer than LIMIT_S."""


def outcome(reader: Reader, content: bytes, folder: Path) -> tuple[str, str]:
    """("result" | "refused" | "fault", what it was)."""
    from neuroface.errors import NeurofaceError

    file = folder / reader.file
    file.write_bytes(content)

    def over(*_: Any) -> None:
        raise Hang

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(file)
        return "result", ""
    except NeurofaceError as error:
        told = str(error)
        return ("refused", told) if told.strip() else ("fault", "a message without words")
    except Hang:
        return "fault", f"took more than {LIMIT_S:g} s"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # libraries of Rust have an end of the world of their own
        frame = traceback.extract_tb(error.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "neuroface" in f.filename][-1:]
        where = ours[0] if ours else frame
        return "fault", f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
