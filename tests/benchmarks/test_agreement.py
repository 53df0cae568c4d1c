"""Sides that compute different things are not compared."""

from __future__ import annotations

import math

import pytest
from agreement import disagreement


def test_rounding_is_not_a_disagreement() -> None:
    assert disagreement({"a": 100.0, "b": 100.0002}, "a") == {}


@pytest.mark.parametrize("loss", [100.01, 99.99, 0.0, math.nan, math.inf, -100.0])
def test_another_loss_is_refused_by_name(loss: float) -> None:
    reasons = disagreement({"a": 100.0, "b": loss, "c": 100.0}, "a")
    assert list(reasons) == ["b"]
    assert "more than rounding" in reasons["b"]


@pytest.mark.parametrize("loss", [0.0, math.nan, math.inf])
def test_a_reference_without_a_finite_loss_agrees_with_no_side(loss: float) -> None:
    assert set(disagreement({"a": loss, "b": loss}, "a")) == {"a", "b"}
