"""The public functions: paint, fit, resume, train, check."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models, trust
from sfumato.cores import available_cores
from sfumato.errors import EngineError, RecipeError, RunError
from sfumato.process_state import scoped
from sfumato.recipe import Recipe, changed, memory_check, memory_estimate, preset
from sfumato.recipe.memory_estimate import Size
from sfumato.render.film_options import FilmOptions
from sfumato.render.learning import check as check_film
from sfumato.running import Film, RunOptions, new_run, only_film, resumed_run
from sfumato.runs import Run, checkpoints, layout, listing, load_run, queued
from sfumato.training import (
    Diagnosis,
    Observer,
    PictureProblem,
    PictureSnapshot,
    Trainer,
    diagnose,
    resolve,
    train_concurrently,
    trainers,
)

__all__ = ["check", "fit", "load_picture", "load_run", "paint", "resume", "train", "train_many"]


PictureSource = images.PictureSource


@scoped
def paint(
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipe: Recipe | str | None = None,
    runs: str | Path = "runs",
    film: Film | FilmOptions = "mp4",
    warm_start: str | Path | None = None,
    observers: Iterable[Observer[PictureSnapshot] | Callable[[PictureSnapshot], object]] = (),
    stop: Callable[[], bool] = lambda: False,
    live: bool | None = None,
    **changes: Any,
) -> Run:
    """Train a network on a picture and leave a painting, a film and a curve in a new run folder.

    ``picture`` is a file, the name of a sample, a Pillow image, an array, tensor or nested lists (H, W) or (H, W, C) of
    uint8, uint16, bool, or floats in [0, 1], or the recipe's picture settings:
    ``{"source": "cat.jpg", "max_side": 200}``. An image is learned as its file would be: rotated by its EXIF
    orientation, its color profile converted. ``recipe`` is a recipe or the name of a preset, by default ``fast``;
    ``changes`` replace its fields:
    ``paint("cat", picture={"max_side": 200}, model={"depth": 6}, seed=7)``; a change of the budget replaces the whole
    budget.

    ``warm_start`` is another run's folder: training starts from its last weights, of a network of the same shape.
    ``observers`` watch the training: objects of classes derived from `Observer` (begin, observe, finish), or functions,
    called with every snapshot (about ten a second). ``stop`` is called between steps: when it answers true, training
    ends and everything is written.

    In a Jupyter notebook a figure shows the training, and an interrupt of the kernel ends it at the next step with
    everything written; ``live=False`` leaves the figure out.

    Raises RecipeError, PictureError, EngineError or RunError; nothing is written when the input is wrong.
    """
    options = RunOptions.of(film, observers, stop, live)
    given, changes = _given(picture, changes)
    whole = _recipe(recipe, changes)
    target = images.load(whole.picture, given)
    resolved = resolve(whole, target.shape[:2])
    check_film(options.film, target.shape[:2], "film.out")
    _require_memory(resolved, target)
    model, origin = _warm_started(warm_start, resolved, target.shape[2])
    return new_run(Path(runs), resolved, target, options, model=model, warm_start=origin)


@scoped
def fit(
    module: torch.nn.Module,
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipe: Recipe | str | None = None,
    runs: str | Path = "runs",
    film: Film | FilmOptions = "mp4",
    observers: Iterable[Observer[PictureSnapshot] | Callable[[PictureSnapshot], object]] = (),
    stop: Callable[[], bool] = lambda: False,
    live: bool | None = None,
    **changes: Any,
) -> Run:
    """Train a custom network in place: any ``nn.Module`` that maps (N, 2) coordinates to (N, C) colors.

    All else is as for `paint`. The recipe's network and its initialization are not used. To resume, or to load the run
    later, pass a module of the same architecture again. Raises RecipeError when the module does not fit the picture.
    """
    options = RunOptions.of(film, observers, stop, live)
    if not isinstance(module, torch.nn.Module):
        raise RecipeError(f"fit must be given a torch.nn.Module. Got {type(module).__name__}.")
    given, changes = _given(picture, changes)
    whole = _with_module(_recipe(recipe, changes), module)
    target = images.load(whole.picture, given)
    resolved = resolve(whole, target.shape[:2])
    check_film(options.film, target.shape[:2], "film.out")
    _require_memory(resolved, target, module)
    return new_run(Path(runs), resolved, target, options, model=module, module=module)


@scoped
def resume(
    folder: str | Path,
    *,
    module: torch.nn.Module | None = None,
    film: Film | FilmOptions = "mp4",
    observers: Iterable[Observer[PictureSnapshot] | Callable[[PictureSnapshot], object]] = (),
    stop: Callable[[], bool] = lambda: False,
    live: bool | None = None,
) -> Run:
    """Resume a run that was stopped, killed or failed from its last checkpoint, to the bits it would have had.

    ``folder`` is a run's folder, or a part of the name of exactly one run in ``runs/``. A run that waits in the
    studio's queue begins. Whatever was written after the checkpoint is dropped and written again. If training has
    ended and the film and curve are missing, they are made. A run of `fit` needs its ``module`` again, which is
    trained in place. Other arguments are as for `paint`. Raises RunError when the run is done, another process works
    on it, or its last checkpoint is damaged.
    """
    options = RunOptions.of(film, observers, stop, live)
    folder = listing.find(str(folder), Path("runs")) if str(folder) else Path(folder)
    if (waiting := queued.read(folder)) is not None:
        target = images.load(waiting.recipe.picture) if waiting.stored is None else load_run(waiting.stored).picture
        resolved = resolve(waiting.recipe, target.shape[:2])
        _require_memory(resolved, target)
        check_film(options.film, target.shape[:2], "film.out")
        return new_run(folder, resolved, target, options, model=module, module=module, is_folder=True)
    run = load_run(folder, module)
    check_film(options.film, (run.facts["picture"]["height"], run.facts["picture"]["width"]), "film.out")
    if run.status in ("done", "diverged"):
        if not (run.folder / layout.CURVE).exists():
            # The process was killed, or the disk was full, between the end of training and the making of the film.
            return only_film(run, options)
        raise RunError(
            f"{run.folder} must be unfinished to be resumed. Got a run that is {run.status} ({run.facts['ended']}); "
            f"paint again with other settings, or from its weights with --warm-start {run.folder}."
        )
    saved = checkpoints.files(run.folder)
    state = checkpoints.load(saved[-1], _bytes_of_weights(run)) if saved else None
    _require_memory(run.recipe, run.picture, module)
    return resumed_run(run, state, module, options)


def _with_module(recipe: Recipe, module: torch.nn.Module) -> Recipe:
    """Return the recipe of a custom network: with its name, and its precision for ``auto``."""
    double = recipe.dtype == "auto" and models.dtype_of(module) == torch.float64
    changes = {"model": {"module": models.name_of(module)}, **({"dtype": "float64"} if double else {})}
    return changed(recipe, changes)


def _warm_started(
    folder: str | Path | None, recipe: Recipe, channels: int
) -> tuple[torch.nn.Module | None, dict[str, Any] | None]:
    """Return the recipe's network with another run's last weights, and their origin for run.json."""
    if folder is None:
        return None, None
    if recipe.engine == "replica":
        raise EngineError("engine replica cannot start from other weights: it draws its own, as in 2012.")
    other = load_run(folder)
    fresh = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
    model, moment = other.model(model=fresh)
    return model, {"run": other.folder.name, "id": other.facts["id"], "step": moment.step}


def _require_memory(
    recipe: Recipe, target: NDArray[np.float32], module: torch.nn.Module | None = None, *, kept: bool = True
) -> None:
    """Raise RecipeError unless the training of a resolved recipe fits into memory; called before anything is built."""
    parameters = _parameters(module)

    def wanted(one: Recipe, size: Size) -> int:
        return memory_estimate.training(one, size, parameters=parameters, writes_run=kept)

    memory_check.require("training", wanted, recipe, _size(target))


def _bytes_of_weights(run: Run) -> int:
    """Return the bytes of the network's weights; 0 for a custom network."""
    if run.recipe.model.module is not None:
        return 0
    shapes = models.shapes(run.recipe.model, run.facts["picture"]["channels"])
    return sum(math.prod(shape) for shape in shapes.values()) * models.DTYPES[run.recipe.dtype].itemsize


def _parameters(module: torch.nn.Module | None) -> int | None:
    if not isinstance(module, torch.nn.Module):
        return None
    lazy = torch.nn.parameter.UninitializedParameter
    return sum(each.numel() for each in module.parameters() if not isinstance(each, lazy))


def _size(target: NDArray[np.float32]) -> Size:
    height, width, channels = target.shape
    return Size(width, height, channels)


@scoped
def train(
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipe: Recipe | str | None = None,
    **changes: Any,
) -> Iterator[PictureSnapshot]:
    """Train a network on a picture and yield snapshots, about ten per second; write no files.

    Arguments are as for `paint`. The last snapshot says why training ended. Stop early by leaving the loop. Raises
    RecipeError, PictureError or EngineError.
    """
    given, changes = _given(picture, changes)
    whole = _recipe(recipe, changes)
    target = images.load(whole.picture, given)
    resolved = resolve(whole, target.shape[:2])
    _require_memory(resolved, target, kept=False)
    return Trainer(resolved, PictureProblem(resolved, target)).snapshots()


@scoped
def check(
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipe: Recipe | str | None = None,
    module: torch.nn.Module | None = None,
    **changes: Any,
) -> Diagnosis:
    """Diagnose a recipe by a trial: train a copy of its network for a second on at most 4,096 of the picture's pixels.

    Arguments are as for `train`; ``module`` is a custom network, as for `fit`, and is left unchanged. No files are
    written. ``check("cat", recipe="rprop-sigmoid").summary()`` returns the findings as text, ``works`` whether the
    network can learn, ``trial`` the statistics of every layer before and after.

    Raises RecipeError, PictureError or EngineError.
    """
    given, changes = _given(picture, changes)
    whole = _recipe(recipe, changes)
    if module is not None:
        whole = _with_module(whole, module)
    target = images.load(whole.picture, given)
    resolved = resolve(whole, target.shape[:2])
    parameters = _parameters(module)
    memory_check.require(
        "the check",
        lambda one, size: memory_estimate.checking(one, size, parameters=parameters),
        resolved,
        _size(target),
    )
    return diagnose(resolved, target, module)


@scoped
def train_many(
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipes: Iterable[Recipe | str | Mapping[str, Any]],
    threads: int = 0,
    stop: Callable[[int], bool] = lambda _: False,
    **changes: Any,
) -> Iterator[tuple[int, PictureSnapshot]]:
    """Train many networks on one picture concurrently and yield (index, snapshot) pairs; write no files.

    Each of ``recipes`` is a recipe, the name of a preset, or a mapping of changes to the default recipe:
    ``train_many("cat", recipes=[{"seed": seed} for seed in range(8)], budget={"epochs": 2})``. ``changes`` apply to all
    of them, first. Every network is trained by engine ``concurrent``: on one thread, to the bits that engine ``fused``
    with ``threads=1`` gives it alone, however many ``threads`` (0: one per core) train the networks in turn. A budget
    in seconds counts the training time of each network by itself.

    Every network ends by itself, and its last snapshot says why. ``stop(index)`` is called between steps, by the
    threads that train; a true result ends that network. Leaving the loop ends all. A network waits while the caller
    has its snapshot. Raises RecipeError, PictureError or EngineError, which name the first wrong recipe.
    """
    if not 0 <= threads <= 1024:
        raise RecipeError(f"threads must be 0 (one per core) to 1024. Got {threads}.")
    given, changes = _given(picture, changes)
    wholes = [_one_of_many(index, one, changes) for index, one in enumerate(recipes)]
    if not wholes:
        raise RecipeError("train_many must be given at least one recipe. Got none.")
    for index, whole in enumerate(wholes):
        if whole.picture != wholes[0].picture:
            raise RecipeError(f"recipe {index} must have the picture of recipe 0: all networks learn the same one.")
    target = images.load(wholes[0].picture, given)

    def many(one: Recipe, size: Size) -> int:
        return memory_estimate.training(one, size, networks=len(wholes), writes_run=False)

    for index, whole in enumerate(wholes):
        # Networks of one layout share their work space: estimated as if all were like this one.
        alone = whole.model_copy(update={"engine": "concurrent"})
        try:
            memory_check.require("the training of all", many, alone, _size(target))
        except RecipeError as error:
            raise RecipeError(f"recipe {index}: {error}") from None
    return train_concurrently(trainers(wholes, target), threads or available_cores(), stop)


def _one_of_many(index: int, one: Recipe | str | Mapping[str, Any], changes: Mapping[str, Any]) -> Recipe:
    if not isinstance(one, Recipe | str | Mapping):
        kind = type(one).__name__
        raise RecipeError(f"recipe {index} must be a recipe, a preset's name or a mapping of changes. Got {kind}.")
    try:
        if not isinstance(one, Mapping):
            return _recipe(one, changes)
        if "picture" in one:
            raise RecipeError("must not change the picture: all networks learn the same one.")
        return changed(_recipe(None, changes), one)
    except RecipeError as error:
        raise RecipeError(f"recipe {index}: {error}") from None


@scoped
def load_picture(source: PictureSource | Recipe) -> NDArray[np.float32]:
    """Return (H, W, C) in [0, 1] of anything that `paint` takes as its picture, or of a recipe's picture.

    Raises PictureError.
    """
    if isinstance(source, Recipe):
        return images.load(source.picture)
    settings, given = images.picture_settings(source)
    return images.load(changed(Recipe(), {"picture": settings}).picture, given)


def _given(
    picture: PictureSource | Mapping[str, Any] | None, changes: Mapping[str, Any]
) -> tuple[object | None, dict[str, Any]]:
    """Return the picture where it is in memory, else None, and the changes with the picture's settings among them."""
    rest = {name: value for name, value in changes.items() if name != "picture"}
    settings, given = images.picture_settings(picture, changes.get("picture"))
    return given, {**rest, "picture": settings} if settings else rest


def _recipe(recipe: Recipe | str | None, changes: Mapping[str, Any]) -> Recipe:
    trust.allow_named_in(changes)
    return changed(preset(recipe) if isinstance(recipe, str) else recipe or Recipe(), changes)
