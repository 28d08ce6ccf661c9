"""Compiled trees on small tables: CART with the Gini criterion on columns that were ranked once.

A column's ranking only says in which order its rows stand; a threshold lies midway between two *training* rows of the
node that is cut, so rows that are held out never move one. Instead of sorting a node's rows, their ranks are set as
bits of a set and read in order. Each node's random choices follow from the seed of the tree and the way to the node,
never from what was grown before: branches that no asked row reaches need not be grown, and threads do not matter.

Differences from scikit-learn's trees: values count as equal only when their float32 are (there, when within 1e-7), and
random numbers are others. Written in plain loops over arrays made outside, because each call of numpy would have to be
compiled, too, at the first run. Sources: Breiman, Machine Learning 2001; 45:5-32; Walker, ACM TOMS 1977; 3:253-256
(alias method); Steele, Lea & Flood, OOPSLA 2014 (SplitMix64).
"""

# mypy: no-check-untyped-defs
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, uint64
from numba.extending import intrinsic

MOST_ROWS = 2**16 - 1  # ranks are uint16
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
LEFT, RIGHT = np.uint64(0xD1B54A32D192ED03), np.uint64(0x8CB92BA72F3D8DD7)
UNIT = 2.0**-53
ONE, SIX, S11, S27, S30, S31, S32, BITS = (np.uint64(number) for number in (1, 6, 11, 27, 30, 31, 32, 63))
NOTHING = np.uint64(0)
LEAF = -1
TOTAL, LEFT_SIDE, MISSING = 0, 1, 2  # rows of scratch.classes
NO_CUT, CONSTANT = -1.0, -2.0  # in place of a gain


class Columns(NamedTuple):
    """A table's columns, ranked once for all folds, permutations and trees.

    values: (d, n) float32. order: (d, n) uint16, rows by value, missing ones last. place: (d, n) uint16, each row's
    position in that order. ordered: (d, n) values in that order. valid: (d,) int64, how many are not missing.
    """

    values: np.ndarray
    order: np.ndarray
    place: np.ndarray
    ordered: np.ndarray
    valid: np.ndarray


class Shape(NamedTuple):
    """What a tree may look like: columns tried for each cut, least rows of a leaf and of a node that is cut, greatest
    depth, and whether each tree learns from rows drawn with replacement."""

    tried: int
    min_leaf: int
    min_rows: int
    deepest: int
    bootstrap: bool


class Trees(NamedTuple):
    """Grown trees, one after the other.

    root: (trees + 1,) where each begins, and the end. node: (m, 3) int32, column or LEAF, left child (the right one
    follows it; counted from the first tree's beginning), whether missing values go left. threshold: (m,). share: (m, k)
    of the classes. importances: (trees, d), decrease of impurity by column.
    """

    root: np.ndarray
    node: np.ndarray
    threshold: np.ndarray
    share: np.ndarray
    importances: np.ndarray


class Scratch(NamedTuple):
    """Room that trees and nodes use one after the other; see `forest_trees.scratch`."""

    weight: np.ndarray
    learnt: np.ndarray
    judged: np.ndarray
    aside: np.ndarray
    bits: np.ndarray
    classes: np.ndarray
    features: np.ndarray
    waiting: np.ndarray
    keys: np.ndarray


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """The function in machine code that needs no GIL; kept for the next process where there is a place to keep it."""
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder it may write to
        return njit(**options)(function)


def inner(function: Callable[..., Any]) -> Any:
    """As `compiled`, of what only compiled functions call; without a door to Python it is made in half the time."""
    return compiled(function, no_cpython_wrapper=True)


@intrinsic
def lowest_bit(typing_context: Any, word: Any) -> Any:
    """Position of the lowest bit that is set in a uint64 other than 0."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return uint64(uint64), code


@inner
def mixed(z):
    """SplitMix64's finaliser: uint64 -> uint64."""
    z = (z ^ (z >> S30)) * MIX_1
    z = (z ^ (z >> S27)) * MIX_2
    return z ^ (z >> S31)


@inner
def draw_rows(key, train, weights, lots, bootstrap, weight, learnt):
    """Fill weight (n,) of the rows that a tree learns from, and learnt with these rows; how many they are.

    With bootstrap as many rows as there are are drawn in proportion to their weights, and count as often as they were.
    lots: (upper (n_train,), where each row's share of 0..1 ends; first (n_train,), the first row that i / n_train.. may
    draw), Chen & Asau's guide table (AIIE Transactions 1974; 6:163-166).
    """
    n = len(train)
    upper, first = lots
    for i in range(n):
        if bootstrap:
            key += GOLDEN
            random = np.float64(mixed(key) >> S11) * UNIT
            at = first[np.int64(random * n)]
            while upper[at] <= random:
                at += 1
            weight[train[at]] += 1.0
        else:
            weight[train[i]] = weights[i]
    found = 0
    for i in range(n):
        learnt[found] = train[i]  # without a branch: whether a row is drawn cannot be foreseen
        found += weight[train[i]] > 0.0
    return found


@inner
def best_cut(columns, f, start, stop, y, total, scratch, min_leaf):
    """The cut of column f that leaves the least Gini impurity in the rows start:stop of scratch.learnt.

    (gain, place of the last row to the left, threshold, whether missing values go left, how many are missing). Gains of
    one node's columns compare; NO_CUT where none is large enough, CONSTANT where no two values can be told apart.
    scratch.classes[TOTAL]: (k,) weight of the classes in the node, `total` their sum.
    """
    order, place, ordered = columns.order, columns.place, columns.ordered
    weight, learnt, bits = scratch.weight, scratch.learnt, scratch.bits
    classes = scratch.classes
    valid, k, n = columns.valid[f], classes.shape[1], stop - start
    for c in range(k):
        classes[MISSING, c] = 0.0
    first, last, n_missing = len(bits), -1, 0
    for i in range(start, stop):
        row = learnt[i]
        at = place[f, row]
        if at < valid:
            word = np.int64(at >> 6)
            bits[word] |= ONE << (np.uint64(at) & BITS)
            if word < first:
                first = word
            if word > last:
                last = word
        else:
            n_missing += 1
            classes[MISSING, y[row]] += weight[row]
    if n_missing == n:
        return CONSTANT, -1, np.inf, False, n_missing
    lowest = ordered[f, (first << 6) + np.int64(lowest_bit(bits[first]))]
    waiting, at = bits[last], NOTHING
    while waiting != NOTHING:
        at = lowest_bit(waiting)
        waiting &= waiting - ONE
    constant = n_missing == 0 and lowest == ordered[f, (last << 6) + np.int64(at)]
    # Gains are kept as fractions, best / best_under, and compared crosswise: a division takes longer than all the rest.
    best, best_under, cut, after, to_left = NO_CUT, 1.0, -1, -1, False
    two, ones, ones_left = k == 2, classes[TOTAL, k - 1], 0.0
    for side in range(0 if constant else 2 if n_missing > 0 else 1):  # first all that is missing to the right
        n_left, weight_left, squares_left, squares_right = side * n_missing, 0.0, 0.0, 0.0
        for c in range(k):
            classes[LEFT_SIDE, c] = classes[MISSING, c] if side == 1 else 0.0
            weight_left += classes[LEFT_SIDE, c]
            squares_left += classes[LEFT_SIDE, c] * classes[LEFT_SIDE, c]
            squares_right += (classes[TOTAL, c] - classes[LEFT_SIDE, c]) * (classes[TOTAL, c] - classes[LEFT_SIDE, c])
        ones_left = classes[LEFT_SIDE, k - 1]
        before, previous = np.float32(np.inf), -1  # nothing is greater: no cut before the first row
        for word in range(first, last + 1):
            waiting = bits[word]
            while waiting != NOTHING:
                at = (np.uint64(word) << SIX) + lowest_bit(waiting)
                waiting &= waiting - ONE
                value, row = ordered[f, at], order[f, at]
                if value > before and n_left >= min_leaf and n - n_left >= min_leaf:
                    weight_right = total - weight_left
                    under = weight_left * weight_right
                    if two:
                        gain = ones_left * total - ones * weight_left
                        gain *= gain
                    else:
                        gain = squares_left * weight_right + squares_right * weight_left
                    if gain * best_under > best * under:
                        best, best_under, cut, after, to_left = gain, under, previous, np.int64(at), side == 1
                c, w = y[row], weight[row]
                if two:
                    ones_left += w * np.float64(c)
                else:
                    was = classes[LEFT_SIDE, c]
                    squares_left += w * (2.0 * was + w)
                    squares_right -= w * (2.0 * (classes[TOTAL, c] - was) - w)
                    classes[LEFT_SIDE, c] = was + w
                weight_left += w
                n_left += 1
                before, previous = value, np.int64(at)
        if side == 0 and n_missing >= min_leaf and n_missing > 0 and n_left >= min_leaf:
            weight_right = total - weight_left
            under = weight_left * weight_right
            if two:
                gain = ones_left * total - ones * weight_left
                gain *= gain
            else:
                gain = squares_left * weight_right + squares_right * weight_left
            if gain * best_under > best * under:  # all that is not missing against all that is
                best, best_under, cut, after, to_left = gain, under, previous, -1, False
    for word in range(first, last + 1):
        bits[word] = NOTHING
    if constant:
        return CONSTANT, -1, np.inf, False, n_missing
    threshold = np.inf
    if after >= 0:
        threshold = np.float64(ordered[f, cut]) / 2.0 + np.float64(ordered[f, after]) / 2.0
    return best / best_under, cut, threshold, to_left, n_missing


@inner
def choose_cut(columns, key, start, stop, y, total, scratch, shape):
    """The best cut of a node among `shape.tried` columns drawn at random, more where all of these are constant.

    (column or LEAF, place of the last row to the left, threshold, whether missing values go left, how many are).
    """
    features, d = scratch.features, scratch.features.shape[1]
    gain, feature, cut, threshold, to_left, n_missing = NO_CUT, LEAF, -1, np.inf, False, 0
    drawn, constant = 0, 0
    while drawn < d and (drawn < shape.tried or constant == drawn):
        key += GOLDEN
        at = drawn + np.int64(((mixed(key) >> S32) * np.uint64(d - drawn)) >> S32)
        f = features[0, at]
        features[1, drawn], features[0, at], features[0, drawn] = at, features[0, drawn], f
        drawn += 1
        found = best_cut(columns, f, start, stop, y, total, scratch, shape.min_leaf)
        if found[0] == CONSTANT:
            constant += 1
        elif found[0] > gain:
            gain, cut, threshold, to_left, n_missing = found
            feature = f
    for i in range(drawn - 1, -1, -1):  # back in order: what one node draws does not depend on others
        at = features[1, i]
        features[0, i], features[0, at] = features[0, at], features[0, i]
    return feature, cut, threshold, to_left, n_missing


@inner
def part_learnt(columns, f, rows, aside, start, stop, cut, to_left):
    """Bring the rows of start:stop that go left to the front; where the others begin.

    Every row is written to both sides, and counted on one: a branch that no processor can foresee takes longer.
    """
    valid, middle, n_right = columns.valid[f], start, 0
    for i in range(start, stop):
        row = rows[i]
        at = np.int64(columns.place[f, row])
        left = (at <= cut) | (to_left & (at >= valid))
        rows[middle] = aside[n_right] = row
        middle += left
        n_right += not left
    for i in range(n_right):
        rows[middle + i] = aside[i]
    return middle


@inner
def part_judged(columns, f, rows, aside, start, stop, threshold, to_left):
    """As part_learnt, of rows that were not learnt from: by their values."""
    middle, n_right = start, 0
    for i in range(start, stop):
        row = rows[i]
        value = columns.values[f, row]
        left = (value <= threshold) | (to_left & (value != value))
        rows[middle] = aside[n_right] = row
        middle += left
        n_right += not left
    for i in range(n_right):
        rows[middle + i] = aside[i]
    return middle


@compiled
def grow(columns, y, train, weights, lots, test, key, first, shape, scratch, trees, out):
    """Grow trees, and add what each says of the rows `test` to out (n, k).

    y: (n,) uint8 class of every row. train, test: rows. weights: (n_train,). key: of the forest. first: number of the
    first tree. trees: how many, and where they are kept; where it has no room for nodes, only branches are grown that a
    row of `test` reaches.
    """
    classes, learnt, judged, k = scratch.classes, scratch.learnt, scratch.judged, out.shape[1]
    weight, waiting, keys = scratch.weight, scratch.waiting, scratch.keys
    keep, used = len(trees.node) > 0, 0
    for tree in range(len(trees.root) - 1):
        seed = mixed(key + GOLDEN * np.uint64(first + tree + 1))
        n_learnt = draw_rows(seed, train, weights, lots, shape.bootstrap, weight, learnt)
        for i in range(len(test)):
            judged[i] = test[i]
        trees.root[tree] = used
        waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, n_learnt, 0, len(test)
        waiting[0, 4], waiting[0, 5], waiting[0, 6], keys[0] = 0, used, LEAF, mixed(seed ^ LEFT)
        used += 1
        n_waiting, whole = 1, 0.0
        while n_waiting > 0:
            n_waiting -= 1
            here = keys[n_waiting]
            start, stop = waiting[n_waiting, 0], waiting[n_waiting, 1]
            test_start, test_stop = waiting[n_waiting, 2], waiting[n_waiting, 3]
            depth, number, parent = waiting[n_waiting, 4], waiting[n_waiting, 5], waiting[n_waiting, 6]
            for c in range(k):
                classes[TOTAL, c] = classes[LEFT_SIDE, c] = 0.0
            for i in range(start, stop):  # by turns in two places: a sum waits for the sum before it
                classes[i & 1, y[learnt[i]]] += weight[learnt[i]]
            total, squares, present = 0.0, 0.0, 0
            for c in range(k):
                classes[TOTAL, c] += classes[LEFT_SIDE, c]
                total += classes[TOTAL, c]
                squares += classes[TOTAL, c] * classes[TOTAL, c]
                present += classes[TOTAL, c] > 0.0
            impurity = total - squares / total
            feature, cut, threshold, to_left, n_missing = LEAF, -1, np.inf, False, 0
            if present > 1 and stop - start >= shape.min_rows and depth < shape.deepest:
                feature, cut, threshold, to_left, n_missing = choose_cut(
                    columns, here, start, stop, y, total, scratch, shape
                )
            if keep:
                trees.node[number, 0] = feature
                for c in range(k):
                    trees.share[number, c] = classes[TOTAL, c] / total
                if parent == LEAF:
                    whole = total
                else:
                    trees.importances[tree, parent] -= impurity / whole
            if feature == LEAF:
                for i in range(test_start, test_stop):
                    for c in range(k):
                        out[judged[i], c] += classes[TOTAL, c] / total
                continue
            middle = part_learnt(columns, feature, learnt, scratch.aside, start, stop, cut, to_left)
            if n_missing == 0:  # what was never missing here goes the way of most
                to_left = middle - start > stop - middle
            test_middle = part_judged(
                columns, feature, judged, scratch.aside, test_start, test_stop, threshold, to_left
            )
            if keep:
                trees.importances[tree, feature] += impurity / whole
                trees.threshold[number] = threshold
                trees.node[number, 1], trees.node[number, 2] = used, to_left
            for side in range(1, -1, -1):  # the right one waits below the left one
                if keep or (test_stop > test_middle if side == 1 else test_middle > test_start):
                    at = n_waiting
                    n_waiting += 1
                    waiting[at, 0], waiting[at, 1] = (middle, stop) if side == 1 else (start, middle)
                    waiting[at, 2], waiting[at, 3] = (
                        (test_middle, test_stop) if side == 1 else (test_start, test_middle)
                    )
                    waiting[at, 4], waiting[at, 5], waiting[at, 6] = depth + 1, used + side, feature
                    keys[at] = mixed(here ^ (RIGHT if side == 1 else LEFT))
            used += 2
        for i in range(len(train)):
            weight[train[i]] = 0.0
    trees.root[len(trees.root) - 1] = used
