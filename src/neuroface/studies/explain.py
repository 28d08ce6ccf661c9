"""What the networks of a run looked at, each person seen by the fold that left them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.evaluate.cells import guarded_table
from neuroface.evaluate.run_folder import RunFolder
from neuroface.studies.finished import NO_FACES, run_config, shows_faces, targets_of_node, unmeasured

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.classifiers.torch_classifier import TorchClassifier
    from neuroface.explain.album import Album
    from neuroface.types import Samples

FOLDER = "explain"  # below the run folder
TOLERANCE = 0.02  # of a probability, when a model is asked again: bf16 and another device round differently
FURTHER = {
    "asymmetry_analysis": "Asymmetry by class: people, their mean, 95 % interval; and the brighter side.",
    "class_faces": "Mean face of each class, and its maps of asymmetry.",
}


def explain(path: Path, *, asked: DictConfig, n_panels: int, tiles: int, refits: int) -> str:
    """Draw and measure the maps of one run of networks on pictures or clips; returns what they say in short.

    asked: the composed words of `explain`, of which its execution is used. refits: how many folds are learnt once more
    from shuffled labels.
    Errors: ConfigError for a run that is not of such networks; DataError when data or code changed since; LeakageError
    when the model of a fold has learnt from a person of that fold.
    """
    from neuroface.evaluate.predictions import classes_of
    from neuroface.explain.album import Album
    from neuroface.explain.gradients import with_random_weights
    from neuroface.explain.lights import RANDOM, REAL, SHUFFLED, LightAlbum, of_samples
    from neuroface.explain.maps import check_classifier
    from neuroface.progress import Progress
    from neuroface.report import run as runs
    from neuroface.report.page_files import forget_figures
    from neuroface.studies import lights
    from neuroface.studies.building import build_estimator, build_steps, build_view

    config = run_config(path, asked)
    view = build_view(config, build_steps(config))
    check_classifier(build_estimator(config), view.name, where=str(path))
    run = runs.read(path)
    with RunFolder(path).locked() as folder, Progress() as progress:
        samples = _samples(config, progress)
        predictions = _predictions(path, samples)
        classes, chosen = classes_of(predictions.columns), _spread(predictions, n_panels)
        faces = shows_faces(run, asked)
        album = Album(classes, chosen, faces=faces) if view.name == "images" else None
        lit, right = LightAlbum(classes, chosen, faces=faces), []
        folds = predictions.groupby("fold", sort=False)
        for done, (name, rows) in enumerate(folds):
            progress("folds looked at", done, len(folds))
            model = _model(path, config, str(name), set(rows["subject"]))
            given, known = _given(model, samples, rows, where=f"{path}, fold {name}")
            if album is not None:
                _look(model, given, samples, rows, known, album, tiles=tiles)
            models = {REAL: model, RANDOM: with_random_weights(model)}
            again = lights.learnt_anew(config, samples, rows, model, str(name)) if done < refits else None
            if again is not None:
                models[SHUFFLED] = again
                right.append(lights.share_right(again, given, rows))
            lit.add(known, of_samples(models, given, rows["predicted"].to_numpy(str)))
        out = path / FOLDER
        forget_figures(out, out / "panels", out / "lights")
        text = "" if album is None else _write(folder, album)
        further = {} if album is None else FURTHER
        page = lights.write(run, lit, out, right=right, further=further)
        return "\n".join(filter(None, [text, "" if faces else NO_FACES, lights.in_short(lit), str(page)]))


def _samples(config: DictConfig, progress: Any) -> Samples:
    """The run's samples, with masks of the facial regions and the affected side wherever these are known.

    Both are for measuring alone: a network that was fitted without them is not given them.
    """
    from neuroface.studies.building import build_protocol, build_samples

    asked = unmeasured(config)
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


def _given(
    classifier: TorchClassifier, samples: Samples, rows: pd.DataFrame, *, where: str
) -> tuple[np.ndarray, pd.DataFrame]:
    """What the model of a fold is given of the people it left out, and what is known of these samples."""
    from neuroface.evaluate.predictions import classes_of
    from neuroface.explain import maps

    given = maps.inputs_for(classifier, np.asarray(samples.X[rows["at"].to_numpy()]))
    _check_same(classifier, given, rows, tuple(classes_of(rows.columns)), where=where)
    known = rows[["sample", "subject", "task", "repetition", "fold", "y", "predicted"]]
    return given, known.assign(side=samples.meta["side"][rows["at"].to_numpy()])


def _look(
    classifier: TorchClassifier,
    given: np.ndarray,
    samples: Samples,
    rows: pd.DataFrame,
    known: pd.DataFrame,
    album: Album,
    *,
    tiles: int,
) -> None:
    """Ask the model of one fold for its maps of pictures of the people it left out."""
    from neuroface.evaluate.predictions import classes_of
    from neuroface.explain import maps

    X = np.asarray(samples.X[rows["at"].to_numpy()])
    classes = tuple(classes_of(rows.columns))
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
    """The files about asymmetry; returns the report's text."""
    from neuroface.report.page_files import write_figure

    text = album.report(where=str(folder.path))
    folder.write_text(f"{FOLDER}/asymmetry.csv", guarded_table(album.table).to_csv(index=False, float_format="%.6g"))
    folder.write_text(f"{FOLDER}/asymmetry_report.txt", text)
    out = folder.path / FOLDER
    (out / "panels").mkdir(exist_ok=True)
    for name, figure in album.figures():
        write_figure(out, name, figure, vector="svg" if name in FURTHER else None)
    return text
