"""`compare`: run a question, or a comparison of custom arms, and write its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato import images, trust
from sfumato.errors import RecipeError
from sfumato.lab import picture_sets, progress_display, questions, report
from sfumato.lab.arms import Picture, load, values_of
from sfumato.lab.executors.executor import Executor
from sfumato.lab.experiment import Experiment, Watch, run_plan
from sfumato.lab.layout import FOLDER
from sfumato.lab.plan import MOST_SEEDS, SEEDS, Plan
from sfumato.lab.questions import custom, deep_vs_shallow
from sfumato.lab.rates import TUNING_SEEDS
from sfumato.lab.tuning_options import Tune, require_optuna, tuning_of
from sfumato.process_state import scoped
from sfumato.recipe import Recipe, changed
from sfumato.recipe.source import read as read_recipe


def plan_of(
    arms: str | Mapping[str, Recipe],
    pictures: Sequence[Picture],
    recipe: Recipe | None = None,
    *,
    seeds: int = SEEDS,
    tune: Tune = None,
    tuning_seeds: int = TUNING_SEEDS,
    tuning_trials: int | None = None,
    equal: str = "epochs",
    parameters: int = deep_vs_shallow.PARAMETERS,
) -> Plan:
    """Return the plan of a question by name, or of custom arms by name. Raises RecipeError.

    ``tune``: None searches for each arm's own learning rate unless the arms differ in nothing but that; names of
    fields search for those.
    """
    paired = paired_seeds(seeds)
    tuning = tuning_of(tune, tuning_seeds, tuning_trials)
    if not isinstance(arms, str):
        if tune is None and custom.differ_in_rates(arms) is not None:
            tuning = None
        return require_optuna(custom.plan(arms, pictures, seeds=paired, tuning=tuning, equal=equal, base=recipe))
    question = questions.find(arms)
    base = recipe or changed(Recipe(), question.DEFAULTS)
    made = question.plan(base, pictures, seeds=paired, tuning=tuning, equal=equal, parameters=parameters)
    return require_optuna(made)


def paired_seeds(count: int) -> tuple[int, ...]:
    """Return the seeds 0, 1, 2, ... of a verdict. Raises RecipeError."""
    if not 1 <= count <= MOST_SEEDS:
        raise RecipeError(f"seeds must be 1 to {MOST_SEEDS}. Got {count}.")
    return tuple(range(count))


def default_folder(plan: Plan) -> Path:
    """Return the default folder of an experiment: the same plan gives the same folder, so that it is continued."""
    return Path(FOLDER) / f"{plan.name}-{plan.id}"


@scoped
def compare(
    arms: str | Mapping[str, Recipe | Mapping[str, Any] | str],
    picture: images.PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    pictures: str | Path | Sequence[images.PictureSource] | None = None,
    seeds: int = SEEDS,
    tune: Tune = None,
    tuning_seeds: int = TUNING_SEEDS,
    tuning_trials: int | None = None,
    equal: str = "epochs",
    out: str | Path | None = None,
    retry: bool = False,
    progress: bool | None = None,
    watch: Watch | None = None,
    stop: Callable[[], bool] = lambda: False,
    workers: int = 0,
    executor: Executor | str | None = None,
    **changes: Any,
) -> Experiment:
    """Compare networks fairly, and return the experiment with its verdict and confidence intervals.

    ``arms``: a question's name, such as ``"deep-vs-shallow"``, or arms by name, each a recipe, a preset's name or
    changes: ``compare({"relu": {"model": {"activation": "relu"}}, "sine": {...}}, "cat")``. ``picture`` is as in
    `sfumato.paint`, and all arms learn it; without it, the first recipe's. ``changes`` apply to all arms. An arm
    that only changes fields starts from `paint`'s default recipe with Adam at 0.003, batches of 256, 20 epochs and a
    picture of at most 160 pixels (`sfumato.lab.questions.custom.DEFAULTS`; plan.json has them under ``defaults``); a
    recipe or a preset stays as it is.

    ``pictures``, in place of ``picture``, make the verdict one about pictures like these: several pictures, or a
    folder, a pattern such as ``"photos/*.png"``, or ``"kodak"``. Every arm is trained on ``seeds`` of its own on each
    picture; pictures are the random unit of the confidence interval, and at least five are needed for a verdict.

    Every arm is trained on the same ``seeds``, at its own best learning rate, which is searched for on ``tuning_seeds``
    others; ``tune=False`` uses the rates of the recipes, and so does None (the default) where arms differ in nothing
    but a rate. ``tune="lr,omega"``, a list of names, or ranges by name (``{"lr": None, "omega": "5..120:log"}``) search
    for several numbers of each arm among ``tuning_trials`` settings that Optuna suggests (extra ``lab``), and for one
    on a grid. ``equal``: what is equal for all arms, ``epochs``, ``operations`` or ``seconds``; with ``samples``,
    epochs are equal for all arms, and samples for all pictures: a larger one trains for fewer epochs. An experiment in
    the folder ``out`` is continued if it is the same one, also with fewer seeds; at the end the folder has a
    ``report.html``. ``retry``: train failed trials again.

    ``executor``: where trials train, with the same numbers everywhere: ``"local"``, ``"ray"`` or
    ``"ray:HOST:PORT"`` (extra ``cluster``), ``"folder:DIR"`` for machines on which ``sfumato worker DIR`` runs, or an
    `Executor` of your own. ``workers``: trials at a time; 0: one per core.

    Progress is shown in a terminal or in a notebook, and elsewhere only if ``progress`` is true; false: never.
    ``watch`` replaces it: it is called with (operations done, operations known of).

    Raises RecipeError, PictureError, EngineError, or RunError, also where every trial failed.
    """
    trust.allow_named_in(changes)
    named = changes.pop("picture", None)
    if pictures is not None and picture is not None:
        raise RecipeError("compare must be given either a picture or pictures. Got both.")
    settings, given = images.picture_settings(picture, named)
    base = changed(changed(Recipe(), custom.DEFAULTS), {**changes, "picture": settings})
    compared = arms if isinstance(arms, str) else _recipes(arms, base, keep_pictures=not settings)
    learned = base if isinstance(compared, str) else next(iter(compared.values()), base)
    if pictures is None:
        targets = [load(learned, given)]
    else:
        targets = picture_sets.load(learned, pictures)
        base = picture_sets.of_picture(base, targets[0])
        compared = picture_sets.with_first(compared, targets)
    how: dict[str, Any] = {"tune": tune, "tuning_seeds": tuning_seeds, "tuning_trials": tuning_trials}
    plan = plan_of(compared, targets, base, seeds=seeds, equal=equal, **how)
    folder = default_folder(plan) if out is None else Path(out)
    with progress_display.progress_display(progress if watch is None else False) as display:
        found = run_plan(
            plan,
            values_of(targets),
            folder,
            workers=workers,
            watch=watch or display,
            stop=stop,
            executor=executor,
            retry=retry,
        )
    report.write(found)
    return found


def _recipes(
    arms: Mapping[str, Recipe | Mapping[str, Any] | str], base: Recipe, *, keep_pictures: bool
) -> dict[str, Recipe]:
    """Return the arms as recipes. ``keep_pictures``: keep the picture of an arm that is a `Recipe`."""
    found: dict[str, Recipe] = {}
    for name, one in arms.items():
        try:
            match one:
                case Recipe():
                    found[name] = one if keep_pictures else one.model_copy(update={"picture": base.picture})
                case Mapping():
                    trust.allow_named_in(one)
                    found[name] = changed(base, one)
                case str():
                    found[name] = read_recipe(one).model_copy(update={"picture": base.picture})
                case _:
                    raise RecipeError(f"must be a recipe, a preset's name or changes. Got {type(one).__name__}.")
        except RecipeError as error:
            raise RecipeError(f"arm {name}: {error}") from None
    return found
