"""From a resolved recipe and a picture to a finished run: trainer, observers, files, film."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, notebook, render
from sfumato.errors import RunError, SfumatoError
from sfumato.process_state import unscoped
from sfumato.recipe import Recipe, recipe_id
from sfumato.render.film_options import FilmOptions
from sfumato.runs import Run, create, load_run
from sfumato.runs.checkpoints import check_disk_space
from sfumato.runs.observers import RunRecord, writers
from sfumato.training import (
    Observer,
    Observers,
    OverheadBudget,
    PictureProblem,
    PictureSnapshot,
    Start,
    Trainer,
    observers_of,
)

Film = Literal["mp4", "gif", "webp", "none"]
"""A format, or none; `FilmOptions` has more to choose."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is watched, stopped and filmed."""

    film: FilmOptions
    observers: list[Observer[Any]]
    stop: Callable[[], bool]
    live: bool | None
    """Whether a notebook shows a figure; None: where there is one."""

    @classmethod
    def of(
        cls, film: Film | FilmOptions, observers: Iterable[Any], stop: Callable[[], bool], live: bool | None
    ) -> RunOptions:
        """Return the checked options. Raises SfumatoError."""
        return cls(film_options(film), observers_of(observers), stop, live)


def film_options(film: Film | FilmOptions) -> FilmOptions:
    """Return the options of a film format. Raises SfumatoError for an unknown one."""
    if isinstance(film, FilmOptions):
        return film
    if film not in get_args(Film):
        raise SfumatoError(f"film must be one of {', '.join(get_args(Film))}. Got {film!r}.")
    return FilmOptions(every="never") if film == "none" else FilmOptions(format=film)


def film_of(run: Run, film: FilmOptions) -> FilmOptions:
    """Return the film options for a run: without a last painting no film is made."""
    return film if run.facts["result"] else FilmOptions(every="never")


def new_run(
    place: Path,
    recipe: Recipe,
    picture: NDArray[np.float32],
    options: RunOptions,
    *,
    model: torch.nn.Module | None = None,
    module: torch.nn.Module | None = None,
    warm_start: dict[str, Any] | None = None,
    is_folder: bool = False,
) -> Run:
    """Train in a new folder below ``place``; with ``is_folder`` in that folder, of a run that has not begun.

    ``model``: the network to train; ``module``: the same where it is the user's own, for loading it again.
    """
    with notebook.figure(options.live) as figure:
        trainer = _trainer(recipe, picture, model)
        check_disk_space(
            place, picture=picture.nbytes, weights=_bytes(trainer.weights()), checkpoint=_bytes(trainer.state())
        )
        identity = recipe_id(recipe, images.sha256(picture))
        # The folder comes last, so that wrong input leaves nothing behind.
        folder = place if is_folder else create(place, recipe.picture.source, identity)
        record = RunRecord(folder, recipe, identity, picture, warm_start=warm_start)
        return _run_to_end(trainer, record, module, figure, options, resumed_at=None)


def resumed_run(
    run: Run,
    state: tuple[Mapping[str, NDArray[Any]], float] | None,
    module: torch.nn.Module | None,
    options: RunOptions,
) -> Run:
    """Train on from a checkpoint's arrays and seconds, or from the start where there is none."""
    with notebook.figure(options.live) as figure:
        trainer = _trainer(run.recipe, run.picture, module)
        if state is not None:
            trainer.load(*state)
        step = trainer.clock.step
        record = RunRecord(run.folder, run.recipe, run.facts["id"], run.picture)
        return _run_to_end(trainer, record, module, figure, options, resumed_at=step)


def only_film(run: Run, options: RunOptions) -> Run:
    """Make curve and film of a run whose training is over."""
    others = Observers([], OverheadBudget(), options.observers)
    step = run.facts["result"]["step"] if run.facts["result"] else 0
    others.begin(Start(run.recipe, PictureProblem(run.recipe, run.picture), run.folder, step))
    try:
        render.finish(run, film_of(run, options.film), others.stage)
    finally:
        others.finish(run.status)
    return run


def _trainer(recipe: Recipe, picture: NDArray[np.float32], model: torch.nn.Module | None) -> Trainer[PictureSnapshot]:
    return Trainer(recipe, PictureProblem(recipe, picture), model)


def _bytes(arrays: Mapping[str, NDArray[Any]]) -> int:
    return sum(each.nbytes for each in arrays.values())


def _run_to_end(
    trainer: Trainer[PictureSnapshot],
    record: RunRecord,
    module: torch.nn.Module | None,
    figure: notebook.Figure,
    options: RunOptions,
    *,
    resumed_at: int | None,
) -> Run:
    """Train to the end, writing and showing, then make curve and film."""
    start = Start(trainer.recipe, trainer.problem, record.folder, resumed_at)
    files = Observers(writers(record), trainer.overhead)
    others = Observers([figure], trainer.overhead, options.observers)

    def stage(name: str, done: int, total: int) -> None:
        files.stage(name, done, total)
        others.stage(name, done, total)

    def stop() -> bool:
        return record.wait_while_paused() or figure.interrupted() or unscoped(options.stop)()

    status = "failed"
    try:
        try:
            files.begin(start)
            others.begin(start)
            for snapshot in trainer.snapshots(stop, stage):
                record.check_in_place()
                files.observe(snapshot)
                others.observe(snapshot)
                if snapshot.ended is not None:
                    status = snapshot.ended if snapshot.ended in ("stopped", "diverged") else "done"
        except BaseException as error:
            try:
                if isinstance(error, RunError):
                    # A folder that is gone explains whatever could not be written.
                    record.check_in_place()
                raise
            finally:
                # What went wrong first is what is raised, whether or not the failure can still be recorded.
                with suppress(SfumatoError):
                    files.finish(status)
        files.finish(status)
        run = load_run(record.folder, module)
        render.finish(run, film_of(run, options.film), others.stage)
    finally:
        others.finish(status)
    return figure.ended(run)
