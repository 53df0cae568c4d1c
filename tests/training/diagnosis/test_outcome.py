"""The table in `diagnosis.outcome`, line by line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sfumato.recipe import Recipe, changed
from sfumato.training.diagnosis.outcome import Course, outcome
from sfumato.training.picture.evaluation import evaluate

PICTURE = np.random.default_rng(1).uniform(0.2, 0.8, (12, 12, 3))
FLAT = np.full_like(PICTURE, PICTURE.mean())
HELD_OUT = np.random.default_rng(2).uniform(size=(12, 12)) < 0.3

MOVED = Course(moved=0.5, first_mse=1.0, last_mse=1.0)
STILL = Course(moved=1e-5, first_mse=0.35, last_mse=0.35)


def found(
    painting: np.ndarray, course: Course = MOVED, *, held_out: bool = False, epoch: float = 9, **changes: Any
) -> str:
    evaluation = evaluate(lambda rows: painting[rows], PICTURE, HELD_OUT if held_out else None)
    return " ".join(outcome(evaluation, PICTURE, changed(Recipe(), changes), epoch, lambda: course))


def test_a_good_painting_has_no_findings_and_nothing_is_asked() -> None:
    def never() -> Course:
        raise AssertionError

    for output in ("sigmoid", "linear"):
        recipe = changed(Recipe(), {"model": {"output_activation": output}})
        assert outcome(evaluate(lambda rows: PICTURE[rows] + 0.01, PICTURE, HELD_OUT), PICTURE, recipe, 9, never) == []


def test_what_is_not_finite_is_said() -> None:
    painting = PICTURE.copy()
    painting[0, 0, 0] = np.nan
    assert "not finite" in found(painting)


def test_weights_that_stood_still_want_a_higher_rate() -> None:
    text = found(FLAT + 0.5, STILL, training={"optimizer": "adam(lr=1e-7)"})
    assert "the weights stood still, changed by 1e-05 of their size" in text
    assert text.endswith("Try --training.optimizer adam.")


def test_errors_that_still_fall_want_a_longer_budget() -> None:
    falling = Course(moved=0.1, first_mse=0.9, last_mse=0.25)
    text = found(FLAT + 0.5, falling, training={"optimizer": "adam(lr=1e-5)"})
    assert "and fell to the end. Give it longer (budget). Try --training.optimizer adam." in text


def test_errors_that_do_not_fall_want_a_lower_rate() -> None:
    text = found(FLAT + 0.5, MOVED, training={"optimizer": "adam(lr=0.1)"})
    assert "are still" in text
    assert text.endswith("Try --training.optimizer adam.")
    unknown = Course(moved=0.5, first_mse=math.nan, last_mse=1.0)
    assert "are still" in found(FLAT + 0.5, unknown)


def test_a_flat_painting_is_said_to_be_flat() -> None:
    assert "no better than one flat color" in found(FLAT)
    text = found(FLAT, model={"activation": "sigmoid", "init": "glorot", "depth": 8})
    assert "times as much as the picture. Try --model.activation leaky_relu." in text
    assert found(FLAT, epoch=0.5) == ""


@pytest.mark.parametrize("flat", [False, True])
def test_saturated_outputs_are_counted(flat: bool) -> None:
    painting = np.ones_like(PICTURE) if flat else PICTURE.copy()
    painting[:6] = 1.0
    text = found(painting, STILL, model={"output_activation": "sigmoid"})
    assert f"{'100' if flat else '50'}% of the outputs are saturated" in text
    assert "Try --model.output_activation linear" in text
    # Saturation is why nothing moved: a higher rate would be the wrong thing to try.
    assert "stood still" not in text
    assert "saturated" not in found(painting, model={"output_activation": "linear"})


def test_held_out_pixels_worse_than_flat_want_smoother_answers() -> None:
    painting = PICTURE.copy()
    painting[HELD_OUT] = 1 - painting[HELD_OUT]
    text = found(painting, held_out=True, model={"encoding": "fourier(sigma=100)"}, data={"split": 0.3})
    assert "Pixels held out are painted worse" in text
    assert "Try --model.encoding fourier, or --data.split 0.1" in text or "fourier" in text
    assert "held out" not in found(painting, held_out=False)
    # A network that has learned nothing at all is told so, and no more.
    assert "held out" not in found(FLAT, held_out=True, data={"split": 0.3})
