"""`compare`: a question, or arms of one's own, carried out and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.lab import questions, report
from sfumato.lab.execute import Executes
from sfumato.lab.experiment import Experiment, Watch, carry_out, unwatched
from sfumato.lab.plan import SEEDS, Plan
from sfumato.lab.questions import deep_vs_shallow, own
from sfumato.lab.rates import Tuning
from sfumato.recipe import Recipe, changed
from sfumato.recipe.source import read as read_recipe

MOST_SEEDS = 1000

FOLDER = "experiments"


def plan_of(
    asked: str | Mapping[str, Recipe],
    picture: NDArray[np.float32],
    recipe: Recipe | None = None,
    *,
    seeds: int = SEEDS,
    tune: bool = True,
    equal: str = "epochs",
    parameters: int = deep_vs_shallow.PARAMETERS,
) -> Plan:
    """The plan of a question by name, or of arms by name. Raises RecipeError."""
    paired = paired_seeds(seeds)
    tuning = Tuning() if tune else None
    if not isinstance(asked, str):
        return own.plan(asked, picture, seeds=paired, tuning=tuning, equal=equal)
    question = questions.find(asked)
    base = recipe or changed(Recipe(), question.DEFAULTS)
    return question.plan(base, picture, seeds=paired, tuning=tuning, equal=equal, parameters=parameters)


def paired_seeds(count: int) -> tuple[int, ...]:
    """0, 1, 2, ...: those of a verdict. Raises RecipeError."""
    if not 1 <= count <= MOST_SEEDS:
        raise RecipeError(f"seeds must be 1 to {MOST_SEEDS}. Got {count}.")
    return tuple(range(count))


def default_folder(plan: Plan) -> Path:
    """Where an experiment goes that is not told where: the same plan into the same folder, so that it goes on."""
    return Path(FOLDER) / f"{plan.name}-{plan.id}"


def compare(
    arms: str | Mapping[str, Recipe | Mapping[str, Any] | str],
    picture: images.PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    seeds: int = SEEDS,
    tune: bool = True,
    equal: str = "epochs",
    out: str | Path | None = None,
    watch: Watch = unwatched,
    stop: Callable[[], bool] = lambda: False,
    workers: int = 0,
    executor: Executes | None = None,
    **changes: Any,
) -> Experiment:
    """Compare networks fairly and say which is better, with an interval.

    ``arms``: a question's name, such as ``"deep-vs-shallow"``, or recipes by name, each a recipe, a preset's name or
    what it changes: ``compare({"relu": {"model": {"activation": "relu"}}, "sine": {...}}, "cat")``. ``picture`` is what
    `sfumato.paint` takes, and all arms learn it; without it, a recipe's own. ``changes`` are those of all arms. Every
    arm is trained on the same ``seeds``; with ``tune`` at its own best learning rate, found on other seeds. ``equal``:
    what all get the same of, ``epochs``, ``operations`` or ``seconds``. The folder ``out`` is taken up again where it
    holds this very experiment; at the end ``report.html`` is in it. Raises RecipeError, PictureError, EngineError or
    RunError.
    """
    settings, given = images.asked(picture, changes.pop("picture", None))
    base = changed(changed(Recipe(), deep_vs_shallow.DEFAULTS), {**changes, "picture": settings})
    asked: str | Mapping[str, Recipe] = arms if isinstance(arms, str) else _recipes(arms, base, own=not settings)
    learned = base if isinstance(asked, str) else next(iter(asked.values()), base)
    target = images.load(learned.picture, given)
    plan = plan_of(asked, target, base, seeds=seeds, tune=tune, equal=equal)
    folder = default_folder(plan) if out is None else Path(out)
    found = carry_out(plan, target, folder, workers=workers, watch=watch, stop=stop, executor=executor)
    report.write(found)
    return found


def _recipes(arms: Mapping[str, Recipe | Mapping[str, Any] | str], base: Recipe, *, own: bool) -> dict[str, Recipe]:
    """``own``: whether a recipe keeps its picture."""
    found: dict[str, Recipe] = {}
    for name, one in arms.items():
        try:
            match one:
                case Recipe():
                    found[name] = one if own else one.model_copy(update={"picture": base.picture})
                case Mapping():
                    found[name] = changed(base, one)
                case str():
                    found[name] = read_recipe(one).model_copy(update={"picture": base.picture})
                case _:
                    raise RecipeError(f"must be a recipe, a preset's name or changes. Got {type(one).__name__}.")
        except RecipeError as error:
            raise RecipeError(f"arm {name}: {error}") from None
    return found
