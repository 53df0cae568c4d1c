"""Many networks at once: each trained on one thread, the networks divided between the threads of a pool."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.errors import EngineError
from sfumato.recipe import Recipe
from sfumato.training.engines import Shared, unsupported_reasons
from sfumato.training.picture import PictureProblem, PictureSnapshot
from sfumato.training.resolve import resolve
from sfumato.training.trainer import Trainer

SAME_BITS = ("auto", "fused", "concurrent")
"""Engines that a recipe may ask for: ``fused`` with one thread trains to the same bits."""


def trainers(recipes: Sequence[Recipe], picture: NDArray[np.float32]) -> list[Trainer[PictureSnapshot]]:
    """The trainings of many recipes on one ``picture`` (H, W, C), which share what is equal in them.

    Raises EngineError with all reasons for the first recipe that the engine ``concurrent`` cannot train.
    """
    resolved = [_resolved(recipe, index) for index, recipe in enumerate(recipes)]
    shared = Shared()
    return [Trainer(recipe, PictureProblem(recipe, picture, shared), shared=shared) for recipe in resolved]


def train_concurrently(
    trainers: Sequence[Trainer[PictureSnapshot]], threads: int, stop: Callable[[int], bool] = lambda _: False
) -> Generator[tuple[int, PictureSnapshot], None, None]:
    """Train all to the ends of their budgets, yielding each one's snapshots with its index, in the order they come.

    Threads take networks in turn, for the time between two snapshots. From its snapshot on a network rests until the
    caller asks for what comes next; the others go on meanwhile, each up to its next snapshot. Which thread trains a
    network when has no effect on its weights. ``stop`` is asked by those threads, between steps, whether to end the
    training of the network with this index.
    """
    trainings = {index: each.snapshots(functools.partial(stop, index)) for index, each in enumerate(trainers)}
    ready: SimpleQueue[tuple[int, Future[PictureSnapshot]]] = SimpleQueue()
    pool = ThreadPoolExecutor(threads, "sfumato-concurrent", initializer=torch.set_num_threads, initargs=(1,))

    def go_on(index: int) -> None:
        pool.submit(next, trainings[index]).add_done_callback(lambda future: ready.put((index, future)))

    try:
        for index in trainings:
            go_on(index)
        while trainings:
            index, future = ready.get()
            snapshot = future.result()
            yield index, snapshot
            if snapshot.ended is None:
                go_on(index)
            else:
                # Let go of it: it holds its last painting.
                del trainings[index]
    finally:
        # Also where the caller leaves early: the networks that are being trained come to their next snapshot.
        pool.shutdown(cancel_futures=True)


def _resolved(recipe: Recipe, index: int) -> Recipe:
    reasons = [] if recipe.engine in SAME_BITS else [f"engine must be {', '.join(SAME_BITS)}. Got {recipe.engine}."]
    reasons += unsupported_reasons("concurrent", recipe)
    if reasons:
        raise EngineError(f"recipe {index} cannot be trained beside others: {' '.join(reasons)}")
    return resolve(recipe.model_copy(update={"engine": "concurrent"}))
