"""The training samples of a picture under each split, and its held-out pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, choices
from sfumato.rng import rng_for

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingSamples:
    """What a network is trained on."""

    inputs: Floats
    """(N, 2) coordinates."""
    targets: Floats
    """(N, C) colors."""
    held_out: Mask | None = None
    """(H, W) mask of the held-out pixels; None if there are none."""
    pixel_of_sample: NDArray[np.int64] | None = None
    """(N,) index of the pixel at each sample, row by row; None where the samples are the pixels."""
    sample_of_pixel: NDArray[np.int64] | None = None
    """(H * W,) index of a sample near each pixel: its own, if it has one; None where the samples are the pixels."""


Divide = Callable[[Any, np.random.Generator, Floats, Floats], TrainingSamples]
"""Implementation of a split: (choice, random generator, inputs (H * W, 2), picture (H, W, C)) -> training samples."""


def training_samples(recipe: Recipe, inputs: Floats, picture: Floats) -> TrainingSamples:
    """Return the training samples of a picture (H, W, C), or of a part of one, with ``inputs`` (H * W, 2).

    Raise RecipeError as `check_split`.
    """
    check_split(recipe, *picture.shape[:2])
    divide: Divide = recipe.data.split.implementation()
    return divide(recipe.data.split, rng_for(recipe.seed, "held out"), inputs, picture)


def check_split(recipe: Recipe, height: int, width: int) -> None:
    """Raise RecipeError if no sample is left to train on, or if a split holds out no pixel."""
    split, pixels = recipe.data.split, height * width
    samples, at_random = split.samples(height, width), isinstance(split, choices.RandomSplit)
    written = f"{split.fraction:g}" if isinstance(split, choices.RandomSplit) else str(split)
    if samples == 0:
        less = f"; hold out at most {(pixels - 1) / pixels:.2g}." if at_random else "."
        raise RecipeError(
            f"data.split must leave a pixel to train on. Got {written} of {pixels} pixels, which is all{less}"
        )
    if samples == pixels and not isinstance(split, choices.NoSplit):
        more = f"{1 / pixels:.2g} or more, or 0." if at_random else "0 or a larger picture."
        raise RecipeError(
            f"data.split must hold out at least one pixel. Got {written} of {pixels} pixels, which is none; use {more}"
        )


def none(_choice: choices.NoSplit, _random: np.random.Generator, inputs: Floats, picture: Floats) -> TrainingSamples:
    """Train on all pixels."""
    return TrainingSamples(inputs, picture.reshape(-1, picture.shape[2]))


def random(
    choice: choices.RandomSplit, random: np.random.Generator, inputs: Floats, picture: Floats
) -> TrainingSamples:
    """Hold out the first pixels of a random permutation."""
    height, width = picture.shape[:2]
    mask = np.zeros(height * width, np.bool_)
    mask[random.permutation(height * width)[: height * width - choice.samples(height, width)]] = True
    return _outside(mask.reshape(height, width), inputs, picture)


def checkerboard(
    _choice: choices.Checkerboard, _random: np.random.Generator, inputs: Floats, picture: Floats
) -> TrainingSamples:
    """Hold out the pixels whose row and column have an odd sum."""
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    return _outside((rows + columns) % 2 == 1, inputs, picture)


def regular_grid(
    choice: choices.RegularGrid, _random: np.random.Generator, inputs: Floats, picture: Floats
) -> TrainingSamples:
    """Hold out all but every stride-th pixel of every stride-th row, counted from the first."""
    mask = np.ones(picture.shape[:2], np.bool_)
    mask[:: choice.stride, :: choice.stride] = False
    return _outside(mask, inputs, picture)


def rectangle(
    choice: choices.Rectangle, _random: np.random.Generator, inputs: Floats, picture: Floats
) -> TrainingSamples:
    """Hold out a rectangle."""
    mask = np.zeros(picture.shape[:2], np.bool_)
    mask[choice.bounds(*picture.shape[:2])] = True
    return _outside(mask, inputs, picture)


def _outside(held_out: Mask, inputs: Floats, picture: Floats) -> TrainingSamples:
    trained = ~held_out.reshape(-1)
    return TrainingSamples(
        inputs[trained],
        picture.reshape(-1, picture.shape[2])[trained],
        held_out,
        np.flatnonzero(trained),
        # A held-out pixel is near the training pixel before it.
        np.maximum(np.cumsum(trained) - 1, 0),
    )


def area_average(
    choice: choices.AreaAverage, _random: np.random.Generator, inputs: Floats, picture: Floats
) -> TrainingSamples:
    """Train on the averages over squares of pixels, and hold out all pixels."""
    height, width, _ = picture.shape
    rows, columns = np.arange(0, height, choice.factor), np.arange(0, width, choice.factor)
    heights, widths = np.minimum(choice.factor, height - rows), np.minimum(choice.factor, width - columns)

    def averages(values: Floats) -> Floats:
        sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
        return (sums / np.multiply.outer(heights, widths)[..., np.newaxis]).reshape(-1, values.shape[2])

    return TrainingSamples(
        # The center of a square is the mean of its pixels' coordinates, also where the border cuts it.
        averages(inputs.reshape(height, width, -1)),
        averages(picture),
        np.ones((height, width), np.bool_),
        np.add.outer((rows + heights // 2) * width, columns + widths // 2).reshape(-1),
        np.add.outer(np.arange(height) // choice.factor * len(columns), np.arange(width) // choice.factor).reshape(-1),
    )
