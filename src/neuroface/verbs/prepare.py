"""`neuroface prepare`: a cohort written to disk, or what is found of it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from neuroface.configuration.compose import compose, instantiate
from neuroface.errors import ConfigError, Problems, did_you_mean
from neuroface.places import check_writable

if TYPE_CHECKING:
    from neuroface.studies.pieces import Pieces
    from neuroface.studies.whole import Recordings

OTHERS = ("openface", "movement", "motion_bids")  # for other tools
LAYOUTS = ("native", "toronto", "faces", "annotations", *OTHERS)
LAYOUT_OF = {"videos": "faces", "fnp": "annotations", "ckplus": "annotations"}  # of other cohorts: native


def run(overrides: list[str]) -> None:
    """Write every recording of the cohort under `out`; without one, tell what a cohort on disk holds."""
    config, choices = compose("prepare", overrides)
    from neuroface.studies.building import build_cohort

    cohort, common = build_cohort(config)
    if not config.out:
        if not hasattr(cohort, "inventory"):
            raise ConfigError("out= says where the folder goes: out=DIR.")
        print(cohort.inventory())
        return
    if not hasattr(cohort, "recordings"):
        raise ConfigError("cohort=table holds features, not recordings; there is nothing to prepare.")
    if config.flow:
        check_writable("out", Path(str(config.out)))
        print(_flow(cohort, common, Path(str(config.out)), config))
        return
    layout = common.get("layout") or LAYOUT_OF.get(str(choices.get("cohort")), "native")
    if layout not in LAYOUTS:
        raise ConfigError(f"cohort.layout={layout}: there is no such layout." + did_you_mean(layout, LAYOUTS))
    check_writable("out", Path(str(config.out)))
    if layout in OTHERS:
        print(_for_others(cohort, common, Path(str(config.out)), config, layout))
        return
    write = {"native": _native, "toronto": _toronto, "faces": _faces, "annotations": _annotations}[layout]
    print(write(cohort, common, Path(str(config.out)), config))


def _native(cohort: Any, common: dict[str, Any], out: Path, config: DictConfig) -> str:
    from neuroface.cohorts import folder_writer, native
    from neuroface.studies.building import read_recordings

    recordings = read_recordings(cohort, common, quality=instantiate(config.quality, "quality"))
    folder_writer.check(recordings.read(), out)  # before the first of their frames is read
    with _written(recordings, native.write_below, None, out, config) as pieces:
        named = recordings.named
        written = folder_writer.finish(named, out, pieces.files(named), lambda: pieces.place(named))
    people = f"{written.recordings} recordings of {written.people} people"
    return f"{people}\n{out}\nread it with cohort=folder cohort.root={out}"


def _toronto(cohort: Any, common: dict[str, Any], out: Path, config: DictConfig) -> str:
    from neuroface.cohorts import toronto_write
    from neuroface.studies.building import read_recordings

    recordings = read_recordings(cohort, common, quality=instantiate(config.quality, "quality"))
    release = toronto_write.Release(recordings.read(), out)
    chosen, do = release.recordings, toronto_write.write_below
    recordings.named = chosen
    with _written(recordings, do, release.settings, release.stage, config) as pieces:
        told = [pieces.told(one) or {} for one in chosen]
        pieces.place(chosen)
        pieces.close(chosen)
        written = release.finish(told)
    lines = [f"{written.recordings} recordings of {len(written.people)} people"]
    lines.append(f"{written.frames_annotated} annotated frames")
    lines += [f"left out {name}: {why}" for name, why in written.left_out]
    return "\n".join([*lines, str(out), f"read it with cohort=toronto cohort.root={out}"])


@contextmanager
def _written(recordings: Recordings, do: Any, given: Any, place: Path, config: DictConfig) -> Iterator[Pieces]:
    """The files of all recordings, which have been read, below `place`, whole and not yet where they go.

    do(given, recording, folder) writes those of one, in a worker. Errors: DataError or RunFailedError that names those
    that could not be written; the others are kept for the next time.
    """
    from neuroface.evaluate.spread import spread
    from neuroface.progress import Progress
    from neuroface.studies.pieces import AGAIN, Pieces, made_by

    where, problems = config.execution, Problems()
    root = place.expanduser().resolve()
    pieces = Pieces(root, root, made_by(config, "prepare"))
    with pieces.open():
        with spread(where.backend, address=where.address, n_jobs=where.n_jobs), Progress() as progress:
            failures = pieces.write(recordings, do, given, execution=where, problems=problems, progress=progress)
        failures.raise_if_any(AGAIN)
        problems.raise_if_any(AGAIN)
        yield pieces


def _for_others(cohort: Any, common: dict[str, Any], out: Path, config: DictConfig, layout: str) -> str:
    from neuroface.cohorts import points_writer
    from neuroface.studies.building import wanted_recordings

    wanted = wanted_recordings(cohort, common, quality=instantiate(config.quality, "quality"))
    count = points_writer.write(wanted, out.expanduser().resolve(), layout)
    reader = "openface" if layout == "openface" else "points"
    read = f"cohort={reader} cohort.root={out} cohort.subjects={out}/subjects.csv cohort.annotations={out}"
    return f"{count} recordings\n{out}\nread them with {read}"


def _faces(cohort: Any, common: dict[str, Any], out: Path, config: DictConfig) -> str:
    from neuroface.evaluate.spread import spread
    from neuroface.progress import Progress
    from neuroface.studies.building import read_recordings
    from neuroface.studies.cut_faces import prepare_faces

    told, where = {**common, "skip_broken": False}, config.execution  # all that cannot be opened reach left_out.csv
    with spread(where.backend, address=where.address, n_jobs=where.n_jobs), Progress() as progress:
        prepared = prepare_faces(
            read_recordings(cohort, told, quality=instantiate(config.quality, "quality")),
            out,
            instantiate(config.faces, "faces"),
            root=config.cohort.get("root"),
            n_jobs=where.n_jobs,
            limit_s=where.fold_timeout_s,
            skip_broken=bool(common.get("skip_broken")),
            progress=progress,
        )
    return prepared.text()


def _flow(cohort: Any, common: dict[str, Any], out: Path, config: DictConfig) -> str:
    import sys

    from neuroface.cohorts.megc_write import REGIONS
    from neuroface.studies.building import build_steps, print_left_out, wanted_recordings

    steps = build_steps(config)
    recordings = wanted_recordings(cohort, common, quality=steps.quality)
    items, classes, left_out = instantiate(config.flow_images, "flow_images").write(
        recordings, steps, out.expanduser().resolve(), skip_broken=bool(common.get("skip_broken"))
    )
    print_left_out(left_out, file=sys.stderr)
    counts = ", ".join(f"{sum(item.group == name for item in items)} {name}" for name in classes)
    people = len({item.subject for item in items})
    read = f"cohort=megc cohort.root={out} cohort.regions={REGIONS} protocol.target=label"
    return f"{len(items)} movements of {people} people: {counts}\n{out}\nread them with {read}"


def _annotations(cohort: Any, common: dict[str, Any], out: Path, config: DictConfig) -> str:
    from neuroface.cohorts import annotate
    from neuroface.cohorts.ckplus import CkPlusCohort
    from neuroface.studies.building import wanted_recordings

    copies = isinstance(getattr(cohort, "cohort", cohort), CkPlusCohort)
    if copies and cohort.target != "grade":
        raise ConfigError("prepare cohort=ckplus writes grades. Set cohort.target=grade and cohort.grades=FILE.")
    prepared = annotate.write(
        wanted_recordings(cohort, common, quality=instantiate(config.quality, "quality")),
        out,
        ratios=dict(config.ratios),
        seed=config.seed,
        copy_peaks=copies,
    )
    root = out if copies else config.cohort.root
    read = f"cohort=fnp cohort.root={root}" + ("" if copies else f" cohort.annotations={prepared.file}")
    return f"{prepared.text()}\n{prepared.file}\nread it with {read}"
