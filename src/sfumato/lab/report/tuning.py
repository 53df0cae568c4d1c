"""The learning rates that were tried, and the one chosen for each arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm
from sfumato.lab.rates import Rates
from sfumato.lab.report.text import decibels, name, pluralize, scrollable, section
from sfumato.lab.search import mean
from sfumato.lab.tuning import at_border, chosen_rates, rates_tried

Tried = Mapping[Rates, Sequence[float]]


def tuning_part(experiment: Experiment) -> str:
    """Return the section."""
    plan = experiment.plan
    if plan.tuning is None:
        return section("rates", "Learning rates", "<p>Those of the recipes: none was tuned.</p>")
    tried = {arm.name: rates_tried(plan, experiment.rows, arm) for arm in plan.arms}
    columns = sorted({rates for each in tried.values() for rates in each})
    heads = "".join(f'<th scope="col">{format_rates(rates)}</th>' for rates in columns)
    rows = "".join(_row(experiment, arm, tried[arm.name], columns) for arm in plan.arms)
    table = f'<table><thead><tr><th scope="col">arm</th>{heads}<th scope="col">rate</th></tr></thead>'
    lead = (
        f"Mean {plan.measure.head} over {pluralize(plan.tuning.seeds, 'seed')} that the verdict does not use, by "
        "learning rate. The grid starts at half decades around the optimizer's default, whatever the recipe's rate; it "
        "is extended while the best rate is at its border, then refined beside the best rate while that may gain "
        "more than the noise of the seeds. The chosen rate is marked."
    )
    body = scrollable("Learning rates tried", f"{table}<tbody>{rows}</tbody></table>")
    return section("rates", "Learning rates", body + _warnings(experiment, tried), lead=lead)


def format_rates(rates: Sequence[float]) -> str:
    """Return an optimizer's learning rates with three digits."""
    return ", ".join(f"{rate:.3g}" for rate in rates)


def _row(experiment: Experiment, arm: Arm, tried: Tried, columns: list[Rates]) -> str:
    chosen = chosen_rates(experiment.plan, experiment.rows, arm)
    cells: list[str] = []
    for rates in columns:
        score = mean(tried[rates]) if rates in tried else None
        words = "" if score is None else decibels(score) if math.isfinite(score) else "diverged"
        cells.append(f'<td class="chosen">{words}</td>' if rates == chosen and words else f"<td>{words}</td>")
    rate = "not known yet" if chosen is None else format_rates(chosen)
    return f'<tr><th scope="row">{name(arm)}</th>{"".join(cells)}<td>{rate}</td></tr>'


def _warnings(experiment: Experiment, tried: Mapping[str, Tried]) -> str:
    found: list[str] = []
    for arm in experiment.plan.arms:
        chosen = chosen_rates(experiment.plan, experiment.rows, arm)
        if chosen is None:
            continue
        if not math.isfinite(mean(tried[arm.name][chosen])):
            found.append(f"{name(arm)}: with none of the rates tried did every tuning seed finish.")
        elif side := at_border(experiment.plan, experiment.rows, arm):
            found.append(
                f"{name(arm)}: its best rate is the {'smallest' if side < 0 else 'largest'} that was tried when the "
                "grid reached its limit. A better rate may lie beyond, so the score of this arm may be too low."
            )
    items = "".join(f"<li>{each}</li>" for each in found)
    return f'<ul class="warnings">{items}</ul>' if items else ""
