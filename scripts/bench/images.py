"""Still pictures: frozen networks over folds, reading beside OpenCV, training's loader, and memory by their number.

python scripts/bench/images.py [--people 24] [--each 8] [--images 300] [--memory 1000 10000] One thread, best of the
repeats, interleaved. Folds: embedding each picture once and fitting a head per fold, against running the backbone for
each fold's pictures again (three of the folds are run and scaled up). Reading: `cohort=image_folder`, 512 px
JPEG files kept at 224 px, against `cv2.imread` and a resize. Loader: an epoch's batches through the training loop's
inputs and the network, against the network on batches that are ready. Memory: the most that a process of its own holds
beside files (RssAnon) when it reads so many pictures into samples, at 64 px.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from neuroface.classifiers.backbones import Backbone, embedded
from neuroface.classifiers.inputs import Inputs
from neuroface.cohorts.image_folder import ImageFolderCohort
from neuroface.store import Store
from neuroface.views.images import Images
from neuroface.views.seen import Seen

FOLDS_RATIO, LOADER, READING, GROWTH = 0.8, 1.15, 1.3, 1.3
LARGE, KEPT, SMALL = 512, 224, 64


def seconds(*ways: Callable[[], object], repeats: int = 3) -> list[float]:
    """Best of the repeats of each way, taking turns."""
    best = [float("inf")] * len(ways)
    for _ in range(repeats):
        for i, way in enumerate(ways):
            began = time.perf_counter()
            way()
            best[i] = min(best[i], time.perf_counter() - began)
    return best


def folds(people: int, each: int) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(people * each, 112, 112, 3)).astype(np.float32))
    who, y = np.repeat(np.arange(people), each), np.repeat(np.arange(people) % 3, each)
    backbone = Backbone((112, 112, 3), kind="resnet18")

    def heads(vectors: np.ndarray, tested: range) -> None:
        for person in tested:
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
            model.fit(vectors[who != person], y[who != person])
            model.predict_proba(vectors[who == person])

    def once() -> None:
        heads(embedded(backbone, x).numpy(), range(people))

    def again() -> None:
        for person in range(3):
            heads(embedded(backbone, x).numpy(), range(person, person + 1))

    reused, anew = seconds(once, again, repeats=2)
    ratio = anew * people / 3 / reused
    tell(f"frozen ResNet-18 reused by {people} folds", ratio, at_least=FOLDS_RATIO * people)


def reading(folder: Path, images: int) -> None:
    files = written(folder / "large", images, LARGE)

    def plain() -> None:
        for file in files:
            cv2.resize(cv2.imread(str(file)), (KEPT, KEPT), interpolation=cv2.INTER_AREA)

    def kept() -> None:
        samples(folder / "large", KEPT, Path(tempfile.mkdtemp(dir=folder)))

    plain_s, kept_s = seconds(plain, kept)
    tell(
        f"{images} pictures of {LARGE} px kept at {KEPT} px, beside imread and resize",
        kept_s / plain_s,
        at_most=READING,
    )


def loader() -> None:
    X = np.random.default_rng(0).integers(0, 255, (256, 112, 112, 3)).astype(np.uint8)
    network, device = Backbone((112, 112, 3), kind="resnet18").eval(), torch.device("cpu")
    inputs = Inputs.fitted(X)
    rows = inputs.rows(X, device)
    ready = [inputs.batch(rows, at, device)[0] for at in torch.arange(len(X)).split(32)]

    @torch.no_grad()
    def loaded() -> None:
        for at in torch.arange(len(X)).split(32):
            network(inputs.batch(rows, at, device)[0])

    @torch.no_grad()
    def bare() -> None:
        for x in ready:
            network(x)

    bare_s, loaded_s = seconds(bare, loaded)
    tell("loader beside the bare network", loaded_s / bare_s, at_most=LOADER)


def memory(folder: Path, counts: list[int]) -> None:
    held = []
    for count in counts:
        written(folder / str(count), count, 2 * SMALL)
        words = [sys.executable, __file__, "--child", str(folder / str(count))]
        held.append(float(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[-1]))
        print(f"{count} pictures: at most {held[-1]:.0f} MB beside files")
    tell(f"memory, {counts[-1]} pictures over {counts[0]}", held[-1] / held[0], at_most=GROWTH)


def child(folder: Path) -> None:
    """Reads a folder and prints the most memory, in MB, that was held beside files."""
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            told = Path("/proc/self/status").read_text(encoding="utf-8")
            most[0] = max(most[0], int(told.partition("RssAnon:")[2].split()[0]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    with tempfile.TemporaryDirectory(dir=folder.parent) as store:
        samples(folder, SMALL, Path(store))
    done.set()
    watcher.join()
    print(most[0] / 1024)


def samples(folder: Path, size: int, store: Path) -> np.ndarray:
    """(n, size, size, 3): what `cohort=image_folder` and the view of pictures make of a folder."""
    view = Images(size=size, align="whole")
    view.store = Store(store)
    rows = []
    for recording in ImageFolderCohort(root=folder).recordings():
        seen = Seen(recording, recording.landmarks, recording.landmarks, recording.repetitions or ())
        rows += [row for row in view.rows(seen)[1] if row is not None]
    return view.gather(rows)


def written(folder: Path, count: int, size: int) -> list[Path]:
    """Smooth pictures, each another, as JPEG files of two classes."""
    rng = np.random.default_rng(0)
    files = []
    for number in range(count):
        file = folder / "ab"[number % 2] / f"{number:05d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)
        cv2.imwrite(str(file), cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC))
        files.append(file)
    return files


def tell(what: str, ratio: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    bound = f"at least {at_least:.2f}" if at_least is not None else f"at most {at_most:.2f}"
    kept = ratio >= at_least if at_least is not None else ratio <= (at_most or 0)
    print(f"{what}: {ratio:.2f} ({bound}{'' if kept else '; MISSED'})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--memory", type=int, nargs=2, default=[1000, 10000])
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if told.child:
        child(told.child)
        return
    print(f"files that may be open at once: {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}")
    loader()
    folds(told.people, told.each)
    with tempfile.TemporaryDirectory() as folder:
        reading(Path(folder), told.images)
        memory(Path(folder), told.memory)


if __name__ == "__main__":
    main()
