"""What a run knows of each thing that reporting checklists ask for: a function per answer, "" where nothing.

A function's name is the `answer` of an item in report/standards. Those about people and data stand in known_people.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neuroface.report import wording
from neuroface.report.known_people import (
    FITTED_INSIDE,
    analysed,
    centres,
    characteristics,
    data,
    eligibility,
    flow,
    measurement,
    missing,
    nobody_judged,
    outcome,
    poor_input,
    predictors,
    preparation,
    repeated,
    sample_size,
    sentence,
)  # fmt: skip
from neuroface.report.story import Story


def title(story: Story) -> str:
    return story.title


def abstract(story: Story) -> str:
    return story.answer


def objectives(story: Story) -> str:
    aim = f"predict {story.column}" if story.column else f"tell {' from '.join(reversed(story.classes[:2]))}"
    if len(story.classes) > 2:
        aim = f"tell {', '.join(story.classes)} apart"
    return f"To {aim} by recordings of {story.tasks}: development, and evaluation on people who were left out."


def partition(story: Story) -> str:
    name = str(story.choices.get("split", ""))
    if not name:
        return ""
    words = wording.SPLITS.get(name, name.replace("_", " "))
    by = (story.config.get("split") or {}).get("by")
    apart = f"with the leak {story.leak}, on purpose" if story.leak else "nobody is both learnt from and judged"
    folds = f", {story.facts['n_folds']} folds" if story.facts.get("n_folds") else ""
    return f"{words[0].upper() + words[1:]}{f' (by {by})' if by else ''}{folds}; {apart}."


def transformations(story: Story) -> str:
    scaled = "scaled to mean 0 and variance 1" if story.classifier.get("scale") else "not scaled"
    impute = story.classifier.get("impute")
    filled = f"missing values by the {impute}" if impute else ""
    if not story.features:
        return ""
    where = f"with the leak {story.leak}, on purpose" if story.leak else f"all of it fitted {FITTED_INSIDE}"
    return sentence([preparation(story).rstrip("."), f"features {scaled}", filled, where])


def model(story: Story) -> str:
    name = story.choices.get("classifier")
    if not name:
        return ""
    node = story.classifier.get("estimator") or story.classifier
    settings = [f"{k} {v}" for k, v in _settings(node).items()]
    return f"{name} ({', '.join(settings)})." if settings else f"{name}."


def _settings(node: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("view", "scale", "impute", "search")
    return {k: v for k, v in node.items() if not k.startswith("_") and k not in kept and _is_setting(v)}


def _is_setting(value: Any) -> bool:
    return value is not None and not isinstance(value, Mapping | list)


def tuning(story: Story) -> str:
    weights = ""
    if (story.config.get("ensemble") or {}).get("method") == "stack":
        weights = f"Weights of the runs were learnt {FITTED_INSIDE}, from people held out there (weights.json)."
    elif wording.over_tasks(story.config) == "stack":
        weights = f"Weights of the tasks were learnt {FITTED_INSIDE}, from people held out there."
    if search := story.classifier.get("search"):
        told = f"Settings chosen {FITTED_INSIDE}, by people held out there: {wording.listed(list(search), 8)}."
        return " ".join(filter(None, (told, weights)))
    epochs = (
        " Epoch: " + str(story.classifier["epoch_selection"]) + "." if "epoch_selection" in story.classifier else ""
    )
    if weights:
        return f"{weights} No other settings were searched: they stand in the configuration.{epochs}"
    return f"No settings were searched in this run: they stand in its configuration.{epochs}"


def clusters(story: Story) -> str:
    if str(story.choices.get("split")) == "leave_one_cohort_out":
        by = (story.config.get("split") or {}).get("by", "site")
        return f"Each {by} was judged by what was learnt from the others; AUC of each: subgroups.csv."
    known = [name for name in ("site", "camera") if len(story.of_each(name)) > 1]
    return f"AUC by {' and '.join(known)}: subgroups.csv." if known else ""


def measures(story: Story) -> str:
    unit = "each person's own repetitions are judged" if story.is_within_person else "the unit is the person"
    return f"{', '.join(story.performance)}; {unit}."


def performance(story: Story) -> str:
    return sentence([f"{name} {value}" for name, value in story.performance.items()])


def uncertainty(story: Story) -> str:
    of = story.scores.get("subject") or {}
    how = of.get("auc_ci_method") or of.get("ci_method") or of.get("ci_bootstrap_method")
    conditional = "" if "conditional" in str(how) else "conditional on the fitted folds"
    return sentence([f"95 % intervals: {how}" if how else "", conditional, "hence too short"])


def tests(story: Story) -> str:
    n = (story.scores.get("subject") or {}).get("n_permutations")
    if not n:
        return ""
    how = "everything fitted anew" if story.facts.get("null") != "predictions" else "nothing fitted anew"
    what = "numbers" if story.column else "classes"
    return f"Permutation of the {what} of people, {n} times, {how}; exchangeable people are assumed."


def imbalance(story: Story) -> str:
    return f"{story.facts['sample_weight']}, in every training fold." if story.facts.get("sample_weight") else ""


def subgroups(story: Story) -> str:
    from neuroface.report.subgroups import FACTS

    known = [name for name in FACTS if len(story.of_each(name)) > 1]
    return f"AUC by {', '.join(known)}: subgroups.csv." if known and len(story.classes) == 2 else ""


def output(story: Story) -> str:
    seen = f"with the leak {story.leak}" if story.leak else "by a model that never saw the person"
    mean = f"{_mean_of(story)}, {seen}"
    if story.column:
        return f"For each person {story.column}: {mean}."
    threshold = (story.scores.get("subject") or {}).get("threshold") or {}
    cut = (
        f" Threshold chosen {threshold['chosen']} (median {threshold['median']:.3g})." if "median" in threshold else ""
    )
    return f"Probability of each class: {mean}.{cut}"


def _mean_of(story: Story) -> str:
    ensemble = story.config.get("ensemble") or {}
    if ensemble.get("method") == "stack":
        return (
            f"mean of {len(ensemble['runs'])} runs by weights learnt in each fold from people held out inside it "
            "(weights.json)"
        )
    if how := wording.over_tasks(story.config):
        weights = "by weights learnt in each fold from people held out inside it" if how == "stack" else "all alike"
        return (
            f"mean {_runs(ensemble)}over repetitions of what each task's own model says, then over the tasks that were "
            f"done, {weights}"
        )
    return f"mean {_runs(ensemble)}over repetitions, then over tasks"


def _runs(ensemble: Mapping[str, Any]) -> str:
    return f"over {len(ensemble['runs'])} runs, " if ensemble.get("runs") else ""


def learnt_and_judged(story: Story) -> str:
    if str(story.choices.get("split")) == "leave_one_cohort_out":
        return clusters(story)
    return "The same cohort: everybody is judged by models of the others. There is no external evaluation in this run."


def no_updating(_: Story) -> str:
    return "No model was updated."


def code(story: Story) -> str:
    version, commit = (story.facts.get("versions") or {}).get("neuroface"), story.facts.get("git_commit")
    told = [f"neuroface {version}"] if version else []
    return f"{', '.join([*told, f'git {commit}'] if commit else told)}." if told else ""


def environment(story: Story) -> str:
    versions = ", ".join(f"{name} {v}" for name, v in (story.facts.get("versions") or {}).items())
    took = f"{story.facts['wall_s']:.0f} s" if story.facts.get("wall_s") else ""
    return sentence([f"device {story.facts['device']}" if story.facts.get("device") else "", versions, took])


def readme(story: Story) -> str:
    return f"README of neuroface, and {story.folder.name}/report/report.html with the configuration in full."


def command(story: Story) -> str:
    seed = (story.facts.get("seeds") or {}).get("run")
    return f"{story.facts['command']} (seed {seed})." if story.facts.get("command") else ""


def specification(story: Story) -> str:
    kept = sorted(file.name for file in (story.folder / "models").glob("*") if file.suffix != ".json")
    return (
        f"{len(kept)} files in models/, which execute no code when read; configuration in config.yaml." if kept else ""
    )


def baselines(story: Story) -> str:
    of = story.scores.get("subject") or {}
    told = [f"{wording.number(of[key])} {words}" for key, words in _DUMMIES.items() if key in of]
    knows = "the mean of the training people" if story.column else "the class sizes"
    return sentence([f"what knows {knows} only: {', '.join(told)}" if told else "", tests(story).rstrip(".")])


_DUMMIES = {"dummy_auc": "AUC", "dummy_accuracy": "accuracy", "dummy_rmse": "RMSE"}


def leakage(story: Story) -> str:
    checks = story.audit.get("checks") or {}
    passed = sum(outcome == "passed" for outcome in checks.values())
    if not checks:
        return ""
    return f"Audit: {story.audit.get('verdict')}; {passed} of {len(checks)} checks passed (docs/audit.md)."


def duplicates(story: Story) -> str:
    return _checks(story, ("NF001", "NF002", "NF003"))


def label_check(story: Story) -> str:
    return _checks(story, ("NF010", "NF011"))


def _checks(story: Story, numbers: tuple[str, ...]) -> str:
    of, checks = story.audit.get("numbers") or {}, story.audit.get("checks") or {}
    return sentence([f"{of[name]} {name}: {said}" for name, said in checks.items() if of.get(name) in numbers])


def limits(story: Story) -> str:
    told = [f"{story.n_people} people", "intervals too short, as they take the fitted folds as given"]
    told += [f"the leak {story.leak}, on purpose"] if story.leak else []
    told += ["synthetic people: nothing follows for patients"] if story.is_synthetic else []
    told += [f"not checked: {story.audit['not_checked']}"] if story.audit.get("not_checked") else []
    return sentence(told)


ANSWERS: dict[str, Callable[[Story], str]] = {
    function.__name__: function
    for function in (
        title, abstract, objectives, data, centres, eligibility, flow, preparation, missing, outcome, predictors,
        measurement, nobody_judged, sample_size, analysed, characteristics, partition, transformations, model, tuning,
        clusters, measures, performance, uncertainty, tests, imbalance, subgroups, output, learnt_and_judged,
        no_updating, code, environment, readme, command, specification, baselines, leakage, duplicates, label_check,
        repeated, poor_input, limits,
    )
}  # fmt: skip
