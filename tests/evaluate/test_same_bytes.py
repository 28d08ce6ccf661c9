"""A model kept twice, here and in a process of its own: the same bytes, which still load."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from neuroface.evaluate.workers import saved


@pytest.mark.parametrize(
    "model", [make_pipeline(StandardScaler(), SVC()), RandomForestClassifier(3, random_state=0)], ids=["svm", "forest"]
)
def test_the_same_model_gives_the_same_bytes_at_any_time_in_any_process(model, monkeypatch):
    X = np.random.default_rng(0).normal(size=(30, 3))
    y = np.where(X[:, 0] > 0, "ALS", "HC")
    model.fit(X, y)
    before = saved(model).content
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(10**9))  # what the archive would be dated by
    assert skops.io.dumps(model) != before
    assert saved(pickle.loads(pickle.dumps(model))).content == before  # as it comes back from a worker
    again = skops.io.loads(before, trusted=skops.io.get_untrusted_types(data=before))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_one_object_in_two_places_stays_one():
    shared = np.arange(3.0)
    model = StandardScaler()
    model.a, model.b, model.c = shared, shared, shared.copy()
    content = saved(model).content
    again = skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
    assert again.a is again.b
    assert again.c is not again.a


def test_a_model_without_torch_is_kept_without_torch():
    script = (
        "import sys; from neuroface.evaluate.workers import saved; from sklearn.linear_model import LogisticRegression;"
        "saved(LogisticRegression().fit([[0.], [1.]], [0, 1])); assert 'skops.io' in sys.modules;"
        "assert 'torch' not in sys.modules; import importlib.util; name = 'sklearn.externals.array_api_compat';"
        "importlib.util.find_spec(name) and importlib.import_module(name + '.numpy')"  # scikit-learn 1.6 has none
    )
    subprocess.run([sys.executable, "-c", script], check=True)
