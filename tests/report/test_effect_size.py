from __future__ import annotations

from math import isnan, pi, sqrt

import numpy as np
import pytest

from neuroface.report.effect_size import hedges_g


def test_one_standard_deviation_apart_with_three_people_each() -> None:
    # Pooled sd 1, 4 degrees of freedom: J = gamma(2) / (sqrt(2) gamma(3/2)) = sqrt(2 / pi).
    g, low, high = hedges_g(np.array([1.0, 2, 3]), np.array([2.0, 3, 4]))
    half = 1.959964 * sqrt(6 / 9 + (2 / pi) / (2 * 6))
    assert g == pytest.approx(sqrt(2 / pi))
    assert (low, high) == (pytest.approx(sqrt(2 / pi) - half, abs=1e-6), pytest.approx(sqrt(2 / pi) + half, abs=1e-6))


def test_swapping_groups_changes_the_sign_and_scaling_changes_nothing() -> None:
    a, b = np.array([1.0, 4, 2, 8]), np.array([5.0, 7, 9])
    g, low, high = hedges_g(a, b)
    assert hedges_g(b, a) == (pytest.approx(-g), pytest.approx(-high), pytest.approx(-low))
    assert hedges_g(10 * a + 3, 10 * b + 3) == (pytest.approx(g), pytest.approx(low), pytest.approx(high))


def test_missing_people_are_left_out() -> None:
    a, b = np.array([1.0, 2, 3]), np.array([2.0, 3, 4])
    assert hedges_g(np.append(a, np.nan), np.append(np.nan, b)) == hedges_g(a, b)


def test_undefined_with_one_person_or_without_spread() -> None:
    assert isnan(hedges_g(np.array([1.0]), np.array([2.0, 3.0])).g)
    assert isnan(hedges_g(np.array([1.0, 1.0]), np.array([2.0, 2.0])).g)
