"""`sweep`: search a space of recipes; and the comparison of the best ones on fresh seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato import images, trust
from sfumato.errors import RecipeError
from sfumato.lab import arms, picture_sets, progress_display
from sfumato.lab.arms import Picture
from sfumato.lab.executors.executor import Executor
from sfumato.lab.experiment import Watch
from sfumato.lab.plan import MOST_ARMS
from sfumato.lab.questions import custom
from sfumato.lab.sweep import space as spaces
from sfumato.lab.sweep.folder import default_path
from sfumato.lab.sweep.results import Configuration, Sweep
from sfumato.lab.sweep.run import run_sweep
from sfumato.lab.sweep.spec import Spec, checked
from sfumato.process_state import scoped
from sfumato.recipe import Recipe, changed

TRIALS = 50
"""Configurations that a sweep tries by default."""


def spec_of(
    texts: Mapping[str, str | Sequence[str]],
    base: Recipe,
    pictures: Sequence[Picture],
    *,
    seeds: int = 1,
    objectives: Sequence[str] = ("psnr",),
    sampler: str = "tpe",
    pruner: str = "none",
    equal: str = "epochs",
) -> Spec:
    """Return the spec of a sweep. Raises RecipeError for one that cannot be carried out."""
    if equal not in ("epochs", "operations", "seconds"):
        raise RecipeError(f"equal must be one of epochs, operations, seconds. Got {equal!r}.")
    unit = {"seconds": "seconds"}.get(equal, "epochs")
    if getattr(base.budget, unit) is None and not (equal == "epochs" and base.budget.steps is not None):
        raise RecipeError(f"budget.{unit} must be given for equal {equal}. Got none.")
    space = spaces.parse(base, texts)
    if any(axis.field.startswith("budget.") for axis in space.axes):
        raise RecipeError("the space must not have the budget, which is equal for all. Got budget.")
    facts = arms.facts(pictures)
    if equal == "operations" and (base.model.module is not None or "model.module" in texts):
        raise RecipeError("model.module must be none for equal operations: those of a module are unknown.")
    return checked(Spec(space, base, facts, seeds, tuple(objectives), sampler, pruner, equal))


@scoped
def sweep(
    space: Mapping[str, str | Sequence[str]],
    picture: images.PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    pictures: str | Path | Sequence[images.PictureSource] | None = None,
    recipe: Recipe | None = None,
    trials: int = TRIALS,
    seeds: int = 1,
    objectives: Sequence[str] = ("psnr",),
    sampler: str = "tpe",
    pruner: str = "none",
    equal: str = "epochs",
    out: str | Path | None = None,
    storage: str | None = None,
    workers: int = 0,
    progress: bool | None = None,
    watch: Watch | None = None,
    stop: Callable[[], bool] = lambda: False,
    executor: Executor | str | None = None,
    **changes: Any,
) -> Sweep:
    """Search a space of recipes by Optuna (extra ``lab``), and return what was tried.

    ``space``: fields and their values, ``{"model.width": "32..512:log", "model.activation": "relu,sine(10..60)"}``. All
    else is as in `compare`: the base recipe, ``picture`` or ``pictures``, ``changes``. Each of ``trials``
    configurations is trained on ``seeds`` seeds on each picture, on one thread, with equal ``epochs``, ``operations``
    or ``seconds``.

    ``objectives``: ``psnr``, or several of ``psnr``, ``ssim``, ``parameters``, ``gflop`` and ``seconds``. ``sampler``:
    ``tpe``, ``random``, ``sobol``, ``cma-es``, or ``grid``. ``pruner``: ``none``, or ``median`` or ``halving``, which
    end a configuration early, in its first training. ``executor`` is as in `compare`. A sweep in the folder ``out`` is
    continued; ``storage`` is another database than the one there, by its address.

    The best of many is too good by luck: compare them on fresh seeds, as ``sfumato sweep best --verdict`` does.

    Raises RecipeError,
    PictureError, RunError, or SfumatoError without Optuna.
    """
    trust.allow_named_in(changes)
    settings, given = images.picture_settings(picture, changes.pop("picture", None))
    if pictures is not None and picture is not None:
        raise RecipeError("sweep must be given either a picture or pictures. Got both.")
    start = changed(Recipe(), custom.DEFAULTS) if recipe is None else recipe
    base = changed(start, {**changes, "picture": settings})
    targets = [arms.load(base, given)] if pictures is None else picture_sets.load(base, pictures)
    base = picture_sets.of_picture(base, targets[0])
    spec = spec_of(
        space, base, targets, seeds=seeds, objectives=objectives, sampler=sampler, pruner=pruner, equal=equal
    )
    path = default_path(spec) if out is None else Path(out)
    with progress_display.progress_display(progress if watch is None else False) as display:
        return run_sweep(
            spec,
            targets,
            path,
            trials,
            storage=storage,
            workers=workers,
            executor=executor,
            watch=watch or display,
            stop=stop,
        )


def best_arms(found: Sweep, top: int) -> dict[str, Recipe]:
    """Return the best configurations as arms of a comparison, by their rank and number. Raises RecipeError."""
    if not 2 <= top <= MOST_ARMS:
        raise RecipeError(f"top must be 2 to {MOST_ARMS} for a verdict. Got {top}.")
    best = found.best(top)
    if len(best) < 2:
        raise RecipeError(f"a verdict needs two whole configurations. Got {len(best)}; try more.")
    seed = found.spec.base.seed
    return {name_of(each, rank): _fresh(each.recipe, seed, found) for rank, each in enumerate(best, start=1)}


def name_of(configuration: Configuration, rank: int) -> str:
    """Return the name of a configuration: its rank and number."""
    return f"#{rank} (trial {configuration.number})"


def _fresh(recipe: Recipe, seed: int, found: Sweep) -> Recipe:
    """Return the recipe with the seed of the base, which no sweep's training has, and with its evaluation."""
    return recipe.model_copy(
        update={"seed": seed, "evaluation": found.spec.base.evaluation, "picture": found.spec.base.picture}
    )
