"""The contract suite: what every feature, classifier, cohort, splitter and option must keep, ours or a third party's.

Each check returns the problems it found as sentences; an empty list is a pass. `neuroface check` and the tests run
the same code.
"""

from __future__ import annotations

import copy
import functools
import inspect
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from neuroface import face
from neuroface.errors import DataError
from neuroface.types import Landmarks, Parts, Recording

# How a quantity grows when every length doubles, by the unit at the end of its name.
LENGTHS = ("mm", "px", "icd")
SCALING = {
    f"{length}{ending}": factor
    for length in LENGTHS
    for ending, factor in (("", 2.0), ("2", 4.0), ("_per_s", 2.0), ("_per_s3", 2.0))
}
ROWS_OF_A_CLASS = 12
# Epochs of a network under check: most learn in the first number, some need the second. Pictures take longer.
EPOCHS = (20,)
EPOCHS_OF_PICTURES = (2, 20)
BATCH = 8
LEARNT = 0.2  # of a probability, between the classes
NAME = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")


def _collected(check: Callable[..., Iterator[str]]) -> Callable[..., list[str]]:
    """A check's problems as a list; an exception of the component is the last of them, and says what it was given."""

    @functools.wraps(check)
    def collected(*arguments: Any) -> list[str]:
        problems = []
        try:
            for problem in check(*arguments):
                problems.append(problem)
        except Exception as error:  # whatever a third party's code raises is a finding, not a crash
            given = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
            message = (str(error).strip() or "it says no more").splitlines()[0]
            problems.append(f"raises {type(error).__name__}{given}: {message}")
        return problems

    return collected


@contextmanager
def _given(what: str) -> Iterator[None]:
    """Notes on an exception what the component was given when it was raised."""
    try:
        yield
    except Exception as error:
        error.add_note(f"given {what}")
        raise


@_collected
def check_feature(name: str, feature: Callable[..., dict[str, float]]) -> Iterator[str]:
    """A feature is a pure, side-blind function of one repetition whose names carry their unit."""
    yield from _documented(feature)
    landmarks = moving_face()
    points = landmarks.points.copy()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with _given("a moving face"):
            values = feature(landmarks)
        if not isinstance(values, Mapping) or not values:
            yield f"must return a mapping of name to number; got {type(values).__name__}"
            return
        with _given("landmarks that are all missing"):
            nothing = feature(replace(landmarks, points=np.full_like(points, np.nan)))
        with _given("a single frame"):
            feature(landmarks[:1])
    yield from (f"warns: {w.message}" for w in caught)
    yield from (f"{key!r} is not family.quantity_unit in lower case" for key in values if not NAME.match(key))
    texts = [f"{key} is {value!r}, not a number" for key, value in values.items() if not isinstance(value, Real)]
    if texts:
        yield from texts
        return
    if not np.array_equal(points, landmarks.points):
        yield "changes the landmarks it is given"
    if not _same(values, feature(landmarks)):
        yield "gives another value when called again"
    if not all(np.isnan(value) for value in nothing.values()):
        yield "must give NaN when every landmark is missing"
    yield from _scaling(values, feature(replace(landmarks, points=2 * points)))
    one_sided = re.search(r"\b(left|right)\b", name.replace("_", " "))
    if not one_sided and not _same(values, feature(mirrored(landmarks)), 1e-6):
        yield "changes when the face is mirrored; say left or right in its name, or make it side-blind"


def _scaling(values: Mapping[str, float], doubled: Mapping[str, float]) -> Iterator[str]:
    for key, value in values.items():
        unit = next((u for u in sorted(SCALING, key=len, reverse=True) if key.endswith(f"_{u}")), "")
        if not np.isclose(doubled[key], value * SCALING.get(unit, 1.0), rtol=1e-6, atol=1e-9, equal_nan=True):
            yield f"{key} does not scale as its unit {unit or '(none)'} says"


@_collected
def check_classifier(estimator: Any, view: Any = None) -> Iterator[str]:
    """A classifier clones, accepts what its view may hold, learns what is plain to see, and repeats itself.

    view: what it looks at; None for a table. A network is trained for a few epochs only. Of a regressor that is asked
    of a number.
    """
    if _is_regressor(estimator):
        yield from _check_regressor(estimator, view)
        return
    y = np.repeat(["HC", "ALS"], ROWS_OF_A_CLASS)
    X = example_rows(view, y == "ALS")
    before = copy.deepcopy(X)
    with _given(f"made-up rows of the view {getattr(view, 'name', 'table')}"):
        for brief in _brief(estimator, X):
            p, classes = _learnt(brief, X, y)
            if p.shape == (len(y), 2) and _parts(p, y) > LEARNT:
                break
        again, _ = _learnt(brief, X, y)
    if p.shape != (len(y), 2) or classes != ["ALS", "HC"]:
        yield f"predict_proba must be (n, classes) in the order of classes_; got {p.shape}, {classes}"
        return
    if not np.allclose(p.sum(axis=1), 1):
        yield "its probabilities do not add up to 1"
    if not np.array_equal(p, again):
        yield "gives other probabilities with the same random_state"
    if any(not np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in _both(X, before)):
        yield "changes the data it is given"
    if "Dummy" not in repr(estimator) and _parts(p, y) <= LEARNT:
        yield "does not learn two groups four standard deviations apart"


def _is_regressor(estimator: Any) -> bool:
    from sklearn.base import is_regressor

    return hasattr(estimator, "get_params") and is_regressor(estimator)


def _check_regressor(estimator: Any, view: Any) -> Iterator[str]:
    from sklearn.base import clone

    y = np.repeat([1.0, 3.0], ROWS_OF_A_CLASS)
    X = example_rows(view, y > 2)
    before = copy.deepcopy(X)
    first, again = (np.asarray(_seeded(clone(estimator)).fit(X, y).predict(X)) for _ in range(2))
    if first.shape != (len(y),):
        yield f"predict must be (n,) numbers; got {first.shape}"
        return
    if not np.array_equal(first, again):
        yield "gives other numbers with the same random_state"
    if any(not np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in _both(X, before)):
        yield "changes the data it is given"
    if first[y > 2].mean() - first[y < 2].mean() <= LEARNT:
        yield "does not learn a number that is plain to see"


def _learnt(estimator: Any, X: Any, y: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Probabilities of the rows after fitting to them, and the classes; the model itself, which may be large, goes."""
    from sklearn.base import clone

    fitted = _seeded(clone(estimator)).fit(X, y)
    return fitted.predict_proba(X), list(fitted.classes_)


def _brief(estimator: Any, X: Any) -> Iterator[Any]:
    """The classifier as it is; a network with few epochs, and then with more."""
    from sklearn.base import clone

    parameters = estimator.get_params()
    if "max_epochs" not in parameters:
        yield estimator
        return
    pictures = any(array.dtype == np.uint8 for array, _ in _both(X, X))
    for epochs in EPOCHS_OF_PICTURES if pictures else EPOCHS:
        few = {"max_epochs": min(epochs, parameters["max_epochs"]), "batch_size": min(BATCH, parameters["batch_size"])}
        yield clone(estimator).set_params(**few)


def _parts(p: np.ndarray, y: np.ndarray) -> float:
    """How far the mean probability of HC in HC lies above that in ALS; classes are ALS, HC."""
    return float(p[y == "HC", 1].mean() - p[y == "ALS", 1].mean())


def example_rows(view: Any, raised: np.ndarray) -> Any:
    """X of a view, (n, ...) or `Parts`: noise, and four standard deviations more in the rows where `raised` (n,).

    Tables have missing values, series end at different times; pictures are as large as the view makes them. Half of the
    frames of a clip are raised, and one half of a single picture more: what looks for changes can learn, too.
    """
    if hasattr(view, "parts"):
        return Parts({name: example_rows(part, raised) for name, part in view.parts.items()})
    name, n = getattr(view, "name", "table"), len(raised)
    shapes: dict[str, tuple[int, ...]] = {"table": (4,)}
    if hasattr(view, "channels"):
        shapes[name] = (12, len(view.channels(3)))
    if hasattr(view, "size"):
        shapes[name] = (view.size, view.size, 3)
    if hasattr(view, "frames"):
        shapes[name] = (view.frames + view.spare, *shapes[name])
    if name not in shapes:
        raise DataError(f"rows of the view {name} cannot be made up; it tells neither a size nor frames")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, *shapes[name]), dtype=np.float32)
    raised = raised.reshape(n, *[1] * len(shapes[name]))
    if hasattr(view, "frames"):
        X[:, : X.shape[1] // 2] += 4 * raised
    else:
        X += 4 * raised
    if hasattr(view, "size") and not hasattr(view, "frames"):
        X[..., : view.size // 2, :] += 3 * raised
    if name == "table":
        X[rng.random(X.shape) < 0.05] = np.nan
    elif name == "series":
        X[np.arange(X.shape[1]) >= rng.integers(3, X.shape[1] + 1, n)[:, None]] = np.nan
    else:
        X = (128 + 16 * X).clip(0, 255).astype(np.uint8)
    return X


def _both(X: Any, other: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of the arrays that make up two X."""
    if not isinstance(X, Parts):
        return iter([(X, other)])
    return ((array, other.arrays[name]) for name, array in X.arrays.items())


@_collected
def check_cohort(cohort: Any) -> Iterator[str]:
    """A cohort yields valid recordings with unique names, the same ones each time, and honours groups and tasks."""
    first, names, strangers = None, Counter[str](), set()
    try:
        for one in cohort.recordings():  # one at a time: it may hold its pictures
            if not isinstance(one, Recording):
                strangers.add(f"yields {type(one).__name__}, not Recording")
                continue
            first = first or one
            names[one.name] += 1
    except DataError:  # a cohort on disk that was given no place says so in words
        return
    if strangers:
        yield from sorted(strangers)
        return
    if first is None:
        yield "yields no recording, and no DataError that says why"
        return
    if max(names.values()) > 1:
        yield "yields two recordings of the same name"
    with _given("one group and task"):
        again = next(iter(cohort.recordings(groups=[first.group], tasks=[first.task])), None)
        groups = {r.group for r in cohort.recordings(groups=[first.group], tasks=[first.task])}
    if again is None or again.name != first.name:
        yield "yields another recording first when asked for its group and task only"
    elif not np.array_equal(again.landmarks.points, first.landmarks.points, equal_nan=True):
        yield "gives other landmarks when asked for one group and task only"
    if groups - {first.group}:
        yield "does not honour groups="


@_collected
def check_splitter(splitter: Any) -> Iterator[str]:
    """A splitter never has a person on both sides, and tests everyone, or says by `judges_everyone` that not.

    One that has to know facts about people (`told`) is told that they are of sites A and B, whatever fact it asks for.
    """
    subjects = np.repeat([f"P{i:02d}" for i in range(32)], 3)
    y = np.where(np.arange(96) < 48, "HC", "ALS")
    times = np.zeros(96, dtype=int)
    if hasattr(splitter, "told"):
        sites = {name: "AB"[i % 2] for i, name in enumerate(dict.fromkeys(subjects.tolist()))}
        splitter = splitter.told({name: {getattr(splitter, "by", "site"): site} for name, site in sites.items()})
    with _given("32 people of two groups, three samples each"):
        folds = list(splitter.split(np.zeros((96, 1)), y, subjects))
    for train, test in folds:
        if set(subjects[train]) & set(subjects[test]):
            yield f"has {sorted(set(subjects[train]) & set(subjects[test]))} on both sides of a fold"
        times += np.bincount(test, minlength=96)
    if getattr(splitter, "judges_everyone", True) and (times != max(times[0], 1)).any():
        yield "does not test every sample equally often"


def check_arguments(node: Mapping[str, Any], target: Callable[..., Any], *, same: bool = True) -> list[str]:
    """Every key of a YAML node is an argument of its target, every tunable of our own code stands in the YAML.

    same: and equals the signature's default there, as it must where one YAML alone names the target.
    """
    parameters = inspect.signature(target).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    problems = []
    for key, value in node.items():
        if key.startswith("_"):
            continue
        if key not in parameters:
            if not open_ended:
                problems.append(f"key {key!r} is no argument of {target.__qualname__}")
            continue
        default = parameters[key].default
        ours = (target.__module__ or "").startswith("neuroface.")
        nested = isinstance(value, Mapping) and "_target_" in value  # checked by itself
        if ours and same and not nested and default is not inspect.Parameter.empty and _plain(default) != _plain(value):
            problems.append(f"{key}: {value!r} differs from the default {default!r} of {target.__qualname__}")
    if (target.__module__ or "").startswith("neuroface."):
        problems += [
            f"argument {key!r} of {target.__qualname__} stands in no YAML"
            for key, parameter in parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty and key not in node
        ]
    return problems


def moving_face(frames: int = 40) -> Landmarks:
    """(40, 68, 3) mm at 50 frames/s: a face-like set of points whose parts move by different amounts."""
    rng = np.random.default_rng(5)
    half = rng.normal(size=(face.N_POINTS, 3)) * [30, 40, 15]
    base = (half + half[face.MIRROR] * [-1, 1, 1]) / 2
    angle = np.linspace(0, 2 * np.pi, len(face.MOUTH_OUTER), endpoint=False)
    base[face.MOUTH_OUTER] = np.c_[-25 * np.cos(angle), 40 - 8 * np.sin(angle), -5 + 0 * angle]
    time = np.arange(frames) / 50
    motion = rng.normal(size=(face.N_POINTS, 3)) * 2
    points = base + [0, 0, 450] + np.sin(2 * np.pi * 2 * time)[:, None, None] * motion
    return Landmarks(points=points, timestamps_s=time, space="head")


def mirrored(landmarks: Landmarks) -> Landmarks:
    """The same face in a mirror: sides swapped, x reversed."""
    return replace(landmarks, points=landmarks.points[:, face.MIRROR] * np.array([-1.0, 1.0, 1.0]))


def _documented(thing: Any) -> list[str]:
    function = getattr(thing, "func", thing)
    return [] if (inspect.getdoc(function) or "").strip() else ["has no docstring"]


def _same(a: Mapping[str, float], b: Mapping[str, float], tolerance: float = 0.0) -> bool:
    return a.keys() == b.keys() and all(
        np.isclose(a[k], b[k], rtol=tolerance, atol=tolerance, equal_nan=True) for k in a
    )


def _seeded(estimator: Any) -> Any:
    seeds = {name: 0 for name in estimator.get_params() if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**seeds)


def _plain(value: Any) -> Any:
    """Tuples as lists, so that a default and a YAML value compare."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
