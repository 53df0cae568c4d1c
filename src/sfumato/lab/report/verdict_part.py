"""The verdict: a headline, confidence intervals, and how to read them; before it, the progress."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sfumato.formatting import pluralize
from sfumato.lab.experiment import Experiment
from sfumato.lab.pending import verdict_keys
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.report.text import escaped, name
from sfumato.lab.report.tuning_part import tuned_words
from sfumato.lab.statistics import FEWEST, LEVEL
from sfumato.lab.tuning import chosen_setting, coming
from sfumato.lab.verdict import Comparison, claim, comparisons, sentence

EQUAL = {
    "epochs": "Every arm trained on every {sample} equally often. The cost of an epoch differs; the table has it.",
    "operations": "Every arm took equally many floating-point operations; larger networks trained on fewer {sample}s.",
    "samples": "Every arm trained on every {sample} of a picture equally often, and on equally many samples of each "
    "picture: those of the epochs given on the smallest one.",
    "seconds": "Every arm trained equally long on this machine; on another machine the outcome may differ.",
}


@dataclass(frozen=True)
class Progress:
    """Trials done and trials left."""

    done: int
    left: int
    """Remaining trials; a search on a grid counts as a typical one."""
    untuned: tuple[Arm, ...]
    """Arms whose tuned values are not known yet."""
    unfinished: tuple[tuple[Arm, int], ...]
    """Arms with a known rate, and the number of their missing seeds."""

    @property
    def finished(self) -> bool:
        """Return whether nothing is left."""
        return self.left == 0


def progress(experiment: Experiment) -> Progress:
    """Return the progress of the experiment as it is now."""
    plan, rows = experiment.plan, experiment.rows
    untuned = tuple(arm for arm in plan.arms if chosen_setting(plan, rows, arm) is None)
    names = {arm.name for arm in untuned}
    missing = {arm.name: len(verdict_keys(plan, rows, arm)) for arm in plan.arms if arm.name not in names}
    unfinished = tuple((arm, missing[arm.name]) for arm in plan.arms if missing.get(arm.name))
    verdict = sum(missing.values()) + len(untuned) * len(plan.verdict_units)
    tuning = sum(len(coming(plan, rows, arm)) for arm in untuned)
    return Progress(len(rows), verdict + tuning, untuned, unfinished)


def headline(found: list[Comparison]) -> tuple[str, str]:
    """Return (headline, addition), not escaped. Claims nothing that the intervals do not support."""
    if len(found) == 1:
        text = claim(found[0])
        # The numbers of a verdict follow these words; a text without a verdict stays as it is.
        large, separator, rest = text.rpartition(" by ")
        measured = found[0].sign and found[0].difference.sign
        if not measured or not separator:
            large, separator, rest = text.rpartition(": ")
        return _capital(large), f"{'By' if measured else ''} {rest}".strip()
    better = [each for each in found if each.sign > 0]
    worse = [each for each in found if each.sign < 0]
    open_ = [each for each in found if not each.sign]
    if len(open_) == len(found) and all(each.difference.pairs < FEWEST for each in found):
        return "No verdict", f"Fewer than {FEWEST} {found[0].noun} finished: no verdict."
    if len({each.b.name for each in found}) > 1:
        return f"{len(better) + len(worse)} of {pluralize(len(found), 'comparison')} show a difference", _largest(found)
    reference, everyone = found[0].b, len(found)
    called = reference.title or reference.name
    if len(better) == everyone:
        return f"All {everyone} others beat {called}", _largest(found)
    if len(worse) == everyone:
        return f"{_capital(called)} {reference.verb} all {everyone} others", _largest(found)
    if len(open_) == everyone:
        return f"No difference shown between {called} and any of the {everyone} others", ""
    parts: list[str] = []
    if better:
        parts.append(f"{len(better)} of {everyone} {'beats' if len(better) == 1 else 'beat'} {called}")
    if worse:
        whom = "" if better else f" than {called}"
        count = f"{len(worse)}" if better else f"{len(worse)} of {everyone}"
        parts.append(f"{count} {'does' if len(worse) == 1 else 'do'} worse{whom}")
    if open_:
        parts.append(f"no difference shown for {len(open_)}")
    return "; ".join(parts), _largest(found)


def _largest(found: list[Comparison]) -> str:
    different = [each for each in found if each.sign and each.difference.sign]
    if not different:
        return ""
    return f"The largest difference: {claim(max(different, key=lambda each: abs(each.difference.mean)))}."


def _capital(text: str) -> str:
    # The name of a custom arm keeps its case: only the page's own words are capitalized.
    return "N" + text[1:] if text.startswith("no ") else text


def verdict_part(experiment: Experiment, state: Progress) -> str:
    """Return the header of the page."""
    plan = experiment.plan
    question = f'<p class="question">{escaped(plan.question, 400)}</p>'
    if not state.finished:
        return f'<header class="verdict">{question}<h1>No verdict yet</h1>{_missing(experiment.plan, state)}</header>\n'
    found = comparisons(experiment)
    large, more = headline(found)
    sentences = "".join(f"<li>{escaped(sentence(experiment, each), 600)}</li>" for each in found)
    return (
        f'<header class="verdict">{question}<h1>{escaped(large, 300)}</h1><p class="deck">{escaped(more, 400)}</p>'
        f"{intervals(found, experiment.plan.measure.named)}"
        f'<details open><summary>Details, and how to read them</summary><ul class="sentences">{sentences}</ul>'
        f"{_reading(experiment, found)}</details></header>\n"
    )


def intervals(found: list[Comparison], measure: str) -> str:
    """Return the comparisons as confidence intervals on one axis; ``measure``: what is compared, and its unit."""
    rows = "".join(_row(each, _span(found)) for each in found)
    over = "seeds" if found[0].pictures == 1 else escaped(f"{found[0].unit_name}s")
    return (
        f'<figure class="intervals"><figcaption>Difference in {measure}: the mean over {over} and '
        f"its {LEVEL:.0%} confidence interval. Right of the line is better than {_reference(found)}."
        f"</figcaption>{rows}</figure>"
    )


def _missing(plan: Plan, state: Progress) -> str:
    lines = [f"{pluralize(len(state.untuned), 'arm')} without {_value(plan)} yet"] if state.untuned else []
    lines += [f"{name(arm)}: {pluralize(left, 'seed')} to go" for arm, left in state.unfinished[:8]]
    if len(state.unfinished) > 8:
        lines.append(f"and {pluralize(len(state.unfinished) - 8, 'more arm')}")
    items = "".join(f"<li>{line}</li>" for line in lines)
    return (
        f'<p class="deck">Not finished: {pluralize(state.done, "trial")} done, about {state.left:,} to go. '
        f"Results so far are below; they are no verdict.</p><ul>{items}</ul>"
        "<p>The command that started the experiment continues it.</p>"
    )


def _reference(found: list[Comparison]) -> str:
    names = {each.b.name for each in found}
    return name(found[0].b) if len(names) == 1 else "the arm named second"


def _span(found: list[Comparison]) -> tuple[float, float]:
    """Return the ends of the axis, which holds all intervals and 0."""
    ends = [end for each in found for end in (each.difference.low, each.difference.high, each.difference.mean)]
    known = [0.0, *(end for end in ends if math.isfinite(end))]
    margin = 0.08 * (max(known) - min(known)) or 1.0
    return min(known) - margin, max(known) + margin


def _row(comparison: Comparison, span: tuple[float, float]) -> str:
    found = comparison.difference

    def at(value: float) -> str:
        return f"{100 * max(0.0, min(1.0, (value - span[0]) / (span[1] - span[0]))):.2f}%"

    marks = f'<line class="zero" x1="{at(0.0)}" x2="{at(0.0)}" y1="0" y2="100%"/>'
    if found.pairs:
        low, high, mean = at(found.low), at(found.high), at(found.mean)
        marks += f'<line class="range" x1="{low}" x2="{high}" y1="50%" y2="50%"/>'
        marks += "".join(f'<line class="end" x1="{end}" x2="{end}" y1="30%" y2="70%"/>' for end in (low, high))
        marks += f'<circle cx="{mean}" cy="50%" r="5"/>'
    kind = {1: "better", -1: "worse", 0: "open"}[comparison.sign]
    ends = ", ".join(f"{end:.{comparison.decimals}f}" for end in (found.low, found.high))
    bounds = "" if math.isinf(found.low) else f" [{ends}]"
    words = f"{found.mean:+.{comparison.decimals}f}{bounds}" if found.pairs else "no pairs"
    return (
        f'<div class="interval {kind}"><span class="who">{name(comparison.a)}</span>'
        f'<svg aria-hidden="true" height="28">{marks}</svg><span class="how-much">{words}</span></div>'
    )


def _reading(experiment: Experiment, found: list[Comparison]) -> str:
    plan = experiment.plan
    sample = "pixel" if plan.task == "picture" else "digit"
    count = plan.family
    family = (
        f"simultaneously for {count} comparisons ({_elsewhere(plan.beside)}each alone at {1 - (1 - LEVEL) / count:.2%})"
        if count > 1
        else "for the one planned comparison"
    )
    others = f" Every arm is compared with {_reference(found)} only; the others are not compared with each other."
    tuned = (
        f"Each arm trained at its own best {_tuned(plan)}, found on {pluralize(plan.tuning.seeds, 'other seed')} that "
        "the verdict does not use; the uncertainty of that choice is part of the interval."
        if plan.tuning is not None
        else "Learning rates are those of the recipes; none was tuned."
    )
    parts = [
        f"<b>The measure</b> is {plan.measure.reading}",
        f"<b>The confidence interval</b> (CI) in brackets covers the true mean difference with {LEVEL:.0%} confidence "
        f"{family}: {_method(plan)}, with Bonferroni's correction. An arm is called better only "
        f"where the interval excludes 0 and there are at least {FEWEST} {found[0].noun}.",
        f"<b>Pairs.</b> {_pairs(plan)}{others if len(found) > 1 else ''}",
        f"<b>Equal {escaped(plan.equal)}.</b> {EQUAL.get(plan.equal, '').format(sample=sample)} {tuned}",
    ]
    return "".join(f"<p>{part}</p>" for part in parts)


def _tuned(plan: Plan) -> str:
    return escaped(tuned_words(plan)) if plan.tuning is not None and plan.tuning.asked else "learning rate"


def _value(plan: Plan) -> str:
    return "a learning rate" if plan.tuning is None or not plan.tuning.asked else escaped(tuned_words(plan))


def _method(plan: Plan) -> str:
    if not plan.has_set:
        return "Student's t on paired differences"
    return (
        "Student's t on the mean paired difference of each picture. Pictures are a random sample, seeds are nested in "
        "them (Searle, Casella and McCulloch 1992)"
    )


def _pairs(plan: Plan) -> str:
    seeds = pluralize(len(plan.seeds), "seed")
    if not plan.has_set:
        return f"All arms trained with the same {seeds}, and each difference is taken within one seed."
    return (
        f"On each picture all arms trained with the same {seeds}, which no other picture has, and each difference is "
        "taken within one picture and seed. The seed share of the variance tells what more seeds would gain: where it "
        "is small, more seeds on the same pictures gain little."
    )


def _elsewhere(beside: int) -> str:
    return f"{beside} of them in the other experiment; " if beside else ""
