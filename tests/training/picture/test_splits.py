"""Every split: its held-out pixels against a formula of their own, and training that does not depend on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed, choices
from sfumato.rng import rng_for
from sfumato.training import resolve
from sfumato.training.picture.splits import TrainingSamples, check_split, training_samples
from tests.small import SMALL, picture, trainer

SHAPES = [(9, 7), (10, 8), (6, 12), (5, 5)]
HELD_OUT: dict[str, Callable[[int, int, int, int], bool]] = {
    "checkerboard": lambda r, c, _rows, _columns: (r % 2) != (c % 2),
    "regular_grid": lambda r, c, _rows, _columns: r % 2 == 1 or c % 2 == 1,
    "regular_grid(3)": lambda r, c, _rows, _columns: not (r in (0, 3, 6, 9) and c in (0, 3, 6, 9)),
    "rectangle(0, 0.5, 0.5, 1)": lambda r, c, rows, columns: r < round(rows / 2) and c >= round(columns / 2),
    "area_average": lambda *_: True,
    "area_average(3)": lambda *_: True,
}
"""Whether a pixel (row, column) of a picture (rows, columns) is held out."""
MASKS = [0.3, *(split for split in HELD_OUT if "average" not in split)]


def recipe_of(split: str | float, **changes: object) -> Recipe:
    return changed(Recipe(), {"data": {"split": split}, **changes})


def samples_of(split: str | float, rows: int, columns: int) -> TrainingSamples:
    recipe = recipe_of(split)
    inputs = models.grid(recipe.coordinates, rows, columns)
    return training_samples(recipe, inputs, picture(rows, columns).astype(np.float64))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("split", HELD_OUT)
def test_the_held_out_pixels(split: str, shape: tuple[int, int]) -> None:
    found = samples_of(split, *shape)
    expected = [[HELD_OUT[split](r, c, *shape) for c in range(shape[1])] for r in range(shape[0])]
    assert found.held_out is not None
    assert found.held_out.tolist() == expected


def test_a_number_holds_out_the_first_pixels_of_a_permutation() -> None:
    expected = np.zeros(63, np.bool_)
    expected[rng_for(Recipe().seed, "held out").permutation(63)[:19]] = True
    for split in (0.3, "0.3", "random(0.3)"):
        found = samples_of(split, 9, 7).held_out
        assert found is not None
        np.testing.assert_array_equal(found.reshape(-1), expected)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("split", [0, 0.3, *HELD_OUT])
def test_samples_are_counted_and_belong_to_pixels(split: str | float, shape: tuple[int, int]) -> None:
    found, pixels = samples_of(split, *shape), np.arange(shape[0] * shape[1])
    count = recipe_of(split).data.split.samples(*shape)
    assert len(found.inputs) == len(found.targets) == count
    of_sample = pixels if found.pixel_of_sample is None else found.pixel_of_sample
    of_pixel = pixels if found.sample_of_pixel is None else found.sample_of_pixel
    np.testing.assert_array_equal(of_pixel[of_sample], np.arange(count))
    assert of_pixel.shape == pixels.shape


@pytest.mark.parametrize("split", MASKS)
def test_samples_are_the_pixels_that_are_not_held_out(split: str | float) -> None:
    found, colors = samples_of(split, 9, 7), picture(9, 7).astype(np.float64)
    assert found.held_out is not None
    np.testing.assert_array_equal(found.targets, colors[~found.held_out])
    grid = models.grid(Recipe().coordinates, 9, 7).reshape(9, 7, 2)
    np.testing.assert_array_equal(found.inputs, grid[~found.held_out])


def test_averages_are_over_squares_that_the_border_may_cut() -> None:
    found, colors = samples_of("area_average(3)", 7, 5), picture(7, 5).astype(np.float64)
    squares = [colors[r : r + 3, c : c + 3].reshape(-1, 3).mean(axis=0) for r in (0, 3, 6) for c in (0, 3)]
    np.testing.assert_allclose(found.targets, squares, rtol=1e-14)
    # Where the sides are multiples of the factor, the coordinates are those of a smaller picture.
    recipe = recipe_of("area_average(3)", coordinates={"align_corners": False})
    inputs = models.grid(recipe.coordinates, 9, 6)
    averages = training_samples(recipe, inputs, picture(9, 6).astype(np.float64))
    np.testing.assert_allclose(averages.inputs, models.grid(recipe.coordinates, 3, 2), atol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fused", "autograd"])
@pytest.mark.parametrize("split", MASKS)
def test_no_held_out_pixel_influences_training(split: str | float, engine: str) -> None:
    recipe = resolve(changed(recipe_of(split, engine=engine), {**SMALL, "budget": {"epochs": 3}}))
    held_out = samples_of(split, 9, 7).held_out
    assert held_out is not None
    colors = picture(9, 7)
    weights: list[dict[str, np.ndarray]] = []
    for changed_pixels in (np.zeros_like(held_out), held_out, ~held_out):
        other = np.where(changed_pixels[..., np.newaxis], 1 - colors, colors)
        *_, last = trainer(recipe, other).snapshots()
        weights.append(last.weights())
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])
    assert any((weights[0][name] != weights[2][name]).any() for name in weights[0])


@pytest.mark.slow
def test_averages_alone_influence_training() -> None:
    recipe = resolve(changed(recipe_of("area_average(3)"), {**SMALL, "budget": {"epochs": 3}}))
    weights: list[dict[str, np.ndarray]] = []
    for colors in (picture(9, 6), picture(9, 6).reshape(3, 3, 2, 3, 3)[:, ::-1, :, ::-1].reshape(9, 6, 3)):
        *_, last = trainer(recipe, colors).snapshots()
        weights.append(last.weights())
        metrics = last.evaluation
        assert metrics is not None
        assert metrics.psnr_trained is None
        assert metrics.psnr_held_out == pytest.approx(metrics.psnr, abs=1e-9)
    # The squares' pixels have changed places, so that their averages differ by rounding alone.
    for name in weights[0]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], atol=1e-5)


@pytest.mark.parametrize("member", choices.Split.members.values(), ids=lambda member: member.name)
def test_a_smaller_split_holds_out_less(member: type[choices.Split]) -> None:
    split = member()
    smaller = split.smaller()
    if smaller is None:
        assert split.samples(40, 30) == 1200
    else:
        assert split.samples(40, 30) < smaller.samples(40, 30) < 1200


def test_a_smaller_split_is_reached_from_any_stride() -> None:
    for start in (choices.RegularGrid(17), choices.AreaAverage(9)):
        split: choices.Split | None = start
        for _ in range(20):
            assert split is not None
            before, split = split.samples(60, 60), split.smaller()
            if isinstance(split, choices.RandomSplit):
                break
            assert split is not None
            assert split.samples(60, 60) > before


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (0.95, "data.split must leave a pixel to train on. Got 0.95 of 2 pixels, which is all; hold out at most 0.5."),
        (0.1, "data.split must hold out at least one pixel. Got 0.1 of 2 pixels, which is none; use 0.5 or more, or 0"),
        ("rectangle(0, 0, 1, 1)", r"leave a pixel to train on. Got rectangle\(.*\) of 2 pixels, which is all\.$"),
        ("rectangle(0, 0, 0.1, 0.1)", r"hold out at least one pixel. Got rectangle\(.*use 0 or a larger picture\.$"),
    ],
)
def test_a_split_must_fit_the_picture(split: str | float, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        check_split(recipe_of(split), 1, 2)
