"""The table in `diagnosis.outcome`, row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sfumato.recipe import Recipe, changed
from sfumato.training.diagnosis.outcome import Course, outcome
from sfumato.training.picture.evaluation import HeldOut, evaluate

PICTURE = np.random.default_rng(1).uniform(0.2, 0.8, (12, 12, 3))
UNIFORM = np.full_like(PICTURE, PICTURE.mean())
_MASK = np.random.default_rng(2).uniform(size=(12, 12)) < 0.3
HELD_OUT = HeldOut(_MASK, PICTURE[~_MASK].mean(axis=0))

MOVED = Course(moved=0.5, first_mse=1.0, last_mse=1.0)
UNCHANGED = Course(moved=1e-5, first_mse=0.35, last_mse=0.35)


def found(
    painting: np.ndarray, course: Course = MOVED, *, held_out: bool = False, epoch: float = 9, **changes: Any
) -> str:
    evaluation = evaluate(lambda rows: painting[rows], PICTURE, HELD_OUT if held_out else None)
    return " ".join(outcome(evaluation, PICTURE, changed(Recipe(), changes), epoch, lambda: course))


def test_a_good_painting_has_no_findings_and_no_course_is_computed() -> None:
    def never() -> Course:
        raise AssertionError

    for output in ("sigmoid", "linear"):
        recipe = changed(Recipe(), {"model": {"output_activation": output}})
        assert outcome(evaluate(lambda rows: PICTURE[rows] + 0.01, PICTURE, HELD_OUT), PICTURE, recipe, 9, never) == []


def test_outputs_that_are_not_finite() -> None:
    painting = PICTURE.copy()
    painting[0, 0, 0] = np.nan
    assert "not finite" in found(painting)


def test_negligible_updates_need_a_higher_rate() -> None:
    text = found(UNIFORM + 0.5, UNCHANGED, training={"optimizer": "adam(lr=1e-7)"})
    assert "updates were negligible, the whole run changed the weights by 1e-05 of their norm" in text
    assert text.endswith("Try --training.optimizer adam.")


def test_an_mse_that_still_falls_needs_a_longer_budget() -> None:
    falling = Course(moved=0.1, first_mse=0.9, last_mse=0.25)
    text = found(UNIFORM + 0.5, falling, training={"optimizer": "adam(lr=1e-5)"})
    assert "and was still falling. Increase the budget. Try --training.optimizer adam." in text


def test_an_mse_that_does_not_fall_needs_a_lower_rate() -> None:
    text = found(UNIFORM + 0.5, MOVED, training={"optimizer": "adam(lr=0.1)"})
    assert "MSE is still" in text
    assert text.endswith("Try --training.optimizer adam.")
    unknown = Course(moved=0.5, first_mse=math.nan, last_mse=1.0)
    assert "MSE is still" in found(UNIFORM + 0.5, unknown)


def test_a_painting_of_the_mean_color() -> None:
    assert "no better than the mean-color baseline" in found(UNIFORM)
    text = found(UNIFORM, model={"activation": "sigmoid", "init": "glorot", "depth": 8})
    assert "x the picture's. Try --model.activation leaky_relu." in text
    assert found(UNIFORM, epoch=0.5) == ""


@pytest.mark.parametrize("uniform", [False, True])
def test_saturated_outputs_are_counted(uniform: bool) -> None:
    painting = np.ones_like(PICTURE) if uniform else PICTURE.copy()
    painting[:6] = 1.0
    text = found(painting, UNCHANGED, model={"output_activation": "sigmoid"})
    assert f"{'100' if uniform else '50'}% of the outputs are saturated" in text
    assert "Try --model.output_activation linear" in text
    # Saturation is the cause of negligible updates, which a higher rate would not remove.
    assert "negligible" not in text
    assert "saturated" not in found(painting, model={"output_activation": "linear"})


def test_held_out_pixels_worse_than_the_baseline_need_a_smoother_network() -> None:
    painting = PICTURE.copy()
    painting[_MASK] = 1 - painting[_MASK]
    text = found(painting, held_out=True, model={"encoding": "fourier(sigma=100)"}, data={"split": 0.3})
    assert "Held-out pixels are worse" in text
    assert "Try --model.encoding fourier, or --data.split 0.1" in text or "fourier" in text
    assert "Held-out" not in found(painting, held_out=False)
    # For a network that has learned nothing at all, this is the only finding.
    assert "Held-out" not in found(UNIFORM, held_out=True, data={"split": 0.3})
