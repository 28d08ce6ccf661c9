"""What `neuroface new` writes: three files each that run, pass the contract suite, and wait to be changed.

$name is the option, $Name the class, $module where its code is imported from.
"""

from __future__ import annotations

FEATURE = '''"""$Name: say here what is measured, of which movement, and where the measure comes from."""

from __future__ import annotations

from neuroface import face, geometry, signals
from neuroface.types import Landmarks


def extent(landmarks: Landmarks, *, robust: bool = False) -> dict[str, float]:
    """Range of the distance between two points within one repetition. Put your own measure in its place.

    landmarks: (T, 68, D) mm, px or icd, any frame. Points have names, in neuroface.face.
    Returns {"$name.extent_<unit>"}: max - min over time, or the 5-95 percentile range if `robust`.
    Missing frames are left out; NaN when all are. Source: ...
    """
    apart = geometry.distance(landmarks.points, face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT)
    return {f"$name.extent_{landmarks.unit}": signals.extent(apart, robust=robust)}
'''

FEATURE_YAML = """# $Name: one line that `neuroface list features` shows.
$name:
  extent:
    _target_: $module.extent
    _partial_: true
    robust: false
"""

FEATURE_TEST = """from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroface import contracts, face
from $module import extent


def test_a_known_movement_has_its_known_extent():
    landmarks = contracts.moving_face()
    points = np.zeros_like(landmarks.points)
    points[:, face.MOUTH_CORNER_LEFT, 0] = np.linspace(40, 55, len(points))
    assert extent(replace(landmarks, points=points)) == {"$name.extent_mm": pytest.approx(55 - 40)}


def test_it_keeps_the_contract_of_features():
    assert contracts.check_feature("$name.extent", extent) == []
"""

CLASSIFIER = '''"""$Name: say here how classes are told apart, and where the method comes from."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class $Name(ClassifierMixin, BaseEstimator):
    """The class whose mean is near is likely: a normal density about each mean. Put your own method in its place.

    spread: its standard deviation, in those of the features. Constructors store; what is fitted ends in _.
    """

    def __init__(self, *, spread: float = 1.0) -> None:
        self.spread = spread

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> $Name:
        """X: (n, d), complete and standardised; y: (n,) classes; sample_weight: (n,), by which people weigh alike."""
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.classes_ = np.unique(y)
        self.means_ = np.array([np.average(X[y == c], axis=0, weights=weight[y == c]) for c in self.classes_])
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """(n, n_classes) probabilities, in the order of classes_."""
        squared = ((X[:, None] - self.means_) ** 2).sum(axis=2) / (2 * self.spread**2)
        likely = np.exp(squared.min(axis=1, keepdims=True) - squared)
        return likely / likely.sum(axis=1, keepdims=True)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(n,) the likeliest class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
'''

CLASSIFIER_YAML = """# $Name: one line that `neuroface list classifier` shows.
view: table
_target_: neuroface.classifiers.tabular.tabular
estimator:
  _target_: $module.$Name
  spread: 1.0
scale: true
impute: median
"""

CLASSIFIER_TEST = """from __future__ import annotations

import numpy as np
import pytest

from neuroface import contracts
from neuroface.classifiers.tabular import tabular
from $module import $Name


def test_half_way_between_two_means_nothing_is_known():
    fitted = $Name().fit(np.array([[0.0], [2.0]]), np.array(["ALS", "HC"]))
    assert fitted.predict_proba(np.array([[1.0]])) == pytest.approx(np.array([[0.5, 0.5]]))
    # one step nearer to HC: the densities are as exp(-4 / 2) to 1
    assert fitted.predict_proba(np.array([[2.0]]))[0, 1] == pytest.approx(1 / (1 + np.exp(-2)))


def test_it_keeps_the_contract_of_classifiers():
    assert contracts.check_classifier(tabular($Name())) == []
"""

COHORT = '''"""$Name: say here where these recordings come from, under which licence, and what is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohorts.clock import on_one_clock
from neuroface.cohorts.native import read_arrays
from neuroface.cohorts.reading import Source, folder, given, read_rows, stream
from neuroface.errors import DataError
from neuroface.types import Recording, Space

TABLE = "recordings.csv"


class $Name:
    """Landmarks in .npz files that a table names. Put your own reader in its place.

    root: the folder of recordings.csv, with columns subject, group, task and file; each file holds points, (T, 68, 2)
    px or (T, 68, 3) mm, and timestamps_s (T,).
    """

    def __init__(self, *, root: str | Path | None = None) -> None:
        self.root: str | Path = given(root, "cohort.root", f"the folder that holds {TABLE}")

    def recordings(
        self, *, groups: Collection[str] | None = None, tasks: Collection[str] | None = None
    ) -> Iterator[Recording]:
        """Recordings in the order of the table. One DataError at the end names all that could not be read."""
        root = folder(self.root, "cohort.root")
        _, rows = read_rows(root / TABLE, required=("subject", "group", "task", "file"))
        sources = []
        for row in rows:
            who = {name: row[name] for name in ("subject", "group", "task")}
            sources.append(Source(**who, read=partial(self._read, root / row["file"], who)))
        yield from stream(sources, where=str(root), groups=groups, tasks=tasks)

    def _read(self, file: Path, who: dict[str, Any]) -> Recording:
        if not file.is_file():
            raise DataError(f"has no file {file}; correct it in {TABLE}")
        arrays = read_arrays(file)
        points = np.asarray(arrays["points"], dtype=float)
        space: Space = "pixel" if points.shape[-1] == 2 else "camera"
        landmarks, _, counts = on_one_clock(points, arrays["timestamps_s"], space=space)  # refuses what is no face
        return Recording(**who, landmarks=landmarks, notes=counts)
'''

COHORT_YAML = """# $Name: one line that `neuroface list cohort` shows.
_target_: $module.$Name
# folder with recordings.csv
root: null
"""

COHORT_TEST = """from __future__ import annotations

import numpy as np
import pytest

from neuroface import contracts
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError, DataError
from $module import $Name

FACE = next(SyntheticCohort(people={"HC": 1}, tasks=["OPEN"], repetitions={"OPEN": 1}).recordings()).landmarks


@pytest.fixture
def root(tmp_path):
    lines = ["subject,group,task,file"]
    for subject, group in (("P1", "HC"), ("P2", "ALS")):
        np.savez(tmp_path / f"{subject}.npz", points=FACE.points, timestamps_s=FACE.timestamps_s)
        lines.append(f"{subject},{group},OPEN,{subject}.npz")
    (tmp_path / "recordings.csv").write_text("\\n".join(lines) + "\\n")
    return tmp_path


def test_people_and_points_are_read(root):
    first, second = $Name(root=root).recordings()
    assert (first.name, first.group, second.group) == ("P1/OPEN", "HC", "ALS")
    np.testing.assert_array_equal(first.landmarks.points, FACE.points)


def test_it_keeps_the_contract_of_cohorts(root):
    assert contracts.check_cohort($Name(root=root)) == []


def test_what_is_missing_is_named(root):
    (root / "P2.npz").unlink()
    with pytest.raises(DataError, match="P2/OPEN: has no file"):
        list($Name(root=root).recordings())
    with pytest.raises(ConfigError, match=r"cohort\\.root is not set"):
        $Name(root=None)
"""

# kind -> the group of its options, and code, YAML and test
KINDS = {
    "feature": ("features", FEATURE, FEATURE_YAML, FEATURE_TEST),
    "classifier": ("classifier", CLASSIFIER, CLASSIFIER_YAML, CLASSIFIER_TEST),
    "cohort": ("cohort", COHORT, COHORT_YAML, COHORT_TEST),
}
ROOMS = {"feature": "features", "classifier": "classifiers", "cohort": "cohorts"}
