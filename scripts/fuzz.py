"""Broken files for every reader: the only outcomes allowed are a result and a NeurofaceError.

    python scripts/fuzz.py --cases 100000 --jobs 8         # a table: reader, cases, outcomes, cases per second
    python scripts/fuzz.py --cases 1000 --only elan,words --seed 3
    python scripts/fuzz.py --guided 60 --jobs 8            # a minute for each reader; needs: pip install atheris
    python scripts/fuzz.py --readers mine.py               # those that readers() of a file of yours returns

Each case breaks a small valid file in one to four places: bytes flipped, cut, doubled or moved, numbers and words
replaced by what readers do not expect. Of archives, arrays, PNG and safetensors every other case breaks what is
inside and packs it again. The same seed gives the same cases, for any number of processes. With --guided, inputs that
reach new code of neuroface are kept and changed further.

A case that takes more than LIMIT_S, memory above MOST_BYTES, or the process with it, is a fault. A fault ends the
program with 1; the first file of each kind of fault is kept in --keep.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # it says much about broken pictures

import fuzz_apart
from fuzz_case import Reader

BLOCK = 1000  # cases of one reader that a process does in one go


Group = Callable[[], list[Reader]]


def groups(source: Path | None = None) -> list[Group]:
    """What makes the readers, some at a time: ours, or the function readers() of a file."""
    if source is not None:
        sys.path.insert(0, str(source.resolve().parent))  # imported as any other, so that coverage is seen
        return [importlib.import_module(source.stem).readers]
    import fuzz_binary
    import fuzz_cohorts
    import fuzz_files

    whole = [_of_tuples(make) for make in fuzz_cohorts.groups()]
    return [*fuzz_files.groups(), *whole, *fuzz_binary.groups()]


def _of_tuples(make: Callable[[], list[Any]]) -> Group:
    return lambda: [Reader(name, *rest) for name, *rest in make()]


@functools.cache
def readers(source: Path | None = None) -> dict[str, tuple[int, Reader]]:
    """Every reader, with a small valid file, by name; and the number of its group."""
    made = [(number, reader) for number, make in enumerate(groups(source)) for reader in make()]
    return {reader.name: (number, reader) for number, reader in made}


def fuzz_block(source: Path | None, name: str, cases: int, seed: int, keep: Path | None, block: int) -> Any:
    """In a worker: a block of one reader's cases, and the seconds that it took."""
    reader, started = readers(source)[name][1], time.monotonic()
    found = fuzz_apart.fuzz(reader, cases, seed, keep, block)
    return name, *found, time.monotonic() - started


def blocks(cases: int) -> list[tuple[int, int]]:
    """(number, cases) of the blocks that so many cases are done in."""
    return [(at, min(BLOCK, cases - at * BLOCK)) for at in range(-(-cases // BLOCK))]


def mutate(wanted: Sequence[tuple[int, Reader]], options: argparse.Namespace) -> bool:
    """The table of random cases; whether there was a fault."""
    failed = False
    print(f"{'reader':<16} {'cases':>8} {'results':>8} {'refused':>8} {'faults':>7} {'per s':>7}")
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        asked = {
            reader.name: [
                pool.submit(fuzz_block, options.readers, reader.name, cases, options.seed, options.keep, block)
                for block, cases in blocks(max(1, options.cases // reader.weight))
            ]
            for _, reader in wanted
        }
        for name, parts in asked.items():
            done = [part.result() for part in parts]
            found, faults = sum((d[1] for d in done), Counter()), sum((d[2] for d in done), Counter())
            counts = f"{found.total():>8} {found['result']:>8} {found['refused']:>8} {found['fault']:>7}"
            print(f"{name:<16} {counts} {found.total() / max(1e-9, sum(d[3] for d in done)):>7.0f}", flush=True)
            _tell(faults)
            failed |= bool(faults)
    return failed


def guide(wanted: Sequence[tuple[int, Reader]], options: argparse.Namespace) -> bool:
    """The table of guided cases, each reader in a process of its own; whether there was a fault."""
    import fuzz_guided

    failed = False
    print(f"{'reader':<16} {'executed':>8} {'results':>8} {'refused':>8} {'faults':>7} {'edges':>7} {'kept':>6}")
    with ThreadPoolExecutor(options.jobs) as pool:
        run = functools.partial(
            fuzz_guided.apart, seconds=options.guided, seed=options.seed, keep=options.keep, source=options.readers
        )
        for found in pool.map(run, *zip(*wanted, strict=True)):
            counts = f"{found.executed:>8} {found.results:>8} {found.refused:>8} {sum(found.faults.values()):>7}"
            print(f"{found.name:<16} {counts} {found.edges:>7} {found.kept:>6}", flush=True)
            _tell(Counter(found.faults))
            failed |= bool(found.faults)
    return failed


def _tell(faults: Counter[str]) -> None:
    for what, times in faults.most_common():
        print(f"    {times} x {what}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000, help="of each reader; costly readers get a share")
    parser.add_argument("--guided", type=int, default=0, metavar="SECONDS", help="guided by coverage, so long each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="names of readers, with commas between them")
    parser.add_argument("--readers", type=Path, metavar="FILE.py", help="readers of your own: its readers()")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--keep", type=Path, help="where the files of faults are kept")
    options = parser.parse_args()
    known = readers(options.readers)
    wanted = [name.strip() for name in options.only.split(",") if name.strip()] or list(known)
    if unknown := set(wanted) - set(known):
        parser.error(f"there is no reader {', '.join(sorted(unknown))}; choose from {', '.join(known)}")
    if options.guided and importlib.util.find_spec("atheris") is None:
        parser.error("--guided needs atheris: pip install atheris (Linux, macOS; it is no part of any extra)")
    return int((guide if options.guided else mutate)([known[name] for name in wanted], options))


if __name__ == "__main__":
    sys.exit(main())
