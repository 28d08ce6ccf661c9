"""Words in, objects out: the same functions as behind the verbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroface.door.experiment import Experiment
from neuroface.door.run import Run
from neuroface.door.words import command_of, words_of
from neuroface.places import file_error

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.types import Recording


def train(*words: str, **keys: Any) -> Run | Experiment:
    """Fit and test a classifier, leaving people out: `neuroface train` with the same words.

    nf.train("cohort=folder", "cohort.root=DIR", classifier="lstm"). Returns the finished Run, or the Experiment where
    the words ask for one; a run that is finished already is only opened. A run whose audit failed is returned, too: see
    its `.audit`. Errors: as the command line's, NeurofaceError and its kin.
    """
    from neuroface.studies import start

    with files_in_words():
        return _opened(start.run(words_of(words, keys)))


def evaluate(run: str | Path | Run | list[Any], **keys: Any) -> Run | Experiment:
    """Score finished runs again: `neuroface eval`. Of several runs, the ensemble of them.

    run: a Run, a folder, or a list of them. keys: those of `neuroface eval`: ensemble, out, bootstrap.
    """
    from neuroface.studies.evaluate import evaluated

    given = [_path(one) for one in run] if isinstance(run, list) else [_path(run)]
    with files_in_words():
        words = words_of((), {"run": [str(path) for path in given], **keys})
        return _opened(list(evaluated(words))[-1])


def predict(run: str | Path | Run, *words: str, **keys: Any) -> pd.DataFrame:
    """What a finished run's models say about people whom none of them has seen: `neuroface predict`.

    nf.predict("runs/als", "cohort=folder", "cohort.root=DIR"). One row per person and task: p_<class>, the mean over
    the folds' models, sd_<class>, how much they disagree, predicted, and outside, how many features lie outside the
    range that the run knows. `.attrs["warnings"]` says what to be careful of.
    """
    from neuroface.studies import predict as study

    given = words_of(words, {"run": str(_path(run)), **keys})
    with files_in_words():
        found = study.predict(given)
    found.table.attrs.update(command=command_of("predict", given), warnings=found.warnings)
    return found.table


def show(run: str | Path) -> Run | Experiment:
    """A run or an experiment that is on disk: nf.show("runs/als_vs_hc")."""
    return _opened(Path(run))


def features(*words: str, **keys: Any) -> pd.DataFrame:
    """The feature table of a cohort, one row per repetition: `neuroface features` with the same words.

    Columns: sample, subject, group, task, repetition, ..., y, then one per feature, named with its unit.
    `.attrs["command"]` says how it was made, `.attrs["people"]` how many of each group it is about, and
    `.attrs["left_out"]` what was left out, and why.
    """
    from neuroface.configuration.compose import compose
    from neuroface.progress import Progress
    from neuroface.samples import feature_table
    from neuroface.studies.building import build_samples

    given = words_of(words, keys)
    with files_in_words(), Progress() as progress:
        config, _ = compose("features", given)
        samples, summary = build_samples(config, None, progress=progress)
    table = feature_table(samples)
    table.attrs.update(command=command_of("features", given), people=summary.people, left_out=summary.left_out)
    return table


def landmarks(*words: str, **keys: Any) -> list[Recording]:
    """The recordings of a cohort with their landmarks: `neuroface landmarks` with the same words, nothing written.

    Landmarks are in mm where `lift=depth` is said and there is depth, otherwise as they were found. Each recording's
    `.landmarks` has `.plot()` and `.to_xarray()`; what was filled or dropped stands in its `.notes`.
    """
    from neuroface.configuration.compose import compose
    from neuroface.studies.locate import located

    with files_in_words():
        config, _ = compose("landmarks", words_of(words, keys))
        return list(located(config))


def _opened(path: Path) -> Run | Experiment:
    from neuroface.studies.experiment import ABOUT

    return Experiment(path) if (path / ABOUT).is_file() else Run(path)


def _path(run: str | Path | Run) -> Path:
    return run.path if isinstance(run, Run) else Path(run)


@contextmanager
def files_in_words() -> Iterator[None]:
    """A file that cannot be read or written, told as the command line tells it."""
    try:
        yield
    except OSError as error:
        raise file_error(error) from error
