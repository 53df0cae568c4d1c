"""The painting that comes of training itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato.recipe import changed, preset
from sfumato.training import resolve
from sfumato.training.picture.canvas import SNAPSHOTS_UNWATCHED, Canvas
from tests.small import SMALL, picture, trainer

HEIGHT, WIDTH = 100, 60


class Idle:
    """An engine that was never asked to train."""

    keeps_outputs = True
    last_outputs: NDArray[np.float32] | None = None


def slope(rows: int, columns: int) -> NDArray[np.floating]:
    """Of another value in each row and column."""
    return (np.arange(rows)[:, None, None] / rows + 2 * np.arange(columns)[:, None] / columns) * np.ones(3)


def canvas(trained: NDArray[np.bool_] | None = None) -> tuple[Canvas, Any]:
    engine: Any = Idle()
    return Canvas(engine, (HEIGHT, WIDTH), trained), engine


def test_it_begins_coarse() -> None:
    own, engine = canvas()
    begun = own.look(slope)
    assert begun is not None
    assert begun.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(begun, slope(HEIGHT, WIDTH), atol=0.06)
    assert engine.last_outputs.shape == (HEIGHT * WIDTH, 3)


def test_it_shows_what_training_leaves() -> None:
    own, engine = canvas()
    own.look(slope)
    engine.last_outputs[WIDTH + 2] = (7, 8, 9)
    seen = own.look(slope)
    assert seen is not None
    np.testing.assert_array_equal(seen[1, 2], (7, 8, 9))


def test_pixels_held_out_look_like_the_one_before() -> None:
    trained = np.ones((HEIGHT, WIDTH), np.bool_)
    trained[0] = trained[1, 1] = False
    own, engine = canvas(trained)
    own.look(slope)
    assert len(engine.last_outputs) == (HEIGHT - 1) * WIDTH - 1
    own.refresh(np.full((HEIGHT, WIDTH, 3), 5.0))
    engine.last_outputs[0] = 7
    seen = own.look(slope)
    assert seen is not None
    assert (seen[0].min(), seen[1, 0].min(), seen[1, 1].min(), seen[1, 2].max()) == (7, 7, 7, 5)


def test_it_is_put_away_when_nobody_looks() -> None:
    own, engine = canvas()
    own.look(slope)
    for _ in range(SNAPSHOTS_UNWATCHED):
        own.passed()
    assert engine.last_outputs is not None
    own.passed()
    assert engine.last_outputs is None


def test_a_painting_nobody_watches_is_not_kept() -> None:
    own, engine = canvas()
    own.refresh(slope(HEIGHT, WIDTH))
    assert engine.last_outputs is None


@pytest.mark.parametrize("held_out", [0, 0.3])
def test_after_an_epoch_it_is_about_the_painting(held_out: float) -> None:
    recipe = changed(preset("fast"), {**SMALL, "evaluation": {"interval": "end"}, "engine": "fused"})
    recipe = changed(recipe, {"data": {"split": held_out}, "budget": {"epochs": 200}})
    loop = trainer(resolve(recipe), picture(20, 16), marks=(0.95,))
    late = 0
    for one in loop.snapshots():
        kept = one.canvas()
        assert kept is not None
        if 0.9 < one.progress < 1:
            late += 1
            # The last steps are small, and each pixel that is trained on was so in the last epoch.
            painting = one.painting()
            assert 0 < np.abs(kept - painting).mean() < 0.5 * np.abs(painting - picture(20, 16)).mean()
    assert late
