"""A step of each size on a copy of a network of the user's own: what would fail later is told before the first step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import nn

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.models.custom import line_of
from sfumato.recipe import Recipe
from sfumato.training.engines import Task, choose, find


def rehearse(recipe: Recipe, model: nn.Module, channels: int, pixels: int) -> None:
    """Raise RecipeError unless the network can be trained on so many pixels; ``recipe`` resolved.

    What is tried: an answer, a step of every size that an epoch has, and a checkpoint. The network stays as it is.
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
            engine = find(choose(recipe))(task)
            for size in _sizes(pixels, batch):
                try:
                    engine.advance(np.arange(size), np.ones(1))
                except Exception as error:
                    raise _refusal(name, size, batch, pixels, error) from error
            engine.outputs(task.coordinates[:1])
            engine.load(engine.state())
        except RecipeError:
            raise
        except Exception as error:
            raise RecipeError(
                f"the network must be one that can be trained and saved. {name} raises {line_of(error)}"
            ) from error


def _sizes(pixels: int, batch: int) -> Sequence[int]:
    """Of the steps of an epoch."""
    rest = pixels % batch
    return [batch, rest] if rest else [batch]


def _refusal(name: str, size: int, batch: int, pixels: int, error: Exception) -> RecipeError:
    samples = "1 sample" if size == 1 else f"{size:,} samples"
    if size == batch:
        return RecipeError(f"the network must train on a batch of {samples}. {name} raises {line_of(error)}")
    return RecipeError(
        f"the network must train on {samples}, the last of {math.ceil(pixels / batch):,} batches of {batch:,} in an "
        f"epoch of {pixels:,} pixels. {name} raises {line_of(error)}; choose another training.batch, such as "
        f"{_other(pixels, batch)}."
    )


def _other(pixels: int, batch: int) -> int:
    """The next larger batch whose last one in an epoch is at least half of it, or whole."""
    return next(size for size in range(batch + 1, pixels + 1) if pixels % size == 0 or pixels % size >= size / 2)
