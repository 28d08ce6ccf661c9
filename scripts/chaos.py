"""Do to runs what machines do to them, start each again, and compare every byte with a run that was let be.

    python scripts/chaos.py --kills 50 --seed 1
    python scripts/chaos.py --kills 3 --only "disk full,two at once"

Prints a table: fault, how often, what the runs said to it, how many results were lost; ends with 1 if any was. A result
is lost when the same command does not end well afterwards, when a byte differs, or when at the instant of the fault a
file stood under its name that was not whole. This process has everything imported and forks a child for each
`neuroface train`, which forks its workers, too: that saves the seconds of starting. With --cold they start as always.
Linux only; disks are mounted in a name space of the child's own.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblib.externals.loky.backend.context import set_start_method

from neuroface.evaluate import time_limit

TABLE = [
    "classifier=svm", "cohort.people={HC: 4, ALS: 4}", "protocol.permutations=12",  # svm: in worker processes
    "execution.n_jobs=2", "execution.tensorboard=false", "features=[als11_v1]",
]  # fmt: skip
NETWORK = ["classifier=mlp", "classifier.max_epochs=40", "protocol.permutations=0", "execution.n_jobs=1"]
NETWORK += [TABLE[1], *TABLE[4:]]
COMPARED = ("predictions.csv", "scores.json", "splits.json", "audit.json", "folds/*.csv", "null/*.csv", "models/*")
AT_ONCE = ("folds/*.csv", "null/*.csv")  # whole at any instant
DEADLINE_S = 240
TRACE = 70  # exit code of a child that an error got out of
LIMIT_S = 2
NO_WORKER = re.compile(r"resource_tracker|^git\b|^$")  # command lines of other children
BIND, REMOUNT, READ_ONLY, PRIVATE = 1 << 12, 1 << 5, 1, 1 << 14 | 1 << 18  # of mount(2)
NEW_MOUNTS, NEW_USER = 0x20000, 0x10000000  # of unshare(2)


class Child:
    """`neuroface train` in a fork of this process. before: what is done in it first."""

    cold = False  # whether workers start as those of the command line

    def __init__(self, words: list[str], run: Path, before: Callable[[], Any] | None = None) -> None:
        self.log = run.with_name(run.name + ".log")
        self.code: int | None = None
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid:
            return
        code = TRACE
        try:
            os.setsid()
            with self.log.open("ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            if not Child.cold:
                set_start_method("fork")
                warnings.filterwarnings("ignore", message=".*`fork` start method")
            if before:
                before()
            from neuroface import cli

            code = cli.main(["train", *words, f"run={run}"])
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code

    def wait(self) -> int:
        """The exit code; a child that outlives DEADLINE_S is ended, and its code is that of SIGKILL."""
        while self.poll() is None:
            if time.monotonic() - self.started > DEADLINE_S:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)
        assert self.code is not None
        return self.code

    def until(self, there: Callable[[], bool]) -> bool:
        """Wait until something is there; False when the child ended before."""
        while not there():
            if self.poll() is not None:
                return False
            time.sleep(0.002)
        return True

    def workers(self) -> list[int]:
        """Its worker processes: its children that stay, but for joblib's resource tracker."""
        first = set(self.children())
        time.sleep(0.05)
        return [pid for pid in self.children() if pid in first and not NO_WORKER.search(_command(pid))]

    def children(self) -> list[int]:
        """Its child processes, by /proc."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
        return found

    def told(self) -> str:
        """The last message that it gave, or error that it met; "" when none."""
        lines = [line for line in _lines(self.log) if re.match(r"neuroface: |[\w.]*(Error|Exception): ", line)]
        return lines[-1].removeprefix("neuroface: ") if lines else ""


@dataclass(frozen=True)
class Stage:
    """Where faults are made. whole_s: what a run takes; expected: its bytes, by the classifier's word."""

    folder: Path
    chosen: random.Random
    whole_s: float
    expected: dict[str, dict[str, bytes]]


Fault = Callable[[Path, Stage], str]  # makes one fault in a run; what the run said, "" when it was done before


def words_of(fault: str) -> list[str]:
    return NETWORK if fault == "rotten checkpoint" else TABLE


def kill_main(run: Path, stage: Stage) -> str:
    child = Child(TABLE, run)
    time.sleep(stage.chosen.uniform(0.05, 1.0) * stage.whole_s)
    if child.poll() is not None:
        return ""
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    return "nothing"


def kill_worker(run: Path, stage: Stage) -> str:
    return _to_worker(Child(TABLE, run), run, stage, signal.SIGKILL)


def freeze_worker(run: Path, stage: Stage) -> str:
    """SIGSTOP: it neither answers nor ends, as a process does that waits for a dead disk."""
    child = Child([*TABLE, f"execution.fold_timeout_s={LIMIT_S}"], run, lambda: setattr(time_limit, "STARTS_S", 5.0))
    return _to_worker(child, run, stage, signal.SIGSTOP)


def _to_worker(child: Child, run: Path, stage: Stage, sent: signal.Signals) -> str:
    wanted = stage.chosen.randrange(1, 8)  # files there when it happens: workers are at work
    chosen: list[int] = []

    def hit() -> bool:
        workers = child.workers() if len(results(run, AT_ONCE)) >= wanted else []
        with suppress(ProcessLookupError):  # it ended in between
            if workers:
                chosen[:] = [stage.chosen.choice(workers)]
                os.kill(chosen[0], sent)
                return True
        return False

    if not child.until(hit):
        return ""
    code = child.wait()
    with suppress(ProcessLookupError):  # a fork leaves before its pool is done with its workers, who hold its lock
        os.kill(chosen[0], signal.SIGKILL)
    return f"{code}: {child.told()}" if code else "0: nothing, it went on"


def kill_scheduler(run: Path, stage: Stage) -> str:
    """A scheduler and three workers as processes of their own; the run joins them by address."""
    with cluster(run.with_name(run.name + ".scheduler")) as (scheduler, address):
        child = Child([*TABLE, "execution.backend=dask", f"execution.address={address}"], run)
        there = stage.chosen.randrange(0, 8)
        if not child.until(lambda: len(results(run, AT_ONCE)) >= there and run.is_dir()):
            return ""
        scheduler.kill()
        code = child.wait()
        return f"{code}: {child.told()}"


@contextmanager
def cluster(file: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    dask = [sys.executable, "-m"]
    scheduler = subprocess.Popen(
        [*dask, "distributed.cli.dask_scheduler", *common, "--host", "127.0.0.1", "--port", "0"], **quiet
    )
    workers = [
        subprocess.Popen([*dask, "distributed.cli.dask_worker", *common, "--nthreads", "1", "--no-nanny"], **quiet)
        for _ in range(3)
    ]
    try:
        while not file.is_file() or not file.read_text():
            time.sleep(0.05)
        yield scheduler, json.loads(file.read_text())["address"]
    finally:
        for process in (scheduler, *workers):
            process.kill()
            process.wait()


def fill_disk(run: Path, stage: Stage) -> str:
    """The disk is full from the n-th file on that is written into the run folder; cleared up afterwards."""
    left = stage.chosen.randrange(10, 40)
    synced = os.fsync

    def full(number: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced(number)

    child = Child(TABLE, run, before=lambda: setattr(os, "fsync", full))
    code = child.wait()
    return f"{code}: {child.told()}"


def read_only_disk(run: Path, stage: Stage) -> str:
    return _under_the_run(
        run, stage, lambda mount: (mount(run, run, BIND), mount(None, run, BIND | REMOUNT | READ_ONLY))
    )


def vanished_disk(run: Path, stage: Stage) -> str:
    """An empty folder stands where the run's was, as when a disk is not mounted any more."""
    return _under_the_run(run, stage, lambda mount: mount("none", run, 0, kind=b"tmpfs"))


def _under_the_run(run: Path, stage: Stage, happen: Callable[[Callable[..., None]], Any]) -> str:
    """The child has mounts of its own, which are changed while it works; what was written before stays on the disk."""
    after, libc = stage.chosen.randrange(1, 12), ctypes.CDLL(None, use_errno=True)

    def checked(result: int) -> None:
        if result:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def mount(source: Any, target: Path, flags: int, kind: bytes | None = None) -> None:
        what = None if source is None else str(source).encode()
        checked(libc.mount(what, str(target).encode(), kind, ctypes.c_ulong(flags), None))

    def meanwhile() -> None:
        while len(results(run, AT_ONCE)) < after:
            time.sleep(0.001)
        happen(mount)

    def before() -> None:
        checked(libc.unshare(NEW_MOUNTS | (0 if os.geteuid() == 0 else NEW_USER)))
        mount("none", Path("/"), PRIVATE)
        threading.Thread(target=meanwhile, daemon=True).start()

    child = Child(TABLE, run, before)
    code = child.wait()
    return f"{code}: {child.told()}"


def moved_away(run: Path, stage: Stage) -> str:
    """The folder gets another name while the run works, and its own again afterwards."""
    child, away = Child(TABLE, run), run.with_name(run.name + ".away")
    after = len(results(run, AT_ONCE)) + stage.chosen.randrange(1, 12)  # the run works there
    if not child.until(lambda: len(results(run, AT_ONCE)) >= after):
        return ""
    run.rename(away)
    code = child.wait()
    written = sorted(str(file.relative_to(run)) for file in run.rglob("*"))[:3] if run.exists() else None
    shutil.rmtree(run, ignore_errors=True)
    away.rename(run)
    return f"{code}: {child.told()}" if written is None else f"lost: {written} written where the folder was"


def two_at_once(run: Path, stage: Stage) -> str:
    """Both start; one works, the other leaves."""
    first, second = Child(TABLE, run), Child(TABLE, run)
    codes = sorted([first.wait(), second.wait()])
    return f"{codes[0]} and {codes[1]}: {next((w for w in _lines(first.log) if 'being written' in w), 'both in turn')}"


def clock_jumps(run: Path, stage: Stage) -> str:
    """time.time leaps by up to a year to either side, at every tenth look; files get the times of such a clock."""
    told, chosen, leap = time.time, random.Random(stage.chosen.random()), 0.0

    def leaping() -> float:
        nonlocal leap
        if chosen.random() < 0.1:
            leap = chosen.uniform(-1, 1) * 365 * 86400
        return told() + leap

    child = Child([*TABLE, "execution.fold_timeout_s=60"], run, before=lambda: setattr(time, "time", leaping))
    time.sleep(stage.chosen.uniform(0.3, 1.0) * stage.whole_s)
    if child.poll() is None:
        os.kill(child.pid, signal.SIGKILL)
    code = child.wait()
    for file in run.rglob("*"):
        os.utime(file, (told() + chosen.uniform(-1, 1) * 3e7,) * 2)
    return "nothing, then killed" if code < 0 else f"{code}: {'nothing' if code == 0 else child.told()}"


def rotten_file(run: Path, stage: Stage) -> str:
    """One bit of a finished fold or permutation changes after the run was killed."""
    child, after = Child(TABLE, run), stage.chosen.randrange(2, 16)
    if not child.until(lambda: len(results(run, AT_ONCE)) >= after):
        return ""
    os.kill(child.pid, signal.SIGKILL)
    if child.wait() == 0:  # done before it was killed: nothing goes on from its files
        return ""
    return _rot(run / stage.chosen.choice(sorted(results(run, AT_ONCE))), run, stage, TABLE)


def rotten_checkpoint(run: Path, stage: Stage) -> str:
    """One bit of the checkpoint of a network's training, which is written after each epoch here."""
    from neuroface.classifiers import training

    child = Child(NETWORK, run, lambda: setattr(training, "CHECKPOINT_S", 0.0))
    if not child.until(lambda: bool(_checkpoints(run)) and len(results(run, AT_ONCE)) >= 1):
        return ""
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    found = _checkpoints(run)
    return _rot(stage.chosen.choice(found), run, stage, NETWORK) if found else ""


def _checkpoints(run: Path) -> list[Path]:
    """Those of folds that are not finished: no other is read again."""
    files = sorted(run.glob("checkpoints/**/*.pt"))
    return [file for file in files if not (run / "folds" / f"{file.stem}.csv").exists()]


def _rot(file: Path, run: Path, stage: Stage, words: list[str]) -> str:
    content = bytearray(file.read_bytes())
    content[stage.chosen.randrange(len(content))] ^= 1 << stage.chosen.randrange(8)
    file.write_bytes(content)
    again = Child(words, run)
    code = again.wait()
    said = [line for line in _lines(again.log) if "damaged" in line]
    return f"{code}: {said[-1]}" if said else f"lost: {file.name} of other bytes was taken for whole"


def rotten_cache(run: Path, stage: Stage) -> str:
    """One bit of an entry of the store, asked for again."""
    import numpy as np

    from neuroface.store import Store

    def fill(out: np.ndarray) -> None:
        out[:] = np.arange(999) % 251

    store = Store(run.with_name(run.name + ".store"))
    whole = store.array({"what": "chaos"}, (999,), fill).tobytes()
    (file,) = store.folder.rglob("*.npy")
    content = bytearray(file.read_bytes())
    content[stage.chosen.randrange(len(content))] ^= 1 << stage.chosen.randrange(8)
    file.unlink()  # the array above still looks at the old one
    file.write_bytes(content)
    same = store.array({"what": "chaos"}, (999,), fill).tobytes() == whole
    return "told on standard error, made again" if same else "lost: other bytes were taken for whole"


FAULTS: dict[str, Fault] = {
    "kill -9, main process": kill_main,
    "kill -9, a worker": kill_worker,
    "kill -9, scheduler": kill_scheduler,
    "a worker frozen": freeze_worker,
    "disk full": fill_disk,
    "disk read-only": read_only_disk,
    "disk vanished": vanished_disk,
    "folder moved away": moved_away,
    "two at once": two_at_once,
    "clock jumps": clock_jumps,
    "rotten file": rotten_file,
    "rotten checkpoint": rotten_checkpoint,
    "rotten cache entry": rotten_cache,
}
MOST = {"kill -9, main process": 1.0, "kill -9, a worker": 0.4}  # of --kills; the others: one of ten


def _command(pid: int) -> str:
    """The command line of a process; "" when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def results(run: Path, patterns: tuple[str, ...] = COMPARED) -> dict[str, bytes]:
    found = {}
    for file in (file for pattern in patterns for file in run.glob(pattern) if not file.name.startswith(".")):
        with suppress(FileNotFoundError):
            found[str(file.relative_to(run))] = file.read_bytes()
    return found


def _lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines()


def whole_run(folder: Path, words: list[str]) -> tuple[float, dict[str, bytes]]:
    child = Child(words, folder)
    if child.wait():
        raise SystemExit(f"the run itself fails: {child.told()}")
    return time.monotonic() - child.started, results(folder)


def suffered(name: str, times: int, stage: Stage) -> Iterator[tuple[str, str]]:
    """Make a fault so many times, up to four times in a run; (what was said, "" or what was lost) of each."""
    words, done, number = words_of(name), 0, 0
    expected = stage.expected[words[0]]
    while done < times:
        number += 1
        run = stage.folder / f"{list(FAULTS).index(name)}-{number}"
        said = []
        most = 1 if name.startswith("rotten") else stage.chosen.randint(1, 4)  # rot is found when a run goes on
        for _ in range(min(times - done, most)):
            told = FAULTS[name](run, stage)
            if not told:
                break
            halves = [file for file, content in results(run, AT_ONCE).items() if content != expected[file]]
            said.append((told, f"{halves} were not whole" if halves else told if told.startswith("lost") else ""))
        last = Child(words, run)
        code = last.wait()
        now = results(run)
        differing = sorted(file for file in {*now, *expected} if now.get(file) != expected.get(file))
        wrong = f"ended with {code}: {last.told()}" if code else f"{differing[:3]} differ" if differing else ""
        for told, lost in said:
            lost = lost or ("a trace instead of a message" if told.startswith(f"{TRACE}:") else "")
            yield told, lost or wrong
        done += len(said)
        shutil.rmtree(run, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of the main process; the other faults get a share")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="names of faults, with semicolons between them")
    parser.add_argument("--cold", action="store_true", help="workers start as those of the command line")
    options = parser.parse_args()
    Child.cold = options.cold
    wanted = [name.strip() for name in options.only.split(";") if name.strip()] or list(FAULTS)
    if unknown := [name for name in wanted if name not in FAULTS]:
        parser.error(f"no fault of the name {unknown[0]}; there are {'; '.join(FAULTS)}")
    import_all()
    started, lost_in_all = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        whole_s, table = whole_run(Path(folder) / "table", TABLE)
        expected = {TABLE[0]: table}
        if "rotten checkpoint" in wanted:
            expected[NETWORK[0]] = whole_run(Path(folder) / "network", NETWORK)[1]
        print(f"a run of {whole_s:.1f} s, {len(table)} files compared")
        print(f"{'fault':<22} {'times':>5} {'lost':>5}   said (exit code first)", flush=True)
        for name in wanted:
            stage = Stage(Path(folder), random.Random(f"{options.seed} {name}"), whole_s, expected)
            times = max(1, round(options.kills * MOST.get(name, 0.1)))
            found = list(suffered(name, times, stage))
            lost = [why for _, why in found if why]
            lost_in_all += len(lost)
            said = Counter(told.replace(folder, "") for told, _ in found).most_common(1)[0][0]
            print(f"{name:<22} {len(found):>5} {len(lost):>5}   {said}", flush=True)
            for why, n in Counter(lost).most_common(3):
                print(f"    {n} x {why.replace(folder, '')}", flush=True)
    print(f"lost: {lost_in_all}   ({time.monotonic() - started:.0f} s)")
    return int(lost_in_all > 0)


def import_all() -> None:
    """What a run imports, so that its fork need not."""
    import matplotlib.figure  # noqa: F401
    import sklearn.svm  # noqa: F401
    import skops.io  # noqa: F401

    from neuroface import cli  # noqa: F401
    from neuroface.classifiers import mlp, torch_classifier  # noqa: F401
    from neuroface.cohorts import synthetic  # noqa: F401
    from neuroface.evaluate import engine, spread  # noqa: F401
    from neuroface.report import html, tables  # noqa: F401
    from neuroface.studies import building, train  # noqa: F401


if __name__ == "__main__":
    raise SystemExit(main())
