"""The arrays of a compiled forest: ranked columns, room to grow in, grown trees and how they are walked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuroface.classifiers.forest_kernels import LEAF, Columns, Scratch, Trees


def ranked(X: np.ndarray) -> Columns:
    """The columns of X (n, d) float32, ranked; missing values stand last."""
    values = np.ascontiguousarray(X.T)
    order = np.argsort(values, axis=1, kind="stable").astype(np.uint16)
    place = np.empty_like(order)
    np.put_along_axis(place, order.astype(np.intp), np.arange(len(X), dtype=np.uint16)[None], axis=1)
    ordered = np.take_along_axis(values, order.astype(np.intp), axis=1)
    return Columns(values, order, place, ordered, np.count_nonzero(~np.isnan(values), axis=1).astype(np.int64))


def lots(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(upper, first) of `forest_kernels.draw_rows`, to draw rows in proportion to weights (n,)."""
    upper = np.cumsum(weights)
    upper /= upper[-1]
    upper[np.flatnonzero(weights)[-1] :] = 1.0
    return upper, np.searchsorted(upper, np.arange(len(weights)) / len(weights), side="right")


def scratch(n: int, n_train: int, n_test: int, n_classes: int, d: int) -> Scratch:
    """Room for one call of `forest_kernels.grow`."""
    return Scratch(
        weight=np.zeros(n),
        learnt=np.empty(n_train, np.uint16),
        judged=np.empty(n_test, np.uint16),
        aside=np.empty(max(n_train, n_test), np.uint16),
        bits=np.zeros((n + 63) // 64, np.uint64),
        classes=np.empty((3, n_classes)),
        features=np.stack([np.arange(d), np.arange(d)]),
        waiting=np.empty((n + 2, 7), np.int64),
        keys=np.empty(n + 2, np.uint64),
    )


def room(n_trees: int, nodes_each: int, n_classes: int, d: int) -> Trees:
    """Room for so many trees; with nodes_each=0 none of them is kept."""
    m = n_trees * nodes_each
    return Trees(
        root=np.zeros(n_trees + 1, np.int64),
        node=np.zeros((m, 3), np.int32),
        threshold=np.zeros(m),
        share=np.zeros((m, n_classes)),
        importances=np.zeros((n_trees if m else 1, d)),
    )


def trimmed(trees: Trees) -> Trees:
    used = trees.root[-1]
    return trees._replace(
        node=trees.node[:used].copy(), threshold=trees.threshold[:used].copy(), share=trees.share[:used].copy()
    )


def joined(portions: Sequence[Trees]) -> Trees:
    """Portions of a forest as one, nodes counted from the first."""
    starts = np.cumsum([0, *(len(part.node) for part in portions)])
    for part, start in zip(portions, starts, strict=False):
        part.node[:, 1] += np.where(part.node[:, 0] == LEAF, 0, start).astype(np.int32)
    roots = [part.root[:-1] + start for part, start in zip(portions, starts, strict=False)]
    return Trees(
        np.concatenate([*roots, starts[-1:]]),
        *(np.concatenate([part[i] for part in portions]) for i in range(1, len(Trees._fields))),
    )


def leaves_of(trees: Trees, X: np.ndarray) -> np.ndarray:
    """(trees, n) number of the leaf that each row of X (n, d) float32 reaches in each tree."""
    column, child, missing_left = trees.node.T
    row = np.tile(np.arange(len(X)), len(trees.root) - 1)
    at = np.repeat(trees.root[:-1], len(X))
    going = np.flatnonzero(column[at] != LEAF)
    while len(going):
        here = at[going]
        value = X[row[going], column[here]]
        left = (value <= trees.threshold[here]) | (np.isnan(value) & (missing_left[here] == 1))
        at[going] = child[here] + ~left
        going = going[column[at[going]] != LEAF]
    return at.reshape(-1, len(X))


def importances_of(of_tree: np.ndarray) -> np.ndarray:
    """(d,) mean decrease of impurity, each tree that has a cut counting the same; they add up to 1, or are 0."""
    sums = of_tree.sum(axis=1, keepdims=True)
    shares = (of_tree / np.where(sums > 0, sums, 1)).mean(axis=0)
    return shares / shares.sum() if shares.sum() > 0 else shares


def sound(trees: Trees, n_classes: int) -> bool:
    """Whether arrays from a file are trees that can be walked to their ends: children lie behind their parents."""
    m, d = len(trees.node), trees.importances.shape[1]
    column, child, _ = trees.node.T
    cut = column != LEAF
    number = np.arange(m)
    return bool(
        len(trees.threshold) == m
        and trees.share.shape == (m, n_classes)
        and ((column >= LEAF) & (column < d)).all()
        and ((child > number) & (child + 1 < m))[cut].all()
        and ((trees.root[:-1] >= 0) & (trees.root[:-1] < m)).all()
    )
