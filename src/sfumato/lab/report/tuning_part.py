"""What was tried to tune each arm, and what was chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sfumato.formatting import pluralize
from sfumato.lab import grid_tuning, halving_tuning
from sfumato.lab.experiment import Experiment
from sfumato.lab.halving import RUNGS, extrapolated
from sfumato.lab.halving_tuning import Candidate
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.rates import mean
from sfumato.lab.report.text import decibels, escaped, name, scrollable, section
from sfumato.lab.setting import Setting
from sfumato.lab.tuning import borders, chosen_setting

HEADING = "Learning rates"
SEVERAL = "Tuned values"

Tried = Mapping[Setting, Sequence[float]]


def tuned_words(plan: Plan) -> str:
    """Return what is tuned, in the plural and not escaped: ``learning rates``, or ``values of lr, omega``."""
    if plan.tuning is None or not plan.tuning.asked:
        return "learning rates"
    return f"values of {', '.join(text.partition('=')[0] for text in plan.tuning.asked)}"


def format_setting(setting: Setting) -> str:
    """Return a setting in one line, not escaped: ``0.00316``, or ``0.00316, omega 12.5, batch 128``."""
    rates = [f"{rate:.3g}" for rate in setting.rates]
    return ", ".join([*rates, *(f"{each} {value:g}" for each, value in setting.values)])


def tuning_part(experiment: Experiment) -> str:
    """Return the section."""
    plan = experiment.plan
    if plan.tuning is None:
        return section("rates", HEADING, "<p>Those of the recipes: none was tuned.</p>")
    if plan.tuning.halves:
        body = "".join(_halving(experiment, arm) for arm in plan.arms)
        return section("rates", SEVERAL, body + _warnings(experiment), lead=_halving_lead(plan))
    tried = {arm.name: grid_tuning.tried(plan, experiment.rows, arm) for arm in plan.arms}
    columns = sorted({setting for each in tried.values() for setting in each})
    of_rates = not plan.tuning.asked
    heads = "".join(f'<th scope="col">{escaped(_head(each, of_rates=of_rates))}</th>' for each in columns)
    rows = "".join(_grid_row(experiment, arm, tried[arm.name], columns) for arm in plan.arms)
    last = "rate" if of_rates else "chosen"
    head = f'<table><thead><tr><th scope="col">arm</th>{heads}<th scope="col">{last}</th></tr></thead>'
    over = f"Mean {plan.measure.head} over {pluralize(plan.tuning.seeds, 'seed')} that the verdict does not use, by "
    lead = (
        f"{over}learning rate. The grid starts at half decades around the optimizer's default, whatever the recipe's "
        "rate; it is extended while the best rate is at its border, then refined beside the best rate while that may "
        "gain more than the noise of the seeds. The chosen rate is marked."
        if of_rates
        else f"{over}value. Three values of the range come first; more follow while the best one is at the border, "
        "then beside the best one while that may gain more than the noise of the seeds. The chosen value is marked."
    )
    body = scrollable("Values tried", f"{head}<tbody>{rows}</tbody></table>")
    return section("rates", HEADING if of_rates else SEVERAL, body + _warnings(experiment), lead=lead)


def _head(setting: Setting, *, of_rates: bool) -> str:
    return format_setting(setting) if of_rates or not setting.values else f"{setting.values[0][1]:g}"


def _grid_row(experiment: Experiment, arm: Arm, tried: Tried, columns: Sequence[Setting]) -> str:
    chosen = chosen_setting(experiment.plan, experiment.rows, arm)
    cells: list[str] = []
    for setting in columns:
        words = _score(mean(tried[setting])) if setting in tried else ""
        cells.append(f'<td class="chosen">{words}</td>' if setting == chosen and words else f"<td>{words}</td>")
    last = "not known yet" if chosen is None else format_setting(chosen) if tried else "not tuned"
    return f'<tr><th scope="row">{name(arm)}</th>{"".join(cells)}<td>{escaped(last)}</td></tr>'


def _halving_lead(plan: Plan) -> str:
    counts = halving_tuning.schedule(plan).counts
    longer = ", ".join(f"{count} {_part(rung)}" for count, rung in zip(counts, RUNGS, strict=True))
    return (
        f"Successive halving, the same number of trials for every arm: {longer}, each from the start. Optuna suggested "
        f"the settings a few at a time, from the scores of those before. Scores are means of {plan.measure.head} over "
        f"{pluralize(len(plan.tuning_units), 'seed')} that the verdict does not use. The chosen setting is marked."
    )


def _part(rung: float) -> str:
    return "with the whole budget" if rung == 1 else f"with 1/{round(1 / rung)} of the budget"


def _halving(experiment: Experiment, arm: Arm) -> str:
    plan, rows = experiment.plan, experiment.rows
    fields = plan.tuned_fields(arm.name)
    if not fields:
        return f"<h3>{name(arm)}</h3><p>It has none of the tuned fields: its recipe's values.</p>"
    found, chosen = halving_tuning.candidates(plan, rows, arm), chosen_setting(plan, rows, arm)
    names = [each.name for each in fields if each.paths]
    rates = ["lr"] if len(names) < len(fields) else []
    heads = ["", *rates, *names, *(_part(rung).removeprefix("with ") for rung in RUNGS)]
    head = "".join(f'<th scope="col">{escaped(each)}</th>' for each in heads)
    body = "".join(
        _candidate(number, found[number], names, has_rates=bool(rates), chosen=chosen) for number in _by_score(found)
    )
    ranges = ", ".join(
        f"{each.name} {each.range.text(each.range.low)} to {each.range.text(each.range.high)}" for each in fields
    )
    state = "not known yet" if chosen is None else format_setting(chosen)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f'<h3>{name(arm)} <small class="quiet">{escaped(state)}</small></h3>'
        f"<p>Searched: {escaped(ranges, 400)}.</p>{scrollable(f'Settings tried for {name(arm)}', table)}"
    )


def _by_score(found: Mapping[int, Candidate]) -> list[int]:
    """Return the candidates, those that came farthest first, then by their score."""
    scores = extrapolated({number: each.scores for number, each in found.items()})
    return sorted(
        found,
        key=lambda number: (-max(found[number].scores, default=-1), -mean(scores.get(number, [-math.inf])), number),
    )


def _candidate(number: int, one: Candidate, names: Sequence[str], *, has_rates: bool, chosen: Setting | None) -> str:
    values = dict(one.setting.values)
    cells = [", ".join(f"{rate:.3g}" for rate in one.setting.rates)] if has_rates else []
    cells += [f"{values[each]:g}" for each in names]
    cells += [_score(mean(one.scores[rung])) if rung in one.scores else "" for rung in range(len(RUNGS))]
    # A setting that two candidates share is marked where it was trained to the end.
    kind = ' class="best"' if one.setting == chosen and max(one.scores, default=0) == len(RUNGS) - 1 else ""
    return f'<tr{kind}><th scope="row">{number + 1}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _score(score: float) -> str:
    return decibels(score) if math.isfinite(score) else "diverged"


def _warnings(experiment: Experiment) -> str:
    plan, rows = experiment.plan, experiment.rows
    found: list[str] = []
    for arm in plan.arms:
        chosen = chosen_setting(plan, rows, arm)
        if chosen is None or plan.tuning is None:
            continue
        of_rates = not plan.tuning.asked
        if plan.tuning.halves:
            of_all = halving_tuning.candidates(plan, rows, arm).values()
            scores = [each.scores[max(each.scores)] for each in of_all if each.setting == chosen and each.scores]
        else:
            scores = list(grid_tuning.tried(plan, rows, arm).values())
        if scores and not any(math.isfinite(mean(each)) for each in scores):
            what = "rates" if of_rates else "settings"
            found.append(f"{name(arm)}: with none of the {what} tried did every tuning seed finish.")
            continue
        for field, side in borders(plan, rows, arm).items():
            end = "smallest" if side < 0 else "largest"
            if of_rates:
                found.append(
                    f"{name(arm)}: its best rate is the {end} that was tried when the grid reached its limit. A better "
                    "rate may lie beyond, so the score of this arm may be too low."
                )
            else:
                found.append(
                    f"{name(arm)}: its best {escaped(field)} is at the {end} end of the range. A better one may lie "
                    f"beyond, so the score of this arm may be too low; give a wider range, {escaped(field)}=LOW..HIGH."
                )
    items = "".join(f"<li>{each}</li>" for each in found)
    return f'<ul class="warnings">{items}</ul>' if items else ""
