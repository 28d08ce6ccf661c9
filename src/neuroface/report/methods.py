"""A methods paragraph of a run with its numbers in place, to take into a paper and shorten there."""

from __future__ import annotations

from neuroface.report import known, known_people, wording
from neuroface.report.story import Story


def methods(story: Story) -> str:
    """One paragraph of plain text; says only what the run did, and marks in brackets what authors must add."""
    parts = [
        _question(story),
        "[Who was recruited, where and when, who diagnosed them and by what criteria, and ethical approval.]",
        _recordings(story),
        _model(story),
        _evaluation(story),
        _uncertainty(story),
        known.leakage(story).replace("Audit: ", "The leakage audit was ", 1),
        _software(story),
    ]
    return " ".join(part for part in parts if part) + "\n"


def _question(story: Story) -> str:
    origin = "synthetic recordings" if story.is_synthetic else "recordings"
    people = known_people.counts(story.counts)
    if story.column:
        return f"We predicted {story.column} of {story.n_people} people ({people}) from {origin} of {story.tasks}."
    apart = f"{story.classes[1]} from {story.classes[0]}" if len(story.classes) == 2 else ", ".join(story.classes)
    return (
        f"We told {apart}{' apart' if len(story.classes) > 2 else ''} by {origin} of {story.tasks} ({people} people)."
    )


def _recordings(story: Story) -> str:
    told = [known_people.flow(story)]
    if (missing := known_people.missing(story)) and story.cohort.get("frames"):
        told.append(missing)
    if story.features:
        told.append(f"Each repetition was described by {known_people.predictors(story)}")
    return " ".join(told)


def _model(story: Story) -> str:
    told = known.model(story).rstrip(".")
    if not told:
        return ""
    told += "".join(f"; {words}" for words in wording.adjusted(story.config))
    weights = story.facts.get("sample_weight")
    inside = "Imputing and scaling, where there are any, were fitted inside each training fold with it"
    if story.leak:
        inside = f"This run has the leak {story.leak}, on purpose"
    what = "model" if story.column else "classifier"
    return f"The {what} was {told}. {inside}{f'; {weights}' if weights else ''}. {known.tuning(story)}"


def _evaluation(story: Story) -> str:
    judged = known.partition(story)
    return f"Evaluation: {judged[0].lower()}{judged[1:]} {known.output(story)}" if judged else known.output(story)


def _uncertainty(story: Story) -> str:
    found = [f"{name} {value}" for name, value in story.performance.items()]
    told = f"Results: {', '.join(found)}. {known.uncertainty(story)}"
    if tests := known.tests(story):
        of = story.scores.get("subject") or {}
        key = "rmse" if story.column else "auc" if "auc_p" in of else "accuracy"
        if f"{key}_p" in of:
            null = f"{wording.number(of[f'{key}_null_mean'])} ± {wording.number(of[f'{key}_null_sd'])}"
            told += f" {tests} {key.upper()} under permutation {null}, {wording.p_value(of[f'{key}_p'])}."
    return told


def _software(story: Story) -> str:
    versions = story.facts.get("versions") or {}
    named = [
        f"{name} {versions[name]}" for name in ("neuroface", "python", "scikit-learn", "torch") if name in versions
    ]
    seed = (story.facts.get("seeds") or {}).get("run")
    return f"Software: {', '.join(named)}{f'; seed {seed}' if seed is not None else ''}." if named else ""
