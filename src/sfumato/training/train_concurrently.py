"""Concurrent training of many networks: each on one thread at a time, from a pool of threads."""

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
from sfumato.training.engines.requirements import resolve
from sfumato.training.picture import PictureProblem, PictureSnapshot
from sfumato.training.trainer import Trainer

SAME_BITS = ("auto", "fused", "concurrent")
"""Engines that a recipe may name: ``fused`` with one thread gives the same weights bit for bit."""


def trainers(recipes: Sequence[Recipe], picture: NDArray[np.float32]) -> list[Trainer[PictureSnapshot]]:
    """Return trainers of many recipes on one ``picture`` (H, W, C), which share equal data.

    Raise EngineError with all reasons for the first recipe that the engine ``concurrent`` cannot train.
    """
    resolved = [_resolved(recipe, index, picture.shape[:2]) for index, recipe in enumerate(recipes)]
    shared = Shared()
    return [Trainer(recipe, PictureProblem(recipe, picture, shared), shared=shared) for recipe in resolved]


def train_concurrently(
    trainers: Sequence[Trainer[PictureSnapshot]], threads: int, stop: Callable[[int], bool] = lambda _: False
) -> Generator[tuple[int, PictureSnapshot], None, None]:
    """Train all to the ends of their budgets and yield (index, snapshot) pairs in the order of their completion.

    Each thread trains one network from a snapshot to the next, then takes another one. A network pauses at its snapshot
    until the caller requests the next pair; the others continue meanwhile, each up to its next snapshot. Which thread
    trains a network has no effect on its weights. The threads call ``stop`` with a network's index between steps, and
    end its training if it returns true.
    """
    trainings = {index: each.snapshots(functools.partial(stop, index)) for index, each in enumerate(trainers)}
    ready: SimpleQueue[tuple[int, Future[PictureSnapshot]]] = SimpleQueue()
    pool = ThreadPoolExecutor(threads, "sfumato-concurrent", initializer=torch.set_num_threads, initargs=(1,))

    def submit(index: int) -> None:
        pool.submit(next, trainings[index]).add_done_callback(lambda future: ready.put((index, future)))

    try:
        for index in trainings:
            submit(index)
        while trainings:
            index, future = ready.get()
            snapshot = future.result()
            yield index, snapshot
            if snapshot.ended is None:
                submit(index)
            else:
                # Drop the reference, which keeps its last painting in memory.
                del trainings[index]
    finally:
        # This also runs if the caller closes the generator: running networks then train up to their next snapshot.
        pool.shutdown(cancel_futures=True)


def _resolved(recipe: Recipe, index: int, shape: tuple[int, int]) -> Recipe:
    reasons = [] if recipe.engine in SAME_BITS else [f"engine must be {', '.join(SAME_BITS)}. Got {recipe.engine}."]
    reasons += unsupported_reasons("concurrent", recipe)
    if reasons:
        raise EngineError(f"recipe {index} cannot be trained beside others: {' '.join(reasons)}")
    return resolve(recipe.model_copy(update={"engine": "concurrent"}), shape)
