"""Cases that coverage guides (atheris): inputs that reach new code of neuroface are kept and changed further.

`apart` starts this file as a program for one reader, which ends with libFuzzer; what it counted stands in a file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_apart import MEMORY, MOST_BYTES
from fuzz_case import Reader, case, outcome
from fuzz_packed import packing

START_S = 180.0  # at most, until everything is imported and the first case begins
COMPILED = ("neuroface.classifiers.forest_kernels",)  # by numba, which knows no instruments
SAVED_S = 0.5  # between two notes of what was counted
STATE = re.compile(r"cov: (\d+) .*?corp: (\d+)/")


@dataclass
class Found:
    """What came of one reader. edges: coverage, of neuroface alone; kept: inputs that reached something new."""

    name: str
    results: int = 0
    refused: int = 0
    edges: int = 0
    kept: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def executed(self) -> int:
        return self.results + self.refused + self.faults.total()


def apart(
    group: int, reader: Reader, seconds: int, seed: int, keep: Path | None = None, source: Path | None = None
) -> Found:
    """So many seconds of one reader. A process that does not end by itself is a fault; the next goes on from there."""
    found, left = Found(reader.name), float(seconds)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        place = Path(folder)
        (place / "kept").mkdir()
        (place / "kept" / "valid").write_bytes(reader.content)
        while left >= 1:
            for old in ("counted.json", "last"):
                (place / old).unlink(missing_ok=True)
            words = [
                sys.executable,
                str(Path(__file__).resolve()),
                str(group),
                reader.name,
                folder,
                str(round(left)),
                str(seed),
            ]
            words += ["--keep", str(keep.resolve())] if keep else []
            words += ["--readers", str(source.resolve())] if source else []
            ended = _run(words, place, reader.hung_s, left)
            if not (place / "counted.json").is_file():
                last = (place / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
                found.faults[f"no case was begun: {(last or [ended])[-1]}"] += 1
                break
            told = json.loads((place / "counted.json").read_text(encoding="utf-8"))
            found.results, found.refused = found.results + told["results"], found.refused + told["refused"]
            found.faults.update(told["faults"])
            for state in STATE.finditer((place / "log").read_text(encoding="utf-8", errors="replace")):
                found.edges, found.kept = max(found.edges, int(state[1])), max(found.kept, int(state[2]))
            if not ended:
                break
            if reader.apart:
                found.refused += 1
            else:
                found.faults[ended] += 1
                if keep is not None:
                    _save(keep, reader, ended, (place / "last").read_bytes())
            left, seed = left - told["seconds"], seed + 1000
    return found


def _run(words: list[str], place: Path, hung_s: float, seconds: float) -> str:
    """One process; "" if it came to its end, else how it ended."""
    begun = time.monotonic()
    last = place / "last"
    with (place / "log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as child:
        seen, since = None, begun + START_S
        while child.poll() is None:
            time.sleep(0.1)
            now = last.stat().st_mtime_ns if last.is_file() else None
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > (hung_s if seen else 0.0):
                child.kill()
                child.wait()
                return f"took more than {hung_s:g} s in compiled code" if seen else f"did not begin in {START_S:g} s"
    return f"the process ended with {child.returncode}" if child.returncode else ""


def _save(keep: Path, reader: Reader, what: str, content: bytes) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    (keep / f"{reader.name}-{re.sub(r'[^A-Za-z0-9]+', '-', what)}-{Path(reader.file).name}").write_bytes(content)


class Target:
    """What libFuzzer calls: one case, and a change of one."""

    def __init__(self, reader: Reader, place: Path, folder: Path, keep: Path | None) -> None:
        self.reader, self.place, self.folder, self.keep = reader, place, folder, keep
        self.counted: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.begun = self.saved = time.monotonic()

    def save(self) -> None:
        self.saved = time.monotonic()
        told = {"results": self.counted["result"], "refused": self.counted["refused"], "faults": self.faults}
        draft = self.folder / "counted.tmp"
        draft.write_text(json.dumps({**told, "seconds": self.saved - self.begun}), encoding="utf-8")
        draft.replace(self.folder / "counted.json")

    def case(self, content: bytes) -> None:
        (self.folder / "last").write_bytes(content)
        kind, what = outcome(self.reader, content, self.place)
        self.counted[kind] += 1
        if kind == "fault":
            self.faults[what] += 1
            if self.keep and self.faults[what] == 1:
                _save(self.keep, self.reader, what, content)
        if time.monotonic() - self.saved > SAVED_S:
            self.save()

    def change(self, content: bytes, at_most: int, seed: int) -> bytes:
        """libFuzzer's own change, of the whole or of a part inside; or one as without guidance."""
        import atheris

        chosen = random.Random(seed)
        kind = chosen.random()
        try:
            if kind < 0.25:
                return case(content, chosen)[:at_most]
            if kind < 0.6 and (packed := packing(content)) is not None:
                return packed(content, lambda part: atheris.Mutate(part, len(part) + 64), chosen)[:at_most]
        except Exception:  # it is so broken by now that it cannot be unpacked
            pass
        return atheris.Mutate(content, at_most)


def main() -> None:
    """One reader, until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("group", type=int)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--readers", type=Path)
    options = parser.parse_args()
    import atheris

    for module in COMPILED:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        with atheris.instrument_imports(include=["neuroface", *([options.readers.stem] if options.readers else [])]):
            import fuzz

            made = fuzz.groups(options.readers)[options.group]()
            reader = next(reader for reader in made if reader.name == options.name)
            reader.lay_out(Path(place))
            kind, what = outcome(reader, reader.content, Path(place))  # what it imports late is instrumented, too
        if kind != "result":
            raise SystemExit(f"the valid file is refused: {what}")
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        longest = max(4096, 2 * len(reader.content))
        words = [f"-max_total_time={options.seconds}", f"-seed={options.seed + 1}", f"-max_len={longest}"]
        words += ["-timeout=0", "-rss_limit_mb=0", "-close_fd_mask=3", f"-artifact_prefix={options.folder}/"]
        target = Target(reader, Path(place), options.folder, options.keep)
        atheris.Setup([sys.argv[0], *words, str(options.folder / "kept")], target.case, custom_mutator=target.change)
        target.save()
        atheris.Fuzz()


if __name__ == "__main__":
    main()
