"""Cases in a process of its own: a reader that ends it, or hangs in compiled code, is a fault of the case it was at."""

from __future__ import annotations

import itertools
import json
import mmap
import os
import resource
import select
import signal
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from fuzz_case import Reader, cases, outcome

MOST_BYTES = 8 << 30
MEMORY = Path("/dev/shm")  # a disk in memory, where there is one


def fuzz(
    reader: Reader, number: int, seed: int, keep: Path | None = None, block: int = 0
) -> tuple[Counter[str], Counter[str]]:
    """(outcomes, kinds of faults) of so many cases. The first file of each kind goes to `keep`."""
    outcomes: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        reader.lay_out(Path(folder))
        kind, what = outcome(reader, reader.content, Path(folder))  # what it imports is there in each process
        if kind != "result":
            return Counter(fault=1), Counter([f"the valid file is refused: {what}"])
        begin = 0
        while begin < number:
            begin, told, ended = _apart(reader, begin, number, seed, block, Path(folder))
            for at, what in told:
                faults[what] += 1
                if keep is not None and faults[what] == 1:
                    keep.mkdir(parents=True, exist_ok=True)
                    content = next(itertools.islice(cases(reader, seed, block), at, None))
                    (keep / f"{reader.name}-{block}-{len(faults)}-{Path(reader.file).name}").write_bytes(content)
            outcomes.update(ended)
    return outcomes, faults


def _apart(
    reader: Reader, begin: int, number: int, seed: int, block: int, folder: Path
) -> tuple[int, list[tuple[int, str]], dict[str, int]]:
    """Where to go on, (case, fault) of each that failed, and outcomes: of the cases from `begin` on in one process."""
    shared = mmap.mmap(-1, 24)  # the case it is at, results, refusals
    hears, says = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hears)
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for stream in (1, 2):  # libraries say much about broken pictures
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            _count(reader, begin, number, seed, block, folder, shared, says)
        except BaseException as error:
            os.write(says, _line(struct.unpack("<3q", shared[:])[0], f"{type(error).__name__} of the fuzzer itself"))
            os._exit(1)
        os._exit(0)
    os.close(says)
    told, hung = _listen(hears, shared, reader.hung_s, lambda: os.kill(child, signal.SIGKILL))
    _, status = os.waitpid(child, 0)
    at, results, refused = struct.unpack("<3q", shared[:])
    if reader.apart and (hung or os.WIFSIGNALED(status)):
        refused += 1
    elif hung:
        told.append((at, f"took more than {reader.hung_s:g} s in compiled code"))
    elif os.WIFSIGNALED(status):
        told.append((at, f"the process was ended by {signal.Signals(os.WTERMSIG(status)).name}"))
    elif os.WEXITSTATUS(status) and not told:
        told.append((at, f"the process ended with {os.WEXITSTATUS(status)}"))
    counted = {"result": results, "refused": refused, "fault": len(told)}
    done = not hung and status == 0
    return number if done else at + 1, told, counted


def _count(
    reader: Reader, begin: int, number: int, seed: int, block: int, folder: Path, shared: mmap.mmap, says: int
) -> None:
    """In the child: cases from `begin` on, told as they end."""
    results = refused = 0
    for at, content in enumerate(itertools.islice(cases(reader, seed, block), number)):
        if at < begin:
            continue
        shared[:] = struct.pack("<3q", at, results, refused)
        kind, what = outcome(reader, content, folder)
        results, refused = results + (kind == "result"), refused + (kind == "refused")
        if kind == "fault":
            os.write(says, _line(at, what))
    shared[:] = struct.pack("<3q", number, results, refused)


def _line(at: int, what: str) -> bytes:
    return json.dumps([at, what]).encode() + b"\n"


def _listen(
    hears: int, shared: mmap.mmap, hung_s: float, end: Callable[[], None]
) -> tuple[list[tuple[int, str]], bool]:
    """What the child tells until it ends; True where it was ended because a case did not."""
    told, hung, seen, since = b"", False, -1, time.monotonic()
    while True:
        if select.select([hears], [], [], 0.2)[0]:
            piece = os.read(hears, 65536)
            if not piece:
                break
            told += piece
        at = struct.unpack("<3q", shared[:])[0]
        if at != seen:
            seen, since = at, time.monotonic()
        elif not hung and time.monotonic() - since > hung_s:
            hung = True
            end()
    os.close(hears)
    return [(int(at), str(what)) for at, what in map(json.loads, told.splitlines())], hung
