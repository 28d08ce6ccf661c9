from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.stats import bootstrap

from neuroface.evaluate.bootstrap import bca_interval, resampled
from neuroface.evaluate.statistics import percentile_interval


def test_bca_is_that_of_scipy():
    rng = np.random.default_rng(0)
    x = rng.exponential(size=25)
    draws = x[resampled(np.zeros(25), 20000, rng)].mean(axis=1)
    left_out = (x.sum() - x) / 24
    drawn_by = "rng" if "rng" in inspect.signature(bootstrap).parameters else "random_state"  # until scipy 1.15
    theirs = bootstrap((x,), np.mean, method="BCa", n_resamples=20000, **{drawn_by: rng}).confidence_interval
    assert bca_interval(x.mean(), draws, left_out) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_class_sizes_stay_as_they_are():
    stratum = np.array(["a"] * 3 + ["b"] * 5)
    drawn = stratum[resampled(stratum, 50, np.random.default_rng(0))]
    assert ((drawn == "a").sum(axis=1) == 3).all()


def test_where_the_correction_is_not_defined_limits_are_percentiles():
    draws = np.linspace(0, 1, 101)
    assert bca_interval(2.0, draws, np.array([1.0, 2.0])) == percentile_interval(draws)
    assert bca_interval(0.5, draws, np.ones(3)) == percentile_interval(draws)
