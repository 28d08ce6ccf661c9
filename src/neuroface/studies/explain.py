"""What the networks of a run looked at, each person seen by the fold that left them out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.evaluate.cells import guarded_table
from neuroface.evaluate.run_folder import RunFolder
from neuroface.studies.finished import run_config, targets_of_node

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.classifiers.torch_classifier import TorchClassifier
    from neuroface.explain.album import Album
    from neuroface.types import Samples

FOLDER = "explain"  # below the run folder
TOLERANCE = 0.02  # of a probability, when a model is asked again: bf16 and another device round differently


def explain(path: Path, *, asked: DictConfig, n_panels: int, tiles: int) -> str:
    """Draw and measure the maps of one run; returns what asymmetry_report.txt says, and where it is.

    asked: the composed words of `explain`, of which its execution is used.
    Errors: ConfigError for a run that is not of networks on pictures; DataError when data or code changed since;
    LeakageError when the model of a fold has learnt from a person of that fold.
    """
    from neuroface.evaluate.predictions import classes_of
    from neuroface.explain.album import Album
    from neuroface.explain.maps import check_classifier
    from neuroface.progress import Progress
    from neuroface.studies.building import build_estimator, build_steps, build_view

    config = run_config(path, asked)
    view = build_view(config, build_steps(config))
    check_classifier(build_estimator(config), view.name, where=str(path))
    with RunFolder(path).locked() as folder, Progress() as progress:
        samples = _samples(config, progress)
        predictions = _predictions(path, samples)
        album = Album(classes_of(predictions.columns), _spread(predictions, n_panels))
        folds = predictions.groupby("fold", sort=False)
        for done, (name, rows) in enumerate(folds):
            progress("folds looked at", done, len(folds))
            model = _model(path, config, str(name), set(rows["subject"]))
            _look(model, samples, rows, album, tiles=tiles, where=f"{path}, fold {name}")
        return _write(folder, album)


def _samples(config: DictConfig, progress: Any) -> Samples:
    """The run's samples, with masks of the facial regions and the affected side wherever these are known.

    Both are for measuring alone: a network that was fitted without them is not given them.
    """
    from neuroface.studies.building import build_protocol, build_samples

    asked = config.copy()
    OmegaConf.update(asked, "classifier.side_weight", 1.0, force_add=True)
    view = asked.classifier.view
    if isinstance(view.get("regions"), bool) and view.get("align") != "whole":
        view.regions = True
    return build_samples(asked, build_protocol(config), progress=progress)[0]


def _predictions(path: Path, samples: Samples) -> pd.DataFrame:
    """predictions.csv, with `at`, the place of each row in the samples, and the class predicted."""
    from neuroface.evaluate.predictions import classes_of, read_predictions

    predictions = read_predictions(path / "predictions.csv")
    places = {str(name): i for i, name in enumerate(samples.meta["sample"])}
    odd = sorted(set(predictions["sample"]) ^ set(places))
    if odd:
        raise DataError(
            f"{path}: {len(odd)} samples are only in predictions.csv or only in the data: {', '.join(odd[:6])}. "
            "The data have changed since; train again with another run=."
        )
    classes = np.array(classes_of(predictions.columns))
    best = predictions[[f"p_{name}" for name in classes]].to_numpy(float).argmax(axis=1)
    return predictions.assign(at=predictions["sample"].map(places), predicted=classes[best])


def _spread(predictions: pd.DataFrame, number: int) -> list[str]:
    """So many samples, or all, evenly over the classes' people."""
    ordered = predictions.sort_values(["y", "sample"])["sample"].to_numpy()
    at = np.linspace(0, len(ordered) - 1, min(number, len(ordered))).round().astype(int)
    return [str(name) for name in ordered[at]]


def _look(
    classifier: TorchClassifier, samples: Samples, rows: pd.DataFrame, album: Album, *, tiles: int, where: str
) -> None:
    """Ask the model of one fold about the people it left out."""
    from neuroface.evaluate.predictions import classes_of
    from neuroface.explain import maps

    X = np.asarray(samples.X[rows["at"].to_numpy()])
    given = maps.inputs_for(classifier, X)
    classes = tuple(classes_of(rows.columns))
    _check_same(classifier, given, rows, classes, where=where)
    known = rows[["sample", "subject", "task", "repetition", "fold", "y", "predicted"]]
    known = known.assign(side=samples.meta["side"][rows["at"].to_numpy()])
    album.add(known, maps.maps_of(classifier, given, classes, tiles=tiles), *maps.pictures_and_masks(X))


def _model(path: Path, config: DictConfig, fold: str, people: set[str]) -> TorchClassifier:
    """The fitted classifier of a fold, which must not have learnt from these people."""
    from neuroface.classifiers import load_network

    file = path / "models" / f"{fold}.safetensors"
    if not file.is_file():
        raise ConfigError(f"{file} is not there. Train again with execution.save_models=true and another run=.")
    classifier = load_network.load(file, trusted=set(targets_of_node(config)), device=config.execution.device)
    learnt_from = sorted(people & set(classifier.people_))
    if learnt_from:
        raise LeakageError(f"{file} was fitted on {', '.join(learnt_from)}, who are judged by it. Train again.")
    return classifier


def _check_same(
    classifier: TorchClassifier, X: np.ndarray, rows: pd.DataFrame, classes: tuple[str, ...], *, where: str
) -> None:
    """What is explained must be what was judged: the model says again what predictions.csv says."""
    from neuroface.evaluate.fold import predict

    before = rows[[f"p_{name}" for name in classes]].to_numpy(float)
    apart = float(np.abs(predict(classifier, X, classes) - before).max())
    if apart > TOLERANCE:
        raise DataError(
            f"{where}: its model now gives probabilities up to {apart:.2f} away from those in predictions.csv. "
            "Data or code have changed since; train again with another run=."
        )


def _write(folder: RunFolder, album: Album) -> str:
    """Every file of explain/; returns the report's text and where they are."""
    text = album.report(where=str(folder.path))
    folder.write_text(f"{FOLDER}/asymmetry.csv", guarded_table(album.table).to_csv(index=False, float_format="%.6g"))
    folder.write_text(f"{FOLDER}/asymmetry_report.txt", text)
    for name, figure in album.figures():
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=130)
        folder.write_bytes(f"{FOLDER}/{name}.png", content.getvalue())
    return f"{text}\n{folder.path / FOLDER}"
