"""Is the compiled forest scikit-learn's? Both on the same folds of more than 50 tables, paired.

    python scripts/compare_forests.py [--trees 100] [--seeds 4] [--gfe DIR] [--few]

Tables: those that scikit-learn ships, whole, in pairs of classes and with holes; the features of the synthetic clinic;
those of the Grammatical Facial Expressions where --gfe names their folder; made-up ones. Of each: the AUC of both (one
class against the rest, pooled over three folds, mean of the seeds), and how far probabilities and importances of two
forests lie apart, one of each kind, beside two of the same kind: the ratio is 1 where the kinds are one. Signed-rank
tests over the tables; exit code 5 where one of the three tells the kinds apart (Holm, .05).
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from neuroface.classifiers.forest import Forest

Table = tuple[str, np.ndarray, np.ndarray]
FOLDS = 3
ROWS = 400  # of a table; more are left out at random


def bundled() -> Iterator[Table]:
    """What scikit-learn ships: measured, not made up."""
    for name in ("breast_cancer", "wine", "iris", "digits"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield name, X, y
        for missing in (0.05, 0.3):
            holes = X.copy()
            holes[np.random.default_rng(1).random(X.shape) < missing] = np.nan
            yield f"{name}, {missing:.0%} missing", holes, y
        pairs = [(3, 8), (1, 7), (4, 9), (5, 6), (0, 8), (2, 3)] if name == "digits" else [(0, 1), (0, 2), (1, 2)]
        for a, b in pairs if name != "breast_cancer" else []:
            rows = np.isin(y, [a, b])
            yield f"{name} {a} v {b}", X[rows], y[rows]
    X, value = datasets.load_diabetes(return_X_y=True)
    for parts in (2, 3):
        yield f"diabetes in {parts}", X, np.digitize(value, np.quantile(value, np.arange(1, parts) / parts))


def clinic() -> Iterator[Table]:
    """Features of the synthetic clinic, as the published questions ask for them."""
    for protocol, features in (("als_vs_hc", "als11_v1"), ("ps_vs_hc", "ps13_v1"), ("three_way", "als11_v1")):
        for task in ("OPEN", "SPREAD", "BBP"):
            words = [f"protocol={protocol}", f"protocol.task={task}", f"features=[{features}]"]
            yield (f"clinic {protocol} {task}", *of_words(words))


def expressions(root: Path) -> Iterator[Table]:
    """Grammatical facial expressions of two signers (Kinect)."""
    for name in ("affirmative", "doubt_question", "emphasis", "negative", "topics", "wh_question", "yn_question"):
        words = ["experiment=gfe_expression", f"cohort.root={root}", f"cohort.expression={name}"]
        yield (f"gfe {name}", *of_words(words))


def of_words(words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    from neuroface.configuration.compose import compose
    from neuroface.studies.building import build_protocol, build_samples

    config, _ = compose("train", [*words, "quality=null"])
    samples, _ = build_samples(config, build_protocol(config))
    return np.asarray(samples.X), np.asarray(samples.y)


def made_up() -> Iterator[Table]:
    for i, (n, d, classes, kind) in enumerate(
        itertools.product((40, 200), (3, 12), (2, 4), ("noise", "ties", "holes", "rare"))
    ):
        rng = np.random.default_rng(i)
        y = np.arange(n) % classes if kind != "rare" else (rng.random(n) < 0.15) + 0
        X = rng.normal(size=(n, d)) + 0.7 * y[:, None] * (np.arange(d) < 2)
        if kind == "ties":
            X = X.round()
        if kind == "holes":
            X[rng.random(X.shape) < 0.2] = np.nan
        yield f"made up {n} x {d}, {len(set(y))} classes, {kind}", X, y


def compare(X: np.ndarray, y: np.ndarray, trees: int, seeds: int) -> dict[str, float]:
    """auc and auc_sklearn, and the ratios of squared distances of probabilities and importances."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(y))[:ROWS]
    X, y = X[rows], np.unique(y[rows], return_inverse=True)[1]
    weights = rng.uniform(0.2, 1.8, len(y))
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"ours": [], "theirs": []}
    for seed, kind in itertools.product(range(seeds), found):
        p, importances = np.zeros((len(y), y.max() + 1)), []
        for fold, (train, test) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, y)):
            make = Forest if kind == "ours" else RandomForestClassifier
            forest = make(n_estimators=trees, random_state=100 * seed + fold)
            p[test] = forest.fit(X[train], y[train], sample_weight=weights[train]).predict_proba(X[test])
            importances.append(forest.feature_importances_)
        found[kind].append((p, np.stack(importances)))
    areas = {kind: np.mean([auc(y, p) for p, _ in runs]) for kind, runs in found.items()}
    return {
        "auc": areas["ours"],
        "auc_sklearn": areas["theirs"],
        **{name: apart([[run[i] for run in runs] for runs in found.values()]) for i, name in enumerate(RATIOS)},
    }


RATIOS = ("probabilities", "importances")


def auc(y: np.ndarray, p: np.ndarray) -> float:
    return roc_auc_score(y, p[:, 1]) if p.shape[1] == 2 else roc_auc_score(np.eye(p.shape[1])[y], p, average="macro")


def apart(kinds: list[list[np.ndarray]]) -> float:
    """Mean squared distance of values of two kinds over that of two of one kind."""
    within = [np.mean((a - b) ** 2) for runs in kinds for a, b in itertools.combinations(runs, 2)]
    between = [np.mean((a - b) ** 2) for a, b in itertools.product(*kinds)]
    return float(np.mean(between) / max(np.mean(within), 1e-12)) if np.mean(between) > 1e-12 else 1.0


def tests(rows: list[dict[str, float]]) -> dict[str, float]:
    """p of the signed-rank test over the tables, of the AUC's difference and of each ratio against 1."""
    differences = {"auc": np.array([row["auc"] - row["auc_sklearn"] for row in rows])}
    differences |= {name: np.log([row[name] for row in rows]) for name in RATIOS}
    return {name: float(wilcoxon(values).pvalue) for name, values in differences.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description="The compiled forest beside scikit-learn's on many tables.")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--gfe", type=Path, help="folder of the Grammatical Facial Expressions")
    parser.add_argument("--few", action="store_true", help="made-up tables only")
    arguments = parser.parse_args()
    sources = [made_up()] if arguments.few else [bundled(), clinic(), made_up()]
    if arguments.gfe:
        sources.append(expressions(arguments.gfe))
    rows = []
    print(f"{'table':<42}{'rows':>6}{'AUC ours':>10}{'sklearn':>9}{'probabilities':>15}{'importances':>13}")
    for name, X, y in itertools.chain(*sources):
        row = compare(X, y, arguments.trees, arguments.seeds)
        rows.append(row)
        print(
            f"{name:<42}{len(y):>6}{row['auc']:>10.3f}{row['auc_sklearn']:>9.3f}"
            f"{row['probabilities']:>15.2f}{row['importances']:>13.2f}",
            flush=True,
        )
    difference = np.array([row["auc"] - row["auc_sklearn"] for row in rows])
    print(f"\n{len(rows)} tables; AUC ours - scikit-learn's: mean {difference.mean():+.4f}, SD {difference.std():.4f}")
    for name in RATIOS:
        print(f"{name}: median ratio {np.median([row[name] for row in rows]):.3f}")
    found = tests(rows)
    print("; ".join(f"{name} p = {p:.2f}" for name, p in found.items()))
    ordered = sorted(found.values())
    told = any(p < 0.05 / (len(ordered) - i) and i == 0 for i, p in enumerate(ordered))
    print("The two are told apart." if told else "Nothing tells the two apart.")
    return 5 if told else 0


if __name__ == "__main__":
    sys.exit(main())
