"""Where the parts are joined: from a recipe to a finished run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models, notebook, render, trust
from sfumato.cores import available_cores
from sfumato.errors import EngineError, PictureError, RecipeError, RunError, SfumatoError
from sfumato.process_state import scoped, unscoped
from sfumato.recipe import Recipe, changed, need, preset, recipe_id, room
from sfumato.recipe.need import Size
from sfumato.render.film_options import FilmOptions
from sfumato.render.learning import check as check_film
from sfumato.runs import Run, RunWriter, checkpoints, create, layout, load_run, queued
from sfumato.runs.room import check_room
from sfumato.training import Diagnosis, Loop, Snapshot, diagnose, loops, resolve, together

__all__ = ["check", "fit", "load_picture", "load_run", "paint", "resume", "train", "train_many"]


def _silent(name: str, done: int, total: int) -> None:
    """The stage of someone who does not watch."""


def _unheard(folder: Path) -> None:
    """Where a run is, for someone who will read it in what is returned."""


Film = Literal["mp4", "gif", "webp", "none"]
"""A format, or none; `FilmOptions` has more to choose."""
PictureSource = str | Path | NDArray[Any]
"""A file, the name of a sample, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of floats in [0, 1] or bytes."""


@scoped
def paint(
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipe: Recipe | str | None = None,
    runs: str | Path = "runs",
    film: Film | FilmOptions = "mp4",
    warm_start: str | Path | None = None,
    watch: Callable[[Snapshot], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    stage: Callable[[str, int, int], None] = _silent,
    live: bool | None = None,
    began: Callable[[Path], None] = _unheard,
    **changes: Any,
) -> Run:
    """Train a network on a picture and leave a painting, a film and a curve in a new run folder.

    ``picture`` is a file, the name of a sample, an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of floats in [0, 1]
    or bytes, or the recipe's settings of a picture: ``{"source": "cat.jpg", "max_side": 200}``. ``recipe`` is a recipe
    or the name of a preset, by default ``fast``; ``changes`` replace its fields:
    ``paint("cat", picture={"max_side": 200}, model={"depth": 6}, seed=7)``; a change of the budget replaces the whole
    budget.

    ``warm_start`` is another run's folder: training starts from its last weights, of a network of the same shape.
    ``watch`` is called with every snapshot (about ten a second), ``stop`` between steps: when it answers true, training
    ends and everything is written. ``stage`` is told how far the making of the film is: (name, done, total). ``began``
    is told the run's folder, as soon as it is there.

    In a Jupyter notebook a figure shows the training, and an interrupt of the kernel ends it at the next step with
    everything written; ``live=False`` leaves the figure out.

    Raises RecipeError, PictureError, EngineError or RunError; nothing is written when the input is wrong.
    """
    options = _film(film)
    picture, changes = _picture(picture, changes)
    whole = _recipe(picture, recipe, changes)
    target = _target(picture, whole)
    resolved = resolve(whole)
    check_film(options, target.shape[:2], "film.out")
    _fits(resolved, target)
    model, origin = _warm(warm_start, resolved, target.shape[2])
    with notebook.figure(live) as figure:
        writer, loop = _begun(Path(runs), resolved, target, model, origin)
        unscoped(began)(writer.folder)
        return _finished(loop, writer, None, options, figure, watch, stop, stage)


@scoped
def fit(
    module: torch.nn.Module,
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    recipe: Recipe | str | None = None,
    runs: str | Path = "runs",
    film: Film | FilmOptions = "mp4",
    watch: Callable[[Snapshot], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    stage: Callable[[str, int, int], None] = _silent,
    live: bool | None = None,
    **changes: Any,
) -> Run:
    """Train a network of your own, in place: any ``nn.Module`` that maps (N, 2) coordinates to (N, C) colours.

    The rest is as for `paint`. The recipe's network and its initialisation play no part. To resume, or to load the run
    later, pass a module of the same shape again. Raises RecipeError when the module does not fit the picture.
    """
    options = _film(film)
    if not isinstance(module, torch.nn.Module):
        raise RecipeError(f"fit must be given a torch.nn.Module. Got {type(module).__name__}.")
    picture, changes = _picture(picture, changes)
    whole = _of_module(_recipe(picture, recipe, changes), module)
    target = _target(picture, whole)
    resolved = resolve(whole)
    check_film(options, target.shape[:2], "film.out")
    _fits(resolved, target, module)
    with notebook.figure(live) as figure:
        writer, loop = _begun(Path(runs), resolved, target, module, None)
        return _finished(loop, writer, module, options, figure, watch, stop, stage)


@scoped
def resume(
    folder: str | Path,
    *,
    module: torch.nn.Module | None = None,
    film: Film | FilmOptions = "mp4",
    watch: Callable[[Snapshot], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    stage: Callable[[str, int, int], None] = _silent,
    live: bool | None = None,
    began: Callable[[Path], None] = _unheard,
) -> Run:
    """Go on with a run that was stopped, killed or failed, from its last checkpoint, to the bits it would have had.

    One that waits in the studio's queue begins.

    What was written after the checkpoint is dropped and made again. Of a run whose training is done and whose film and
    curve are not, these are made. A run of `fit` needs its ``module`` again, which
    is trained in place. Other arguments as for `paint`. Raises RunError when the run is done, another process works on
    it, or its last checkpoint is damaged.
    """
    options = _film(film)
    if (asked := queued.read(Path(folder))) is not None:
        target = images.load(asked.recipe.picture) if asked.stored is None else load_run(asked.stored).picture
        resolved = resolve(asked.recipe)
        _fits(resolved, target)
        check_film(options, target.shape[:2], "film.out")
        with notebook.figure(live) as figure:
            writer, loop = _begun_in(Path(folder), resolved, target, module)
            began(writer.folder)
            return _finished(loop, writer, module, options, figure, watch, stop, stage)
    run = load_run(folder, module)
    check_film(options, (run.facts["picture"]["height"], run.facts["picture"]["width"]), "film.out")
    if run.status in ("done", "diverged"):
        if not (run.folder / layout.CURVE).exists():
            # Killed, or out of room, between the end of its training and what is made of it.
            unscoped(began)(run.folder)
            render.finish(run, _of(run, options), unscoped(stage))
            return run
        raise RunError(
            f"{run.folder} must be unfinished to be resumed. Got a run that is {run.status} ({run.facts['ended']}); "
            f"paint again with other settings, or from its weights with --warm-start {run.folder}."
        )
    saved = checkpoints.files(run.folder)
    state = checkpoints.load(saved[-1], _bytes_of_weights(run)) if saved else None
    _fits(run.recipe, run.picture, module)
    with notebook.figure(live) as figure:
        loop = Loop(run.recipe, run.picture, module)
        if state is not None:
            loop.load(*state)
        writer = RunWriter(run.folder, run.recipe, run.facts["id"], run.picture, resumed_at=loop.clock.step)
        unscoped(began)(writer.folder)
        return _finished(loop, writer, module, options, figure, watch, stop, stage)


def _of_module(recipe: Recipe, module: torch.nn.Module) -> Recipe:
    """The recipe of a network of someone's own: with its name; and ``auto`` is the precision that it has."""
    double = recipe.dtype == "auto" and models.dtype_of(module) == torch.float64
    changes = {"model": {"module": models.name_of(module)}, **({"dtype": "float64"} if double else {})}
    return changed(recipe, changes)


def _begun(
    runs: Path,
    recipe: Recipe,
    target: NDArray[np.float32],
    model: torch.nn.Module | None,
    warm_start: dict[str, Any] | None,
) -> tuple[RunWriter, Loop]:
    """The loop, and the writer with its new folder: made last, so that wrong input leaves nothing behind."""
    loop = Loop(recipe, target, model)
    check_room(runs, picture=target.nbytes, weights=_bytes(loop.weights()), checkpoint=_bytes(loop.state()))
    identity = recipe_id(recipe, images.sha256(target))
    folder = create(runs, recipe.picture.source, identity)
    return RunWriter(folder, recipe, identity, target, warm_start=warm_start), loop


def _begun_in(
    folder: Path, recipe: Recipe, target: NDArray[np.float32], module: torch.nn.Module | None
) -> tuple[RunWriter, Loop]:
    """The same in the folder of a run that has not begun."""
    loop = Loop(recipe, target, module)
    check_room(folder, picture=target.nbytes, weights=_bytes(loop.weights()), checkpoint=_bytes(loop.state()))
    return RunWriter(folder, recipe, recipe_id(recipe, images.sha256(target)), target), loop


def _bytes(arrays: Mapping[str, NDArray[Any]]) -> int:
    return sum(each.nbytes for each in arrays.values())


def _finished(
    loop: Loop,
    writer: RunWriter,
    module: torch.nn.Module | None,
    film: FilmOptions,
    figure: notebook.Figure,
    watch: Callable[[Snapshot], None] | None,
    stop: Callable[[], bool],
    stage: Callable[[str, int, int], None],
) -> Run:
    """Train to the end, writing and showing, then make curve and film."""
    status = "failed"
    try:
        figure.begins(loop.picture, loop.recipe.picture.light)
        for snapshot in loop.snapshots(lambda: writer.wait_while_paused() or figure.interrupted() or unscoped(stop)()):
            writer.observe(snapshot)
            with snapshot.looking.at("watching"):
                figure.training(snapshot)
                if watch is not None:
                    unscoped(watch)(snapshot)
            if snapshot.ended is not None:
                status = snapshot.ended if snapshot.ended in ("stopped", "diverged") else "done"
    finally:
        writer.finish(status)
    run = load_run(writer.folder, module)

    def both(name: str, done: int, total: int) -> None:
        figure.stage(name, done, total)
        unscoped(stage)(name, done, total)

    render.finish(run, _of(run, film), both)
    return figure.ended(run)


def _of(run: Run, film: FilmOptions) -> FilmOptions:
    # Without a last painting there is nothing to film up to.
    return film if run.facts["result"] else FilmOptions(every="never")


def _warm(
    folder: str | Path | None, recipe: Recipe, channels: int
) -> tuple[torch.nn.Module | None, dict[str, Any] | None]:
    """The recipe's network with another run's last weights, and where they came from."""
    if folder is None:
        return None, None
    if recipe.engine == "replica":
        raise EngineError("engine replica cannot start from other weights: it draws its own, as in 2012.")
    other = load_run(folder)
    fresh = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
    model, moment = other.model(model=fresh)
    return model, {"run": other.folder.name, "id": other.facts["id"], "step": moment.step}


def _fits(
    recipe: Recipe, target: NDArray[np.float32], module: torch.nn.Module | None = None, *, kept: bool = True
) -> None:
    """Raise RecipeError unless the training of a resolved recipe fits into memory: nothing is built before."""
    parameters = _parameters(module)

    def wanted(one: Recipe, size: Size) -> int:
        return need.training(one, size, parameters=parameters, kept=kept)

    room.require("training", wanted, recipe, _size(target))


def _bytes_of_weights(run: Run) -> int:
    """That the network of a run's recipe has; 0 where it is somebody's own."""
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


def _film(film: Film | FilmOptions) -> FilmOptions:
    if isinstance(film, FilmOptions):
        return film
    if film not in get_args(Film):
        raise SfumatoError(f"film must be one of {', '.join(get_args(Film))}. Got {film!r}.")
    return FilmOptions(every="never") if film == "none" else FilmOptions(format=film)


@scoped
def train(
    recipe: Recipe | str | None = None,
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    **changes: Any,
) -> Iterator[Snapshot]:
    """Train a recipe and yield snapshots, about ten a second; the last one tells why it ended. Writes no files.

    Arguments as for `paint`. Stop early by leaving the loop. Raises RecipeError, PictureError or EngineError.
    """
    picture, changes = _picture(picture, changes)
    whole = _recipe(picture, recipe, changes)
    target = _target(picture, whole)
    resolved = resolve(whole)
    _fits(resolved, target, kept=False)
    return Loop(resolved, target).snapshots()


@scoped
def check(
    recipe: Recipe | str | None = None,
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    module: torch.nn.Module | None = None,
    **changes: Any,
) -> Diagnosis:
    """Try a copy of a recipe's network for a moment on at most 4,096 of the picture's pixels, and tell what will come.

    Arguments as for `train`; ``module`` is a network of your own, as for `fit`, and is left as it is. Takes about a
    second and writes no files. ``check("rprop-sigmoid", "cat").summary()`` are the findings in words, ``works`` tells
    whether the network can learn, ``trial`` has the figures of every layer before and after.

    Raises RecipeError, PictureError or EngineError.
    """
    picture, changes = _picture(picture, changes)
    whole = _recipe(picture, recipe, changes)
    if module is not None:
        whole = _of_module(whole, module)
    resolved, target = resolve(whole), _target(picture, whole)
    parameters = _parameters(module)
    room.require(
        "the check", lambda one, size: need.checking(one, size, parameters=parameters), resolved, _size(target)
    )
    return diagnose(resolved, target, module)


@scoped
def train_many(
    recipes: Iterable[Recipe | str | Mapping[str, Any]],
    picture: PictureSource | Mapping[str, Any] | None = None,
    /,
    *,
    threads: int = 0,
    stop: Callable[[int], bool] = lambda _: False,
    **changes: Any,
) -> Iterator[tuple[int, Snapshot]]:
    """Train many networks on one picture at once and yield (index, snapshot) as they come. Writes no files.

    Each of ``recipes`` is a recipe, the name of a preset, or what it changes in the default recipe:
    ``train_many([{"seed": seed} for seed in range(8)], "cat", budget={"epochs": 2})``. ``changes`` are those of all,
    and come first. Every network is trained by engine ``stacked``: on one thread, to the bits that engine ``fused``
    with ``threads=1`` gives it alone, however many ``threads`` (0: one a core) train the networks in turn. A budget in
    seconds counts each network's own.

    Every network ends on its own: its last snapshot tells why. ``stop`` is asked between steps, by the threads that
    train, whether to end the network with this index; leaving the loop ends all. A network rests while its snapshot is
    looked at. Raises RecipeError, PictureError or EngineError, which name the first wrong recipe.
    """
    if not 0 <= threads <= 1024:
        raise RecipeError(f"threads must be 0 (one a core) to 1024. Got {threads}.")
    picture, changes = _picture(picture, changes)
    wholes = [_one_of_many(index, one, picture, changes) for index, one in enumerate(recipes)]
    if not wholes:
        raise RecipeError("train_many must be given at least one recipe. Got none.")
    for index, whole in enumerate(wholes):
        if whole.picture != wholes[0].picture:
            raise RecipeError(f"recipe {index} must have the picture of recipe 0: all networks learn the same one.")
    target = _target(picture, wholes[0])

    def many(one: Recipe, size: Size) -> int:
        return need.training(one, size, networks=len(wholes), kept=False)

    for index, whole in enumerate(wholes):
        # Those of one shape take turns in what a step is computed in: as if all were like this one.
        alone = whole.model_copy(update={"engine": "stacked"})
        try:
            room.require("the training of all", many, alone, _size(target))
        except RecipeError as error:
            raise RecipeError(f"recipe {index}: {error}") from None
    return together(loops(wholes, target), threads or available_cores(), stop)


def _one_of_many(
    index: int,
    one: Recipe | str | Mapping[str, Any],
    picture: PictureSource | Mapping[str, Any] | None,
    changes: Mapping[str, Any],
) -> Recipe:
    if not isinstance(one, Recipe | str | Mapping):
        kind = type(one).__name__
        raise RecipeError(f"recipe {index} must be a recipe, a preset's name or a mapping of changes. Got {kind}.")
    try:
        if not isinstance(one, Mapping):
            return _recipe(picture, one, changes)
        if "picture" in one:
            raise RecipeError("must not change the picture: all networks learn the same one.")
        return changed(_recipe(picture, None, changes), one)
    except RecipeError as error:
        raise RecipeError(f"recipe {index}: {error}") from None


@scoped
def load_picture(source: PictureSource | Recipe) -> NDArray[np.float32]:
    """(H, W, C) in [0, 1] from a file, a sample's name, an array, or a recipe with its own picture settings.

    Raises PictureError.
    """
    if isinstance(source, Recipe):
        return images.load(source.picture)
    if isinstance(source, str | Path):
        return images.load(changed(Recipe(), {"picture": {"source": str(source)}}).picture)
    return _from_array(np.asarray(source))


def _picture(
    picture: PictureSource | Mapping[str, Any] | None, changes: dict[str, Any]
) -> tuple[PictureSource | Mapping[str, Any] | None, dict[str, Any]]:
    """The picture, given first or by name, and the other changes; settings by name are those of the one given first."""
    rest = {name: value for name, value in changes.items() if name != "picture"}
    named = changes.get("picture")
    if named is None or picture is None:
        return picture if named is None else named, rest
    if not isinstance(named, Mapping) or not isinstance(picture, str | Path):
        raise RecipeError("the picture must be given once, or as a file or sample with picture={settings}.")
    return {"source": str(picture), **named}, rest


def _recipe(
    picture: PictureSource | Mapping[str, Any] | None, recipe: Recipe | str | None, changes: Mapping[str, Any]
) -> Recipe:
    trust.allow_named_in(changes)
    base = preset(recipe) if isinstance(recipe, str) else recipe or Recipe()
    match picture:
        case None:
            return changed(base, changes)
        case Mapping():
            settings = picture
        case str() | Path():
            settings = {"source": str(picture)}
        case _:
            settings = {"source": "array"}
    return changed(base, {**changes, "picture": settings})


def _target(picture: PictureSource | Mapping[str, Any] | None, recipe: Recipe) -> NDArray[np.float32]:
    given_as_numbers = picture is not None and not isinstance(picture, str | Path | Mapping)
    return _from_array(np.asarray(picture)) if given_as_numbers else images.load(recipe.picture)


def _from_array(array: NDArray[Any]) -> NDArray[np.float32]:
    values = array[:, :, None] if array.ndim == 2 else array
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4) or min(values.shape[:2]) < 2:
        raise PictureError(
            "the picture must have shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with sides of 2 or more. "
            f"Got {array.shape}."
        )
    if values.dtype == np.uint8:
        return values.astype(np.float32) / np.float32(255)
    if not np.issubdtype(values.dtype, np.floating) or not (values.min() >= 0 and values.max() <= 1):
        raise PictureError(f"the picture must hold bytes, or floats in [0, 1]. Got {values.dtype}.")
    return values.astype(np.float32)
