"""The learning rates that were tried, and the one that each arm trained with."""

from __future__ import annotations

import math

from sfumato.lab.experiment import Experiment, chosen_factor, rates_tried
from sfumato.lab.plan import Arm
from sfumato.lab.rates import MOST_ROUNDS, STEP, rates_of, scaled
from sfumato.lab.report.text import decibels, name, scrolling, section, several


def tuning_part(experiment: Experiment) -> str:
    """The section."""
    plan = experiment.plan
    if plan.tuning is None:
        return section("rates", "Learning rates", "<p>As the recipes give them: none was looked for.</p>")
    tried = {arm.name: rates_tried(plan, experiment.rows, arm) for arm in plan.arms}
    factors = sorted({factor for means in tried.values() for factor in means})
    heads = "".join(f'<th scope="col">{_times(factor)}</th>' for factor in factors)
    rows = "".join(_row(experiment, arm, tried[arm.name], factors) for arm in plan.arms)
    table = f'<table><thead><tr><th scope="col">arm</th>{heads}<th scope="col">rate</th></tr></thead>'
    lead = (
        f"Mean {plan.measure.head} over {several(len(plan.tuning.seeds), 'seed')} that the verdict does not use, by "
        f"the factor of the recipe's own learning rate; a grid in steps of {STEP:g} that grows where the best is at "
        f"its edge, at most {MOST_ROUNDS} times. The chosen one is marked."
    )
    body = scrolling("Learning rates tried", f"{table}<tbody>{rows}</tbody></table>")
    return section("rates", "Learning rates", body + _warnings(experiment, tried), lead=lead)


def _row(experiment: Experiment, arm: Arm, means: dict[float, float], factors: list[float]) -> str:
    chosen = chosen_factor(experiment.plan, experiment.rows, arm)
    cells: list[str] = []
    for factor in factors:
        mean = means.get(factor)
        words = "" if mean is None else decibels(mean) if math.isfinite(mean) else "diverged"
        cells.append(f'<td class="chosen">{words}</td>' if factor == chosen and words else f"<td>{words}</td>")
    rate = "not known yet" if chosen is None else rates(arm, chosen) or "has none"
    return f'<tr><th scope="row">{name(arm)}</th>{"".join(cells)}<td>{rate}</td></tr>'


def rates(arm: Arm, factor: float) -> str:
    """The learning rates of an arm at a factor."""
    optimizer = scaled(arm.recipe, factor).training.optimizer
    return ", ".join(f"{getattr(optimizer, each):.3g}" for each in rates_of(optimizer))


def at_edge(means: dict[float, float], chosen: float) -> bool:
    """Whether a grid ended before it had a worse neighbour on either side of its best factor."""
    return chosen in (min(means), max(means))


def _warnings(experiment: Experiment, tried: dict[str, dict[float, float]]) -> str:
    found: list[str] = []
    for arm in experiment.plan.arms:
        means, chosen = tried[arm.name], chosen_factor(experiment.plan, experiment.rows, arm)
        if chosen is None or not means:
            continue
        if not math.isfinite(means[chosen]):
            found.append(f"{name(arm)}: no rate that was tried trained to its end on every tuning seed.")
        elif at_edge(means, chosen):
            side = "smallest" if chosen == min(means) else "largest"
            found.append(
                f"{name(arm)}: its best rate is the {side} that was tried when the grid had to stop growing. A better "
                "one may lie beyond, so this arm may be told worse than it is."
            )
    items = "".join(f"<li>{each}</li>" for each in found)
    return f'<ul class="warnings">{items}</ul>' if items else ""


def _times(factor: float) -> str:
    return f"&times;{factor:.3g}" if factor >= 1 else f"&divide;{1 / factor:.3g}"
