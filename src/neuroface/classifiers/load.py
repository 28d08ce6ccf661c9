"""A fitted model of a run from its file, whatever kind it is; nothing in the file is executed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.outside import check_zip

# What the models that we keep by skops (0.16) are made of beyond the types that skops trusts by itself.
TRUSTED = (
    "aeon.transformations.collection.convolution_based._minirocket.MiniRocket",
    "neuroface.classifiers.calibrated.SubjectCalibrated",
    "neuroface.classifiers.least_squares.Discriminant",
    "neuroface.classifiers.least_squares.Ridge",
    "neuroface.classifiers.rocket.Rocket",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
ENDINGS = (".safetensors", ".npz", ".skops")


def load_model(path: Path | str, *, trusted: Collection[str] = ()) -> Any:
    """The classifier in a file below models/ of a run folder, with predict_proba and classes_.

    trusted: names of further types (skops) or targets (safetensors) that the file may name: a plug-in's, say.
    Errors: ConfigError for a file that is not there, is of another kind, or names a type that is not trusted; DataError
    for one that is damaged.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise ConfigError(f"{path} is no model file." + did_you_mean(path.suffix, ENDINGS))
    if not path.is_file():
        raise ConfigError(f"{path} is not there. Runs keep their models with execution.save_models=true.")
    if path.suffix == ".npz":
        from neuroface.classifiers import array_file, forest, least_squares

        found, linear = array_file.from_file(path)[0]["format"], least_squares.FORMATS.values()
        array_file.check_format(path, found, {forest.FORMAT, *linear})
        return least_squares.load(path) if found in linear else forest.load(path)
    if path.suffix == ".safetensors":
        from neuroface.classifiers import load_network

        return load_network.load(path, trusted=trusted)
    return _from_skops(path, {*TRUSTED, *trusted})


def _from_skops(path: Path, trusted: set[str]) -> Any:
    import skops.io

    try:
        check_zip(path)
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - trusted)
        if unknown:
            names = ", ".join(unknown)
            raise ConfigError(f"{path} names types that are not trusted: {names}. If you do, say trusted=[...].")
        return skops.io.load(path, trusted=sorted(trusted))
    except ConfigError:
        raise
    except Exception as error:  # skops raises what the zip file, JSON and numpy inside raise
        raise DataError(f"{path} is damaged or no model file ({type(error).__name__}: {error}).") from error
