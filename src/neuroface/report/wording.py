"""Numbers, names and findings in words. Shared by the terminal, the tables and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from neuroface.report.run import Run, feature_columns
from neuroface.types import PEOPLE_UNKNOWN

SIGNIFICANT = 0.05  # the conventional level; only chooses the words, every p is shown
# Share of results without any signal whose p is below .05 where only classes are permuted and nothing is fitted anew;
# measured by simulation over classifiers and sizes of groups.
SIZE_OF_PREDICTIONS = ".077-.086"
NOTHING = "–"
SPLITS = {
    "loso": "leave one subject out",
    "loso_rebalanced": "leave one subject out, training classes rebalanced",
    "leave_pair_out": "leave two subjects out, ROC of the tournament",
    "group_kfold": "k-fold by subject",
    "repeated_group_kfold": "k-fold by subject, repeated",
}
OVER_TASKS = {"stack": "a model each, stacked", "mean": "a model each, their mean"}
NOT_SCIENCE = ("execution", "experiment")  # the first is about the machine, the second is spelt out by the others
# Suffixes that features carry, the longest first.
UNITS = {
    "mm_per_s": "mm/s",
    "px_per_s": "px/s",
    "icd_per_s": "icd/s",
    "mm2": "mm²",
    "px2": "px²",
    "icd2": "icd²",
    "deg": "°",
    "mm": "mm",
    "px": "px",
    "icd": "icd",
    "hz": "Hz",
    "s": "s",
}
NOT_A_DEVICE = "Research software, not a medical device: nothing here is a diagnosis or should guide care."


def number(value: Any, digits: int = 2) -> str:
    """0.91; a dash where there is none."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.{digits}f}"


def significant(value: float) -> str:
    """Three digits, never as a power of ten: 1250, 38.1, 0.000683, and 0 for what is nearer to it; a dash for none."""
    if math.isnan(value):
        return NOTHING
    if value == 0 or abs(value) < 5e-7:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def short(value: float) -> str:
    """.52, and 1.0 or 0.0 at the ends: for brackets that stand close together."""
    text = f"{value:.2f}"
    return text[1:] if text.startswith("0.") and text != "0.00" else "1.0" if text == "1.00" else "0.0"


def interval(ends: Sequence[float] | None) -> str:
    """[0.70, 0.98], or nothing."""
    return "" if ends is None else f"[{number(ends[0])}, {number(ends[1])}]"


def p_value(p: float | None) -> str:
    """p = 0.002, p < 0.001, or a dash."""
    if p is None or math.isnan(p):
        return NOTHING
    return "p < 0.001" if p < 0.0005 else f"p = {p:.3f}"


def compact(value: float) -> str:
    """Three significant digits without an exponent: 31.2, 0.912, 1240."""
    if not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}".replace("-", "−")


def signed(value: float) -> str:
    """+1.20 or −0.85, with a minus sign as long as the plus."""
    return NOTHING if math.isnan(value) else f"{value:+.2f}".replace("-", "−")


def count(n: int, noun: str, plural: str = "") -> str:
    """1 person, 2 people."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def feature_and_unit(column: str) -> tuple[str, str]:
    """("rom mouth opening", "mm") of "rom.mouth_opening_mm"; no unit is ""."""
    for suffix, unit in UNITS.items():
        if column.endswith("_" + suffix):
            return column.removesuffix("_" + suffix).replace("_", " ").replace(".", " · "), unit
    return column.replace("_", " ").replace(".", " · "), ""


def groups(run: Run) -> str:
    """HC 11 v ALS 11; for classes inside people, the classes and how many people."""
    if run.is_within_person:
        people = run.predictions["subject"].nunique()
        return f"{' v '.join(run.classes)} · {count(people, 'person', 'people')}"
    return " v ".join(f"{name} {n}" for name, n in run.people.items())


def tasks(run: Run) -> str:
    """OPEN; several joined by +, many counted; and how their scores became one where each has a model of its own."""
    how = over_tasks(run.config)
    names = run.tasks[0].split("+") if how else run.tasks
    told = " + ".join(names) if len(names) <= 4 else f"{len(names)} tasks"
    return f"{told}, {OVER_TASKS[how]}" if how else told


def adjusted(config: Mapping[str, Any]) -> list[str]:
    """What was done about covariates before anything was learnt, in words; [] where nothing was."""
    protocol = config.get("protocol") or {}
    told = []
    if names := protocol.get("match"):
        told.append(f"people paired by {listed(names)}")
    if names := protocol.get("residualise"):
        by = "controls" if protocol.get("residualise_from") == "controls" else "everyone"
        told.append(f"{listed(names)} taken out of the features (slopes of {by} in the training fold)")
    return told


def over_tasks(config: Mapping[str, Any]) -> str:
    """ "stack" or "mean" where each task has a model of its own; "" where not."""
    protocol = config.get("protocol") or {}
    return str(protocol.get("over_tasks", "stack")) if protocol.get("task") == "all" else ""


def method(run: Run) -> str:
    """forest on als11_v1; where no set was named, on how many features; lstm on series, which looks at none."""
    classifier = str(run.choices.get("classifier", "classifier"))
    view = (run.config.get("classifier") or {}).get("view", "table")
    if isinstance(view, dict) and "table" not in (view.get("parts") or {}).values():
        parts = view.get("parts") or {"": view}
        return f"{classifier} on {' + '.join(part['_target_'].rpartition('.')[2].lower() for part in parts.values())}"
    chosen = run.choices.get("features") or ()
    named = [chosen] if isinstance(chosen, str) else [str(name) for name in chosen]
    if named:
        return f"{classifier} on {' + '.join(named)}"
    number_of = 0 if run.features is None else len(feature_columns(run.features))
    return f"{classifier} on {count(number_of, 'feature')}" if number_of else classifier


def split(run: Run) -> str:
    """leave one subject out."""
    name = str(run.choices.get("split", "loso"))
    if by := (run.config.get("split") or {}).get("by"):
        return f"leave one {by} out"
    return SPLITS.get(name, name.replace("_", " "))


def conditions(run: Run) -> str:
    """HC 11 v ALS 11 · OPEN · forest on als11_v1 · leave one subject out; "synthetic" first where it is.

    A question that is not simply one between people says so.
    """
    kind = {"within": ["within people"], "mixed": ["mixed design"]}.get(run.design.get("kind", ""), [])
    parts = [groups(run), *kind, tasks(run), method(run), *adjusted(run.config), split(run)]
    return " · ".join((["synthetic"] if run.is_synthetic else []) + parts)


def design(run: Run) -> str:
    """Who does not fit a question between people, or within them, and what is done about it; nothing where all do."""
    facts = run.design
    if not facts.get("unlike_most"):
        return ""
    one, several = facts["people_of_one_class"], facts["people_of_several_classes"]
    found, of = (several, "several classes") if facts["kind"] == "mixed" else (one, "one class only")
    told = f"{found} of {count(one + several, 'person', 'people')} {'has' if found == 1 else 'have'} rows of {of}"
    told += f" ({listed(facts['unlike_most'])})"
    if facts["kind"] == "mixed":
        return f"{told}: each counts once in every class shown; a wrong label must be corrected"
    return f"{told}: without an own AUC, left out of the mean" if run.is_binary else told


def listed(names: Sequence[Any], at_most: int = 5) -> str:
    """a, b, c and 4 more."""
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(map(str, names[:at_most])) + more


def null(run: Run) -> str:
    """null 0.43 ± 0.17, p = 0.002 (499 permutations); and what such a p is not worth."""
    found = run.headline
    if found.null_mean is None or not found.n_permutations:
        return "no permutation null was run"
    about = [count(found.n_permutations, "permutation")]
    if run.facts.get("null") == "predictions":
        about[0] += f" of predictions, not refitted: p < .05 in {SIZE_OF_PREDICTIONS} without any signal"
    if stopped_early(run):
        about.append("stopped when it was decided")
    if found.p is not None and found.p > SIGNIFICANT and cannot_tell(run):
        about.append("too few to tell")
    return f"null {number(found.null_mean)} ± {number(found.null_sd)}, {p_value(found.p)} ({'; '.join(about)})"


def stopped_early(run: Run) -> bool:
    """Whether permutations ended when they had decided (protocol.permutations=auto); p is then one for that."""
    return run.facts.get("permutations") == "auto" and run.headline.n_permutations > 0


def cannot_tell(run: Run) -> str:
    """Why no p of this null can be small enough to tell a result from chance; nothing where one can."""
    found = run.headline
    arrangements = run.scores.get("arrangements")
    if found.null_sd == 0:
        return "the null is the same in all permutations"
    if arrangements and 1 / arrangements > SIGNIFICANT:
        bound = f"p is hardly below {1 / arrangements:.2f}"
        return f"these people allow {arrangements} arrangements of the labels only, and {bound}"
    least = 1 / (found.n_permutations + 1)
    if least > SIGNIFICANT:
        more = "the same command with protocol.permutations=499 adds to them"
        if run.config.get("ensemble"):  # whose command, eval, permutes no more often than its runs did
            more = "more are those of its runs, each trained with protocol.permutations=499, taken together again"
        return f"{count(found.n_permutations, 'permutation')} cannot give less than p = {least:.2f}; {more}"
    return ""


def _against_null(run: Run) -> str:
    found = run.headline
    if found.null_mean is None or found.p is None or not found.n_permutations:
        return "No permutation null was run, so nothing is said about chance."
    reached = round(found.p * (found.n_permutations + 1)) - 1  # p = (1 + reached) / (1 + permutations)
    if stopped_early(run):
        reached = (run.subject_scores if run.headline.key == "auc" else run.decisions)[f"{found.key}_reached"]
    if found.p <= SIGNIFICANT:
        verdict = "shuffled labels do not explain this result"
    elif why := cannot_tell(run):
        verdict = f"whether this is chance cannot be told, as {why}"
    else:
        verdict = "this result cannot be told from that of shuffled labels"
    cheap = (
        f" Nothing was fitted anew for them, so p is too small (below .05 in {SIZE_OF_PREDICTIONS} of results without "
        "any signal); protocol.permute=refit mends it."
        if run.facts.get("null") == "predictions"
        else ""
    )
    return (
        f"With shuffled labels the same pipeline scored {number(found.null_mean)} ± {number(found.null_sd)} "
        f"and did as well in {reached} of {count(found.n_permutations, 'permutation')} ({p_value(found.p)}): {verdict}."
        f"{cheap}"
    )


def answer(run: Run) -> str:
    """The finding in two or three sentences, with its interval and null."""
    found = run.headline
    origin = "synthetic" if run.is_synthetic else "these"
    apart = f"{run.positive} from {run.classes[0]}" if run.is_binary else f"{', '.join(run.classes)} apart"
    ends = found.interval
    within = f"95 % interval {number(ends[0])} to {number(ends[1])}; " if ends else "no interval; "
    size = (
        f"{count(run.predictions['subject'].nunique(), 'person', 'people')} left out in turn"
        if run.is_within_person
        else ", ".join(f"{n} {name}" for name, n in run.people.items())
    )
    told = (
        f"On {origin} recordings of {tasks(run)}, {method(run)} told {apart} "
        f"with {_article(found.name)} {found.name} of {number(found.value)} ({within}{size})."
    )
    unlike = design(run)
    return f"{told} {_against_null(run)}" + (f" {unlike}." if unlike else "")


def unknown_people(run: Run) -> str:
    """That pictures were taken for people; nothing where it is known who is in each."""
    pictures = run.cohort.get("notes", {}).get(PEOPLE_UNKNOWN)
    if not pictures:
        return ""
    return (
        f"Nobody says who is in {count(int(pictures), 'picture')}: each counts as a person of its own. Where somebody "
        "has two, they may lie on both sides of a fold, and score and interval promise too much (cohort.pattern or a "
        "column subject says who)."
    )


def pixels(run: Run) -> str:
    """What features of landmarks in pixels are worth between people; nothing where there are none."""
    units = {feature_and_unit(name)[1] for name in feature_columns(run.features)} if run.features is not None else set()
    if any(unit.startswith("px") for unit in units):
        return (
            "Features are in pixels, which grow with the picture and with how near a person sits: a difference between "
            "people may be one of distance (pixel_scale=intercanthal scales it away)."
        )
    if any(unit.startswith("icd") for unit in units):
        return (
            "Landmarks were in pixels; lengths are in icd, the median distance between the inner eye corners of each "
            "recording, so that sitting near or far does not count (pixel_scale=intercanthal)."
        )
    return ""


def null_note(run: Run) -> str:
    """Why a score is compared with the null; nothing where no null was run."""
    if run.headline.null_mean is None or not run.headline.n_permutations:
        return ""
    chance = ".5" if run.is_binary else f"1/{len(run.classes)}"
    if run.facts.get("null") == "predictions":
        return (
            "Labels were shuffled against the predictions as they are: fitting everything anew for each permutation "
            f"would take long. Such a null lies at {chance} and does not show what the procedure itself does to data "
            "without any signal; protocol.permute=refit does."
        )
    if run.is_within_person:
        return (
            "Labels were shuffled within each person and everything was fitted again: compare a score with this null."
        )
    return (
        f"Why the null mean need not be {chance}: leaving people out makes their own class rarer in training, which "
        "pushes pooled scores of data without any signal to the wrong side (Parker, Günter & Bedo, BMC Bioinformatics "
        f"8:326, 2007), and small groups scatter widely. Compare a score with its null, not with {chance}."
    )


def threshold(run: Run) -> str:
    """Where the thresholds lay and how they were chosen; nothing where there is none."""
    if "threshold" not in run.predictions or run.predictions["threshold"].isna().all():
        return ""
    values = run.predictions.drop_duplicates("fold")["threshold"]
    return (
        f"Each fold's threshold was chosen on its training people only: median {number(values.median())}, "
        f"from {number(values.min())} to {number(values.max())}."
    )


def pairs(run: Run) -> str:
    """What an AUC means, in people."""
    if not run.is_binary or run.is_within_person:
        return ""
    return (
        f"Of all pairs of one {run.positive} and one {run.classes[0]} person, the {run.positive} person has the higher "
        f"score in {run.headline.value:.0%}.".replace("%", " %")
    )


def side(run: Run) -> str:
    """How often the affected side was told, where a network learnt it; else nothing."""
    found = run.scores.get("side")
    if not found:
        return ""
    judged = count(sum(found["n"].values()), found["unit"], "people" if found["unit"] == "person" else "")
    ends = f" {interval(found['accuracy_ci'])}" if "accuracy_ci" in found else ""
    return f"affected side: {number(found['accuracy'])}{ends} of {judged} right (AUC {number(found['auc'])})"


def quality(run: Run) -> str:
    """2 of 22 people had frames filled (1.4 %); nobody left out; audit: clean."""
    verdict = str(run.audit.get("verdict", "not done"))
    shown = verdict.upper() if verdict in ("suspect", "leaky") else verdict
    found = [str(text) for finding in run.audit.get("findings") or () for text in finding["found"]]
    shown += f" ({listed(found, 2)})" if found else ""
    right = run.audit.get("accepted") or {}
    shown += "".join(f"; {number} accepted: {why}" for number, why in right.items())
    return "; ".join([_filled(run), _left_out(run), f"audit: {shown}"])


def _filled(run: Run) -> str:
    filled, frames = run.cohort.get("frames_filled"), run.cohort.get("frames")
    if not frames and run.features is not None:
        values = run.features[feature_columns(run.features)].isna().to_numpy()
        return (
            f"{values.sum()} of {values.size} feature values missing and imputed"
            if values.any()
            else "no value missing"
        )
    if filled is None or not frames:
        return "filled frames not recorded"
    if not filled:
        return "no frames filled"
    share = f"{100 * filled / frames:.1f} %"
    people = run.cohort.get("people_filled")
    if not people:
        return f"{share} of frames filled"
    everyone = run.predictions["subject"].nunique()
    return f"{people} of {count(everyone, 'person', 'people')} had frames filled ({share})"


def _left_out(run: Run) -> str:
    left_out = [str(item["what"]) for item in run.cohort.get("left_out") or ()]
    if not left_out:
        return "nobody left out"
    more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
    return f"left out: {', '.join(left_out[:3])}{more}"


def command(run: Run) -> str:
    """The command line that makes this run again: as it was typed where that is known, else from what was chosen."""
    if typed := run.facts.get("command"):
        return typed if isinstance(typed, str) else " ".join(map(str, typed))
    words = ["neuroface train"]
    for group, choice in run.choices.items():
        if choice and group not in NOT_SCIENCE:
            words.append(f"{group}={choice if isinstance(choice, str) else '[' + ','.join(map(str, choice)) + ']'}")
    if task := (run.config.get("protocol") or {}).get("task"):
        words.append(f"protocol.task={task}")
    words += [f"{key}={path}" for key, path in (run.facts.get("paths") or {}).items()]
    if run.config.get("seed") is not None:
        words.append(f"seed={run.config['seed']}")
    return " ".join(words)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
