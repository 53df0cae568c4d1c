"""Every arm's recipe as a string, and the commands that repeat the experiment."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator
from pathlib import Path

from sfumato.errors import PictureError, SfumatoError
from sfumato.images import sets
from sfumato.lab.arms import Picture
from sfumato.lab.experiment import Experiment, trial_of
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.questions import QUESTIONS, custom, mnist_claim
from sfumato.lab.report.text import escaped, name, section
from sfumato.lab.report.tuning_part import format_setting
from sfumato.lab.trial import key_at
from sfumato.lab.tuning import chosen_setting
from sfumato.recipe import Recipe, to_string


def recipes_part(experiment: Experiment) -> str:
    """Return the section."""
    if experiment.plan.task != "picture":
        return section("recipes", "Reproduce", _half(experiment))
    again = repeat_command(experiment)
    command = (
        f"<p>The whole experiment, in a new folder:</p>{_box(again)}"
        if again is not None
        else "<p>No command line can repeat arms or pictures that were given in Python; the recipes are below.</p>"
    )
    arms = "".join(_arm(experiment, arm) for arm in experiment.plan.arms)
    lead = (
        "Each string is the whole recipe of the arm's first seed at its own learning rate, including one thread. "
        "For another seed add <code>--seed 1</code>."
    )
    return section("recipes", "Reproduce", command + arms, lead=lead)


def _half(experiment: Experiment) -> str:
    """Return the section's body for an experiment that no single command makes."""
    arms = ""
    for arm in experiment.plan.arms:
        setting = chosen_setting(experiment.plan, experiment.rows, arm)
        at = "" if setting is None else f", rate {escaped(format_setting(setting))}"
        widths = ", ".join(str(units) for units in arm.recipe.model.widths)
        arms += f"<li>{name(arm)}: {escaped(widths, 400)} units{at}</li>"
    return (
        f"<p>This is one of the two experiments of <code>sfumato compare {mnist_claim.NAME}</code>; the page of the "
        f"other, on the picture, has the command for both.</p><ul>{arms}</ul>"
    )


def paint_command(experiment: Experiment, arm: Arm) -> str | None:
    """Return the command that trains an arm's first seed as in the verdict; None while its learning rate is unknown."""
    recipe = tuned_recipe(experiment, arm)
    if recipe is None:
        return None
    plan = experiment.plan
    source = shlex.quote(str(plan.pictures[plan.verdict_pictures[0]]["source"]))
    return f"sfumato paint {source} --recipe {to_string(recipe)}"


def tuned_recipe(experiment: Experiment, arm: Arm) -> Recipe | None:
    """Return the arm's recipe at its chosen learning rate with the first seed; None while that rate is unknown."""
    plan = experiment.plan
    setting = chosen_setting(plan, experiment.rows, arm)
    if setting is None:
        return None
    unit = (plan.verdict_pictures[0], plan.seeds[0])
    trained = trial_of(plan, key_at("verdict", arm.name, unit, setting)).recipe
    # Evaluations do not change a training; with the recipe's own interval it leaves a film and a curve.
    return trained.model_copy(update={"evaluation": arm.recipe.evaluation})


def repeat_command(experiment: Experiment) -> str | None:
    """Return the command that makes this very plan, verified by its id; None where no command does."""
    plan = experiment.plan
    if plan.seeds != tuple(range(len(plan.seeds))):
        return None
    how = [f"--seeds {len(plan.seeds)}", f"--equal {plan.equal}"]
    how += _tuning_flags(plan)
    base = f"--recipe {to_string(plan.arms[0].recipe)}"
    if plan.name.startswith(mnist_claim.NAME):
        return " ".join(["sfumato compare", mnist_claim.NAME, base, *how])
    pictures = [
        Picture(str(facts["source"]), experiment.folder.picture(number)) for number, facts in enumerate(plan.pictures)
    ]
    if plan.has_set:
        named = _set_of(plan)
        if named is None:
            return None
        how.append(f"--pictures {shlex.quote(named)}")
    for parameters in _counts(plan) if plan.name in QUESTIONS else ():
        try:
            again = QUESTIONS[plan.name].plan(
                plan.arms[0].recipe,
                pictures,
                seeds=plan.seeds,
                tuning=plan.tuning,
                equal=plan.equal,
                parameters=parameters,
            )
        except SfumatoError:
            continue
        if again.id == plan.id:
            return " ".join(["sfumato compare", plan.name, base, f"--parameters {parameters}", *how])
    if any("=" in arm.name or arm.name.strip() != arm.name or not arm.name for arm in plan.arms):
        return None
    try:
        arms = {arm.name: arm.recipe for arm in plan.arms}
        again = custom.plan(arms, pictures, seeds=plan.seeds, tuning=plan.tuning, equal=plan.equal)
    except SfumatoError:
        return None
    given = [f"--arm {shlex.quote(f'{arm.name}={to_string(arm.recipe)}')}" for arm in plan.arms]
    return " ".join(["sfumato compare", base, *given, *how]) if again.id == plan.id else None


def _tuning_flags(plan: Plan) -> list[str]:
    if plan.tuning is None:
        return ["--tune false"]
    asked = shlex.quote(",".join(plan.tuning.asked)) if plan.tuning.asked else "true"
    trials = [f"--tuning-trials {plan.tuning.candidates}"] if plan.tuning.candidates else []
    return [f"--tune {asked}", f"--tuning-seeds {plan.tuning.seeds}", *trials]


def _set_of(plan: Plan) -> str | None:
    """Return what ``--pictures`` takes for the plan's pictures: a set's name, or a folder; None if nothing does."""
    found = [str(each["source"]) for each in plan.pictures]
    for text in (*sets.SETS, *{str(Path(source).parent) for source in found[:1]}):
        try:
            if sets.sources(text) == found:
                return text
        except PictureError:
            continue
    return None


def _counts(plan: Plan) -> Iterator[int]:
    """Yield numbers of parameters that may have been requested: the arms' mean, rounded ever less."""
    counts = [arm.parameters for arm in plan.arms if arm.parameters is not None]
    if counts:
        mean = sum(counts) / len(counts)
        yield from dict.fromkeys(round(round(mean), -digits) for digits in (3, 2, 1, 0))


def _arm(experiment: Experiment, arm: Arm) -> str:
    setting = chosen_setting(experiment.plan, experiment.rows, arm)
    command = paint_command(experiment, arm)
    if setting is None or command is None:
        return f"<h3>{name(arm)}</h3><p>Its learning rate is not known yet.</p>"
    at = f' <small class="quiet">at rate {escaped(format_setting(setting))}</small>'
    module = arm.recipe.model.module
    note = (
        f"<p>It needs your custom network, {escaped(module)}, where Python finds it.</p>" if module is not None else ""
    )
    return f"<h3>{name(arm)}{at}</h3>{note}{_box(command)}"


def _box(command: str) -> str:
    # Escape the whole text, without shortening or joining lines: the copied command must run as it is.
    return (
        f'<div class="copy"><pre tabindex="0"><code>{html.escape(command)}</code></pre>'
        '<button type="button">Copy</button></div>'
    )
