"""The approximate painting from the outputs of training samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato.recipe import changed, preset
from sfumato.training import resolve
from sfumato.training.picture.canvas import SNAPSHOTS_UNWATCHED, Canvas
from sfumato.training.picture.splits import training_samples
from tests.small import SMALL, picture, trainer

HEIGHT, WIDTH = 100, 60


class Idle:
    """An engine that does not train."""

    keeps_outputs = True
    last_outputs: NDArray[np.float32] | None = None


def ramp(rows: int, columns: int) -> NDArray[np.floating]:
    """Return (rows, columns, 3) with a different value in each row and column."""
    return (np.arange(rows)[:, None, None] / rows + 2 * np.arange(columns)[:, None] / columns) * np.ones(3)


def canvas(split: str | float = 0) -> tuple[Canvas, Any]:
    engine: Any = Idle()
    recipe = changed(preset("fast"), {"data": {"split": split}})
    samples = training_samples(recipe, np.zeros((HEIGHT * WIDTH, 2)), np.zeros((HEIGHT, WIDTH, 3)))
    return Canvas(engine, (HEIGHT, WIDTH), samples), engine


def test_it_is_coarse_at_first() -> None:
    painted, engine = canvas()
    initial = painted.read(ramp)
    assert initial is not None
    assert initial.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(initial, ramp(HEIGHT, WIDTH), atol=0.06)
    assert engine.last_outputs.shape == (HEIGHT * WIDTH, 3)


def test_it_shows_the_outputs_of_training() -> None:
    painted, engine = canvas()
    painted.read(ramp)
    engine.last_outputs[WIDTH + 2] = (7, 8, 9)
    pixels = painted.read(ramp)
    assert pixels is not None
    np.testing.assert_array_equal(pixels[1, 2], (7, 8, 9))


def test_held_out_pixels_repeat_the_training_pixel_before() -> None:
    painted, engine = canvas(f"rectangle(0, 0, {1 / HEIGHT}, 1)")
    painted.read(ramp)
    assert len(engine.last_outputs) == (HEIGHT - 1) * WIDTH
    painted.refresh(np.full((HEIGHT, WIDTH, 3), 5.0))
    engine.last_outputs[0] = 7
    pixels = painted.read(ramp)
    assert pixels is not None
    assert (pixels[0].min(), pixels[1, 0].min(), pixels[1, 1].max()) == (7, 7, 5)


def test_a_pixel_repeats_the_average_of_its_square() -> None:
    painted, engine = canvas("area_average(20)")
    painted.read(ramp)
    assert engine.last_outputs.shape == (15, 3)
    painted.refresh(ramp(HEIGHT, WIDTH))
    np.testing.assert_allclose(engine.last_outputs[4], ramp(HEIGHT, WIDTH)[30, 30], atol=1e-6)
    engine.last_outputs[4] = 7
    pixels = painted.read(ramp)
    assert pixels is not None
    np.testing.assert_array_equal(
        np.argwhere((pixels == 7).all(axis=2)), np.argwhere(np.pad(np.ones((20, 20)), ((20, 60), (20, 20))))
    )


def test_it_is_dropped_when_nobody_reads_it() -> None:
    painted, engine = canvas()
    painted.read(ramp)
    for _ in range(SNAPSHOTS_UNWATCHED):
        painted.count_snapshot()
    assert engine.last_outputs is not None
    painted.count_snapshot()
    assert engine.last_outputs is None


def test_an_exact_painting_is_not_stored_when_nobody_reads_it() -> None:
    painted, engine = canvas()
    painted.refresh(ramp(HEIGHT, WIDTH))
    assert engine.last_outputs is None


@pytest.mark.slow
@pytest.mark.parametrize("held_out", [0, 0.3, "area_average"])
def test_after_an_epoch_it_is_close_to_the_painting(held_out: str | float) -> None:
    recipe = changed(preset("fast"), {**SMALL, "evaluation": {"interval": "end"}, "engine": "fused"})
    recipe = changed(recipe, {"data": {"split": held_out}, "budget": {"epochs": 200}})
    training = trainer(resolve(recipe), picture(20, 16), marks=(0.95,))
    late = 0
    for one in training.snapshots():
        approximate = one.canvas()
        assert approximate is not None
        if 0.9 < one.progress < 1:
            late += 1
            # The last steps are small, and every training pixel was a sample in the last epoch.
            painting = one.painting()
            assert 0 < np.abs(approximate - painting).mean() < 0.5 * np.abs(painting - picture(20, 16)).mean()
    assert late
