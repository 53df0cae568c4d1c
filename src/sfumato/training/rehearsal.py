"""Rehearsal of a custom network: a step of each size on a copy, to report errors before the training starts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models.custom import line_of
from sfumato.recipe import Recipe
from sfumato.training.engines import Task, build


def rehearse(recipe: Recipe, model: nn.Module, channels: int, pixels: int) -> None:
    """Raise RecipeError unless the network can be trained on ``pixels`` pixels; ``recipe`` resolved.

    Try a forward pass, a step of every batch size of an epoch, and a checkpoint. The network is not changed.
    """
    models.check(model, channels)
    name = models.name_of(model)
    with models.scratch_copy(model) as copied:
        models.materialized(copied, recipe.seed)
        batch = min(pixels, pixels if recipe.training.batch == "all" else recipe.training.batch)
        generator = np.random.default_rng(0)
        task = Task(
            recipe,
            generator.uniform(size=(batch, 2)),
            generator.uniform(size=(batch, channels)),
            copied,
            recipe.threads,
        )
        try:
            engine = build(task)
            for size in _batch_sizes(pixels, batch):
                try:
                    engine.advance(np.arange(size), np.ones(1))
                except Exception as error:
                    raise _batch_error(name, size, batch, pixels, error) from error
            engine.outputs(task.coordinates[:1])
            engine.load(engine.state())
        except RecipeError:
            raise
        except Exception as error:
            raise RecipeError(
                f"the network must be one that can be trained and saved. {name} raises {line_of(error)}"
            ) from error


def _batch_sizes(pixels: int, batch: int) -> Sequence[int]:
    """Return the different batch sizes in an epoch."""
    remainder = pixels % batch
    return [batch, remainder] if remainder else [batch]


def _batch_error(name: str, size: int, batch: int, pixels: int, error: Exception) -> RecipeError:
    samples = "1 sample" if size == 1 else f"{size:,} samples"
    if size == batch:
        return RecipeError(f"the network must train on a batch of {samples}. {name} raises {line_of(error)}")
    return RecipeError(
        f"the network must train on {samples}, the last of {math.ceil(pixels / batch):,} batches of {batch:,} in an "
        f"epoch of {pixels:,} pixels. {name} raises {line_of(error)}; choose another training.batch, such as "
        f"{_better_batch(pixels, batch)}."
    )


def _better_batch(pixels: int, batch: int) -> int:
    """Return the next larger batch size of which the last batch of an epoch has at least half."""
    return next(size for size in range(batch + 1, pixels + 1) if pixels % size == 0 or pixels % size >= size / 2)
