"""Gap filling, filters and derivatives on timestamps. Pure functions; time is the first axis and NaN is missing."""

from __future__ import annotations

import numpy as np

# Variation below this many mm, px, mm^2, mm/s ... is rounding of a still face, not movement.
STILL = 1e-9


def merge_repeated(timestamps_s: np.ndarray, *arrays: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], int]:
    """Keep the first frame of each run of equal timestamps.

    Returns the timestamps, the arrays cut the same way, and how many frames were merged away. Timestamps that run
    backwards are left as they are (Landmarks refuses them).
    """
    keep = np.r_[True, np.diff(timestamps_s) != 0]
    return timestamps_s[keep], [a[keep] for a in arrays], int((~keep).sum())


def fill_gaps(values: np.ndarray, timestamps_s: np.ndarray, *, max_gap_s: float) -> tuple[np.ndarray, int, int]:
    """Interpolate short runs of NaN linearly in time; leave long ones, and those at the ends, missing.

    values: (T, ...). A gap is measured between the finite frames on its two sides. Returns the filled copy, how many
    values were filled and how many are still missing.
    """
    flat = np.array(values, dtype=float).reshape(len(values), -1)
    missing = np.isnan(flat)
    filled = 0
    for column in np.flatnonzero(missing.any(axis=0)):
        gone = missing[:, column]
        seen = np.flatnonzero(~gone)
        if len(seen) < 2:
            continue
        right = np.searchsorted(seen, np.flatnonzero(gone))
        inside = (right > 0) & (right < len(seen))
        at, right = np.flatnonzero(gone)[inside], right[inside]
        short = timestamps_s[seen[right]] - timestamps_s[seen[right - 1]] <= max_gap_s + 1e-9
        at = at[short]
        flat[at, column] = np.interp(timestamps_s[at], timestamps_s[seen], flat[seen, column])
        filled += len(at)
    return flat.reshape(np.shape(values)), filled, int(missing.sum()) - filled


def median_filter(values: np.ndarray, *, width: int = 5) -> np.ndarray:
    """Running median over `width` frames (odd), edges by reflection; missing values stay missing and do not spread.

    values: (T, ...). At 50 frames/s five frames are 100 ms. Width 5 is what Guarin et al. apply to landmark positions;
    it runs as a fixed network of minima and maxima on whole arrays.
    """
    if width < 1 or width % 2 == 0:
        raise ValueError(f"The median filter's width must be odd and positive; got {width}.")
    half = width // 2
    if width == 1 or len(values) <= half:
        return np.array(values, dtype=float)
    flat = np.asarray(values, dtype=float).reshape(len(values), -1)
    padded = np.concatenate([flat[half:0:-1], flat, flat[-2 : -half - 2 : -1]])
    if np.isnan(flat.sum()):  # cheaper than looking at each value
        out = np.where(np.isnan(flat), np.nan, _median_by_windows(padded, width))
    else:
        out = _median_of_5(padded) if width == 5 else _median_by_windows(padded, width)
    return out.reshape(np.shape(values))


def _median_of_5(padded: np.ndarray, block: int = 8_192) -> np.ndarray:
    """(T, C): median of each window of five frames in (T + 4, C), in blocks small enough for the cache."""
    out = np.empty((len(padded) - 4, padded.shape[1]))
    step = max(1, block // padded.shape[1])
    for start in range(0, len(out), step):
        rows = padded[start : start + step + 4]
        low, high = np.minimum(rows[:-1], rows[1:]), np.maximum(rows[:-1], rows[1:])
        # window a b c d e: the smallest and the largest of the pairs (a, b) and (d, e) cannot be its median
        lower, upper = np.maximum(low[:-3], low[3:]), np.minimum(high[:-3], high[3:])
        small, large = np.minimum(lower, upper), np.maximum(lower, upper)
        np.minimum(large, rows[2:-2], out=large)
        np.maximum(small, large, out=out[start : start + step])
    return out


def _median_by_windows(padded: np.ndarray, width: int) -> np.ndarray:
    """(T, C): median of the finite values in each window of `width` frames in (T + width - 1, C)."""
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width, axis=0), axis=-1)  # NaN sorts to the end
    count = np.isfinite(ordered).sum(axis=-1)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0)[..., None] // 2, axis=-1)[..., 0]
    high = np.take_along_axis(ordered, (count // 2).clip(max=width - 1)[..., None], axis=-1)[..., 0]
    return np.where(count > 0, (low + high) / 2, np.nan)


def derivative(values: np.ndarray, timestamps_s: np.ndarray) -> np.ndarray:
    """Rate of change per second on the real timestamps, values: (T, ...); one frame gives NaN.

    Second-order central differences, one-sided at the two ends: np.gradient's scheme, without its general case.
    """
    if len(values) < 2:
        return np.full(np.shape(values), np.nan)
    over_time, step_s = np.asarray(values).T, timestamps_s[1:] - timestamps_s[:-1]
    slope = (over_time[..., 1:] - over_time[..., :-1]) / step_s
    out = np.empty(over_time.shape)
    out[..., 0], out[..., -1] = slope[..., 0], slope[..., -1]
    central = slope[..., 1:] * step_s[:-1] + slope[..., :-1] * step_s[1:]
    out[..., 1:-1] = central / (step_s[1:] + step_s[:-1])
    return out.T


def mean(values: np.ndarray) -> float:
    """Mean of the finite values; NaN when nothing is finite."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def extent(values: np.ndarray, *, robust: bool = False) -> float:
    """Largest minus smallest finite value, or the 5-95 percentile range if `robust`; NaN when nothing is finite."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return float("nan")
    if robust:
        low, high = np.percentile(finite, [5, 95])
        return float(high - low)
    return float(finite.max() - finite.min())


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation over frames where both are finite; NaN for fewer than three, or when one does not vary."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    n = len(a)
    if n < 3:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    # each on its own: a signal that is constant up to rounding has no direction to agree on, however large the other is
    if min(a @ a, b @ b) <= n * STILL**2:
        return float("nan")
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def lowpass(values: np.ndarray, timestamps_s: np.ndarray, *, cutoff_hz: float) -> np.ndarray:
    """Zero-phase low-pass: a Gaussian kernel in real time whose response falls to one half at `cutoff_hz`.

    values: (T,). Works on uneven sampling and around missing frames (weights of finite values, normalised).
    """
    sigma_s = np.sqrt(np.log(2) / 2) / (np.pi * cutoff_hz)
    out = np.full(len(values), np.nan)
    finite = np.isfinite(values)
    first = np.searchsorted(timestamps_s, timestamps_s - 4 * sigma_s)
    last = np.searchsorted(timestamps_s, timestamps_s + 4 * sigma_s, side="right")
    span = int((last - first).max(initial=1))
    index = first[:, None] + np.arange(span)
    inside = index < last[:, None]
    index = np.minimum(index, len(values) - 1)
    weight = np.exp(-0.5 * ((timestamps_s[index] - timestamps_s[:, None]) / sigma_s) ** 2) * (inside & finite[index])
    total = weight.sum(axis=1)
    near = total > 1e-6
    out[near] = (weight * np.where(finite, values, 0.0)[index]).sum(axis=1)[near] / total[near]
    return out


# Two passes of a Butterworth filter of second order let through one half of the power, 0.802 of the way to the cut-off
# of each: Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, section 2.
TWO_PASSES = (2**0.5 - 1) ** 0.25


def butterworth(values: np.ndarray, timestamps_s: np.ndarray, *, cutoff_hz: float) -> np.ndarray:
    """Butterworth low-pass of second order, forwards and backwards: no delay, half the power at `cutoff_hz`.

    values: (T, ...). Each run of frames in which a value is seen is filtered by itself, resampled to its even frames
    and back where they are uneven; a run of fewer than four frames stays as it is. NaN stays missing.
    cutoff_hz: below half the frame rate.
    """
    from scipy import signal

    flat = np.array(values, dtype=float).reshape(len(values), -1)
    if len(flat) < 2:
        return flat.reshape(np.shape(values))
    step_s = float(np.median(np.diff(timestamps_s)))
    edge = np.arctan(np.tan(np.pi * cutoff_hz * step_s) / TWO_PASSES) / (np.pi * step_s)
    sections = signal.butter(2, edge, fs=1 / step_s, output="sos")
    for first, stop, columns in _seen_runs(flat):
        times = timestamps_s[first:stop]
        even = np.linspace(times[0], times[-1], max(round((times[-1] - times[0]) / step_s) + 1, 4))
        run = flat[first:stop, columns]
        on_even = np.stack([np.interp(even, times, track) for track in run.T], axis=1)
        calm = signal.sosfiltfilt(sections, on_even, axis=0, padlen=min(len(even) - 1, 3 * round(1 / (edge * step_s))))
        flat[first:stop, columns] = np.stack([np.interp(times, even, track) for track in calm.T], axis=1)
    return flat.reshape(np.shape(values))


def one_euro(values: np.ndarray, timestamps_s: np.ndarray, *, cutoff_hz: float, size: float) -> np.ndarray:
    """The 1-Euro filter forwards and backwards: slow movement is smoothed much, fast movement little, without delay.

    values: (T, ...). size: a length in their unit, such as the distance of the outer canthi. A value at rest is
    low-passed at a quarter of `cutoff_hz`, one that moves by `size` a second at `cutoff_hz`, others in proportion.
    NaN stays missing and begins anew. Casiez, Roussel & Vogel, CHI 2012, run in both directions.
    """
    flat = np.array(values, dtype=float).reshape(len(values), -1)
    there = _one_euro(flat, timestamps_s, cutoff_hz, size)
    back = _one_euro(there[::-1], -timestamps_s[::-1], cutoff_hz, size)[::-1]
    return back.reshape(np.shape(values))


def _one_euro(flat: np.ndarray, times: np.ndarray, cutoff_hz: float, size: float) -> np.ndarray:
    """One direction, (T, C)."""
    out = flat.copy()
    speed = np.zeros(flat.shape[1])
    for at in range(1, len(flat)):
        step_s = times[at] - times[at - 1]
        known = np.isfinite(out[at - 1]) & np.isfinite(flat[at])
        raw = np.where(known, (flat[at] - out[at - 1]) / step_s, 0.0)
        speed += _share(1.0, step_s) * (raw - speed)  # the published 1 Hz for speed
        cutoff = cutoff_hz * (0.25 + 0.75 * np.abs(speed) / size)
        mixed = out[at - 1] + _share(cutoff, step_s) * (flat[at] - out[at - 1])
        out[at] = np.where(known, mixed, flat[at])
    return out


def _share(cutoff_hz: np.ndarray | float, step_s: float) -> np.ndarray | float:
    """0..1: how much of a new value a low-pass of first order takes over."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff_hz * step_s))


def _seen_runs(flat: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """(first, stop, columns (C,) bool) of each run of at least four frames that columns of (T, C) are seen in."""
    seen = np.isfinite(flat)
    runs: dict[tuple[int, int], np.ndarray] = {}
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        edges = np.flatnonzero(np.diff(np.r_[False, pattern, False]))
        for first, stop in zip(edges[::2], edges[1::2], strict=True):
            if stop - first >= 4:
                columns = runs.setdefault((int(first), int(stop)), np.zeros(flat.shape[1], dtype=bool))
                columns |= which.ravel() == number
    return [(first, stop, columns) for (first, stop), columns in runs.items()]
