"""What the intervals and p values of docs/statistics.md hold, by simulation with known truth. Seeded; some minutes.

python scripts/interval_coverage.py [--sets 2000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from neuroface.evaluate import statistics
from neuroface.evaluate.auc_intervals import ovr_interval
from neuroface.evaluate.one_more import draw_confusions, limits
from neuroface.evaluate.paired import compare
from neuroface.evaluate.scores_decisions import balanced_accuracy
from neuroface.evaluate.scores_grades import quadratic_kappa

DECISIONS = {
    "accuracy": statistics.accuracy,
    "balanced accuracy": balanced_accuracy,
    "macro F1": statistics.macro_f1,
    "quadratic kappa": quadratic_kappa,
}
N_FEATURES = 11
Scorer = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def share_inside(limits_of_sets: list[tuple[float, float]], truth: float) -> float:
    return float(np.mean([low - 1e-9 <= truth <= high + 1e-9 for low, high in limits_of_sets]))


def bootstrap_rows(y: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """(draws, n) positions drawn with replacement within each class."""
    drawn = np.empty((draws, len(y)), dtype=int)
    for c in np.unique(y):
        mine = np.flatnonzero(y == c)
        drawn[:, mine] = rng.choice(mine, size=(draws, len(mine)))
    return drawn


def fixed_aucs(sets: int, rng: np.random.Generator) -> None:
    """Scores that were not fitted to these people: normal, the positive ones `spread` times as wide."""
    print("\nAUC of fixed scores: share of sets whose interval holds the truth (percentile bootstrap in brackets)")
    for n1, n0 in ((11, 11), (14, 11), (6, 6)):
        y = np.repeat([1, 0], [n1, n0])
        for spread in (1.0, 2.0):
            cells = []
            for truth in (0.5, 0.75, 0.9, 0.97):
                mean = norm.ppf(truth) * np.hypot(1, spread)
                scores = rng.normal(size=(sets, n1 + n0)) * np.where(y == 1, spread, 1) + mean * (y == 1)
                ours = [statistics.auc_interval(row, y == 1)[:2] for row in scores]
                few = scores[: sets // 4]
                plain = [
                    statistics.percentile_interval(statistics.auc(row[bootstrap_rows(y, rng, 300)], y == 1))
                    for row in few
                ]
                cells.append(f"{truth}: {share_inside(ours, truth):.3f} ({share_inside(plain, truth):.2f})")
            print(f"  {n1} v {n0}, spread {spread:g}   " + "   ".join(cells))


def decision_rows(k: int, right: float) -> np.ndarray:
    """(k, k) chances of each decision in each true class; what is wrong is mostly near."""
    distance = np.abs(np.arange(k)[:, None] - np.arange(k))
    wrong = np.where(distance > 0, 0.4**distance, 0)
    return np.where(distance == 0, right, (1 - right) * wrong / wrong.sum(axis=1, keepdims=True))


def decisions(sets: int, rng: np.random.Generator) -> None:
    print("\nDecisions: share of sets whose interval holds the truth (percentile bootstrap in brackets)")
    sets = sets // 4
    for k, n in ((3, 11), (3, 6), (6, 6), (2, 11)):
        y, person = np.repeat(np.arange(k), n), np.arange(k * n)
        for right in (0.6, 0.8, 0.9, 0.97):
            chances = decision_rows(k, right)
            truth = {name: float(score(n * chances)) for name, score in DECISIONS.items()}
            ours, plain = {name: [] for name in DECISIONS}, {name: [] for name in DECISIONS}
            for _ in range(sets):
                decided = np.concatenate([rng.choice(k, size=n, p=row) for row in chances])
                counts = statistics.confusion(y, decided, k)
                drawn = draw_confusions(y, decided, k, unit=person, n_draws=400, rng=rng)
                again = statistics.confusion(np.broadcast_to(y, (400, k * n)), decided[bootstrap_rows(y, rng, 400)], k)
                for name, score in DECISIONS.items():
                    ours[name].append(limits(score, counts, drawn))
                    plain[name].append(statistics.percentile_interval(score(again)))
            cells = [
                f"{name} {share_inside(ours[name], truth[name]):.3f} ({share_inside(plain[name], truth[name]):.2f})"
                for name in DECISIONS
            ]
            print(f"  {k} x {n}, {right:g} right   " + "   ".join(cells))


def one_against_rest(sets: int, rng: np.random.Generator) -> None:
    """Three normal groups in a plane; each class's score is minus the distance from its centre."""
    print("\nOne-against-rest AUC of 3 classes, fixed scores: share of sets whose interval holds the truth (bootstrap)")
    sets = sets // 2
    for apart in (1.0, 2.0, 3.0):
        centres = apart * np.array([[0, 0], [1, 0], [0.5, 3**0.5 / 2]])

        def scored(y: np.ndarray, centres: np.ndarray = centres) -> np.ndarray:
            x = centres[y] + rng.normal(size=(len(y), 2))
            return -np.linalg.norm(x[:, None] - centres, axis=2)

        many = np.repeat(np.arange(3), 20000)
        p = scored(many)
        truth = float(np.mean([statistics.auc(p[:, c], many == c) for c in range(3)]))
        for n in (11, 6):
            y, ours, plain = np.repeat(np.arange(3), n), [], []
            for _ in range(sets):
                p = scored(y)
                ours.append(ovr_interval(p, y, np.arange(len(y)))[:2])
                rows = bootstrap_rows(y, rng, 300)
                again = np.mean([statistics.auc(p[rows, c], y == c) for c in range(3)], axis=0)
                plain.append(statistics.percentile_interval(again))
            print(f"  3 x {n}, truth {truth:.3f}   {share_inside(ours, truth):.3f} ({share_inside(plain, truth):.2f})")


def nearest_mean(X: np.ndarray, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(F, n) score of every row by each of F training sets (F, n) bool: nearer to the positive or the negative mean."""
    distance = []
    for c in (0, 1):
        members = train & (y == c)
        means = members @ X / members.sum(axis=1, keepdims=True)
        distance.append(((X[None] - means[:, None]) ** 2).sum(axis=2))
    return distance[0] - distance[1]


def neighbours(X: np.ndarray, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(F, n) share of positives among the five nearest rows of the training set."""
    distance = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    nearest = np.argpartition(np.where(train[:, None, :], distance[None], np.inf), 4, axis=2)[..., :5]
    return y[nearest].mean(axis=2)


def kernel(X: np.ndarray, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(F, n) mean of Gaussian kernels, as wide as there are features: positives less negatives."""
    near = np.exp(-((X[:, None] - X[None]) ** 2).sum(axis=2) / (2 * X.shape[1]))
    members = [train & (y == c) for c in (0, 1)]
    means = [mine @ near / mine.sum(axis=1, keepdims=True) for mine in members]
    return means[1] - means[0]


METHODS: dict[str, Scorer] = {"nearest mean": nearest_mean, "5 neighbours": neighbours, "kernel": kernel}


def left_out(score: Scorer, X: np.ndarray, y: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """(n,) leave-one-out scores; rng: rebalanced, one random row of the other class is left out, too."""
    n = len(y)
    train = ~np.eye(n, dtype=bool)
    if rng is not None:
        train[np.arange(n), [rng.choice(np.flatnonzero(y != c)) for c in y]] = False
    return score(X, y, train)[np.arange(n), np.arange(n)]


def pair_auc(score: Scorer, X: np.ndarray, y: np.ndarray) -> float:
    """Leave-pair-out: the share of pairs, one of each class, that a fit without both orders rightly."""
    pairs = np.array([(i, j) for i in np.flatnonzero(y == 1) for j in np.flatnonzero(y == 0)])
    train = np.ones((len(pairs), len(y)), dtype=bool)
    train[np.arange(len(pairs))[:, None], pairs] = False
    found = np.take_along_axis(score(X, y, train), pairs, axis=1)
    return float(((np.sign(found[:, 0] - found[:, 1]) + 1) / 2).mean())


def knows_nothing(sets: int, rng: np.random.Generator) -> None:
    print("\nFeatures that know nothing, 11 v 11: mean AUC, and the share of sets whose interval holds .5")
    y = np.repeat([0, 1], 11)
    for name, score in METHODS.items():
        plain, rebalanced, pairs, inside = [], [], [], []
        for i in range(sets):
            X = rng.normal(size=(22, N_FEATURES))
            scores = left_out(score, X, y)
            plain.append(float(statistics.auc(scores, y == 1)))
            inside.append(statistics.auc_interval(scores, y == 1)[:2])
            rebalanced.append(float(statistics.auc(left_out(score, X, y, rng), y == 1)))
            if i < sets // 10:
                pairs.append(pair_auc(score, X, y))
        means = "   ".join(
            f"{what} {np.mean(values):.3f} +- {np.std(values) / len(values) ** 0.5:.3f}"
            for what, values in (("loso", plain), ("loso_rebalanced", rebalanced), ("leave-pair-out", pairs))
        )
        print(f"  {name:13} {means}   holds .5: {share_inside(inside, 0.5):.3f}")


def two_methods(sets: int, rng: np.random.Generator) -> None:
    print("\nTwo methods that are equally good, 11 v 11: share of sets with p <= .05")
    y, sets = np.repeat([0, 1], 11), sets // 5

    def told(what: str, found: list, names: tuple[str, ...] = ("p_delong", "p_swap")) -> None:
        shares = "   ".join(f"{name} {np.mean([getattr(one, name) <= 0.05 for one in found]):.3f}" for name in names)
        print(f"  {what:52} {shares}")

    person = np.arange(22)
    scores = rng.normal(size=(2, sets, 22)) + y
    told("fixed scores, AUC .76", [compare(a, b, y == 1, person=person) for a, b in zip(*scores, strict=True)])
    for shift in (0.0, 0.35, 0.6):
        found, aucs = [], []
        for _ in range(sets):
            tables = rng.normal(size=(2, 22, N_FEATURES)) + shift * y[:, None]
            a, b = (left_out(nearest_mean, X, y) for X in tables)
            null = []
            for _ in range(99):
                permuted = rng.permutation(y)
                first, second = (statistics.auc(left_out(nearest_mean, X, permuted), permuted == 1) for X in tables)
                null.append(first - second)
            aucs.append(statistics.auc(a, y == 1))
            found.append(compare(a, b, y == 1, person=person, null=np.array(null)))
        told(f"nearest mean by leave-one-out, mean AUC {np.mean(aucs):.2f}", found, ("p_delong", "p_swap", "p_refit"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2000, help="simulated data sets per row")
    sets = parser.parse_args().sets
    for i, part in enumerate((fixed_aucs, decisions, one_against_rest, knows_nothing, two_methods)):
        part(sets, np.random.default_rng(i))


if __name__ == "__main__":
    main()
