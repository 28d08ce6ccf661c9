from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import median_filter as scipy_median
from scipy.signal import medfilt

from neuroface import signals

NAN = np.nan
UNEVEN = np.cumsum(np.r_[0, np.random.default_rng(0).uniform(0.01, 0.05, 60)])


def test_repeated_timestamps_are_merged_into_their_first_frame():
    merged, (values,), count = signals.merge_repeated(np.array([0, 0, 0.1, 0.2, 0.2, 0.2]), np.arange(6))
    np.testing.assert_array_equal(merged, [0, 0.1, 0.2])
    np.testing.assert_array_equal(values, [0, 2, 3])
    assert count == 3


def test_timestamps_that_run_backwards_are_left_for_landmarks_to_refuse():
    merged, _, count = signals.merge_repeated(np.array([0, 0.2, 0.1]))
    np.testing.assert_array_equal(merged, [0, 0.2, 0.1])
    assert count == 0


def test_a_short_gap_is_filled_along_a_straight_line_in_time():
    times = np.array([0, 0.1, 0.3, 0.4])
    filled, n_filled, n_missing = signals.fill_gaps(np.array([0, NAN, NAN, 8]), times, max_gap_s=0.4)
    assert filled == pytest.approx(np.array([0, 2, 6, 8]))
    assert (n_filled, n_missing) == (2, 0)


def test_a_gap_is_as_long_as_the_time_between_the_seen_frames_around_it():
    values, times = np.array([0, NAN, 2.0]), np.array([0, 0.1, 0.2])
    assert signals.fill_gaps(values, times, max_gap_s=0.2)[1:] == (1, 0)
    assert signals.fill_gaps(values, times, max_gap_s=0.19)[1:] == (0, 1)


def test_gaps_at_the_ends_stay_missing():
    filled, n_filled, n_missing = signals.fill_gaps(np.array([NAN, 1, NAN, 3, NAN]), np.arange(5.0), max_gap_s=9)
    np.testing.assert_array_equal(filled, [NAN, 1, 2, 3, NAN])
    assert (n_filled, n_missing) == (1, 2)


def test_columns_are_filled_each_by_itself_and_the_input_is_kept():
    values = np.array([[0, NAN], [NAN, NAN], [2, NAN], [NAN, 7], [NAN, NAN], [NAN, 9]], dtype=float)
    before = values.copy()
    filled, n_filled, n_missing = signals.fill_gaps(values, np.arange(6.0), max_gap_s=2)
    np.testing.assert_array_equal(filled, [[0, NAN], [1, NAN], [2, NAN], [NAN, 7], [NAN, 8], [NAN, 9]])
    assert (n_filled, n_missing) == (2, 6)
    np.testing.assert_array_equal(values, before)


@settings(max_examples=50, deadline=None)
@given(
    values=arrays(float, st.tuples(st.integers(5, 40), st.integers(1, 3)), elements=st.floats(-1e3, 1e3)),
    width=st.sampled_from([1, 3, 5, 7, 9]),
)
def test_median_filter_is_that_of_scipy_with_reflected_edges(values, width):
    expected = scipy_median(values, size=(width, 1), mode="mirror")
    np.testing.assert_array_equal(signals.median_filter(values, width=width), expected)


def test_median_of_five_agrees_with_medfilt_away_from_its_zero_padding():
    values = np.random.default_rng(0).normal(size=(9_000, 3))  # longer than one block
    expected = np.stack([medfilt(column, 5) for column in values.T], axis=1)
    np.testing.assert_array_equal(signals.median_filter(values)[2:-2], expected[2:-2])


def test_median_of_a_gap_stays_missing_and_its_neighbours_use_what_is_seen():
    filtered = signals.median_filter(np.array([1, 2, NAN, 10, 20.0]), width=3)
    np.testing.assert_array_equal(filtered, [2, 1.5, NAN, 15, 10])  # edges by reflection: (2, 1, 2) and (10, 20, 10)


def test_a_gap_in_one_column_does_not_change_another():
    values = np.random.default_rng(0).normal(size=(50, 2))
    broken = values.copy()
    broken[10:13, 0] = NAN
    np.testing.assert_array_equal(signals.median_filter(broken)[:, 1], signals.median_filter(values)[:, 1])


@pytest.mark.parametrize("width", [0, 4, -1])
def test_an_even_width_is_refused(width):
    with pytest.raises(ValueError) as error:
        signals.median_filter(np.zeros(9), width=width)
    assert str(error.value) == f"The median filter's width must be odd and positive; got {width}."


def test_derivative_of_a_parabola_is_exact_inside_on_uneven_timestamps():
    rate = signals.derivative(3 * UNEVEN**2 - 2 * UNEVEN + 1, UNEVEN)
    assert rate[1:-1] == pytest.approx(6 * UNEVEN[1:-1] - 2)
    # at the ends the slope of the first and the last step
    assert rate[0] == pytest.approx(3 * (UNEVEN[0] + UNEVEN[1]) - 2)
    assert rate[-1] == pytest.approx(3 * (UNEVEN[-1] + UNEVEN[-2]) - 2)


def test_derivative_of_many_columns_is_that_of_numpy():
    values = np.random.default_rng(0).normal(size=(61, 4, 3))
    np.testing.assert_allclose(signals.derivative(values, UNEVEN), np.gradient(values, UNEVEN, axis=0), rtol=1e-9)
    np.testing.assert_allclose(
        signals.derivative(values[:2], UNEVEN[:2])[0], np.diff(values[:2], axis=0)[0] / UNEVEN[1]
    )


def test_one_frame_has_no_derivative():
    np.testing.assert_array_equal(signals.derivative(np.array([[1.0, 2.0]]), np.array([0.0])), [[NAN, NAN]])


def test_a_missing_frame_spreads_to_its_neighbours_derivative_only():
    rate = signals.derivative(np.array([0, 1, NAN, 3, 4, 5.0]), np.arange(6.0))
    np.testing.assert_array_equal(rate, [1, NAN, NAN, NAN, 1, 1])


def test_extent_mean_and_their_missing_values():
    assert signals.extent(np.array([3, NAN, -1, 2])) == 4
    assert signals.extent(np.arange(101.0), robust=True) == 90
    assert signals.mean(np.array([3, NAN, -1])) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for nothing in (np.array([NAN, NAN]), np.array([])):
            assert np.isnan(
                [signals.extent(nothing), signals.extent(nothing, robust=True), signals.mean(nothing)]
            ).all()


def test_correlation_is_that_of_numpy_over_shared_frames():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    a[3], b[7] = NAN, NAN
    both = np.isfinite(a) & np.isfinite(b)
    assert signals.correlation(a, b) == pytest.approx(np.corrcoef(a[both], b[both])[0, 1])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1, 2], [1, 2]),
        ([1, 2, NAN, 4], [1, NAN, 3, 5]),
        ([5, 5, 5, 5], [1, 2, 3, 4]),
        ([5, 5 + 1e-13, 5, 5], [1e6, 2e6, 3e6, 4e6]),  # rounding beside a large signal
    ],
)
def test_too_few_frames_or_a_constant_have_no_correlation(a, b):
    assert np.isnan(signals.correlation(np.array(a, dtype=float), np.array(b, dtype=float)))
    assert np.isnan(signals.correlation(np.array(b, dtype=float), np.array(a, dtype=float)))


@pytest.mark.parametrize(("hz", "response"), [(0.0, 1.0), (2.0, 0.5), (4.0, 0.5**4)])
def test_lowpass_response_is_gaussian_and_one_half_at_the_cutoff(hz, response):
    times = np.arange(0, 10, 0.005)
    passed = signals.lowpass(np.cos(2 * np.pi * hz * times), times, cutoff_hz=2)
    inside = slice(400, -400)
    assert passed[inside] == pytest.approx(response * np.cos(2 * np.pi * hz * times[inside]), abs=2e-3)


def test_lowpass_keeps_a_constant_on_uneven_timestamps_and_across_a_gap():
    values = np.full(61, 3.0)
    values[20:23] = NAN
    assert signals.lowpass(values, UNEVEN, cutoff_hz=3) == pytest.approx(np.full(61, 3.0))


def test_lowpass_far_from_every_seen_frame_is_missing():
    values = np.full(1_000, NAN)
    values[0] = 1
    passed = signals.lowpass(values, np.arange(1_000) / 50, cutoff_hz=3)
    assert passed[0] == 1
    assert np.isnan(passed[100:]).all()


@pytest.mark.parametrize("name", ["butterworth", "one_euro"])
def test_smoothing_neither_delays_nor_spreads_missing_frames(name):
    def smooth(values, times):
        keys = {"size": 10.0} if name == "one_euro" else {}
        return getattr(signals, name)(values, times, cutoff_hz=8.0, **keys)

    times = np.arange(200) / 50
    bump = np.exp(-((times - 2.0) ** 2) / (2 * 0.1**2))  # 0.1 s: below 2 Hz
    calm = smooth(np.stack([bump, 5 + bump], axis=1), times)
    assert times[np.argmax(calm[:, 0])] == pytest.approx(2.0)
    assert calm[:, 1] - calm[:, 0] == pytest.approx(5.0, abs=1e-6)
    before, after = calm[:100, 0], calm[101:, 0][::-1][:99]
    assert before[1:] == pytest.approx(after, abs=0.02)  # as steep on the way down as on the way up
    rng = np.random.default_rng(0)
    noise = smooth(rng.normal(size=(2000, 1)), np.arange(2000) / 50)
    assert noise[100:-100].std() < 0.75
    gap = bump[:, None].copy()
    gap[50:60] = np.nan
    assert (np.isnan(smooth(gap, times)) == np.isnan(gap)).all()
    assert smooth(np.full((3, 2), 4.0), times[:3]) == pytest.approx(np.full((3, 2), 4.0))
    assert smooth(np.full((1, 2), 4.0), times[:1]) == pytest.approx(np.full((1, 2), 4.0))


def test_butterworth_lets_half_the_power_through_at_its_cutoff():
    times = np.arange(3000) / 100
    tone = np.sin(2 * np.pi * 12 * times)[:, None]
    calm = signals.butterworth(tone, times, cutoff_hz=12.0)[500:-500]
    assert np.sqrt(2) * calm.std() == pytest.approx(np.sqrt(0.5), abs=0.01)
    uneven = np.sort(np.random.default_rng(1).uniform(0, 4, 400))
    slow = np.sin(2 * np.pi * 1.0 * uneven)[:, None]
    assert signals.butterworth(slow, uneven, cutoff_hz=12.0)[20:-20] == pytest.approx(slow[20:-20], abs=0.02)
