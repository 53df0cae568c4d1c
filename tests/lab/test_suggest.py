"""Suggestions of settings: whole numbers where a range has them, quickly, and the same for the same scores."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sfumato.lab.ranges import Range
from sfumato.lab.suggest import Told, suggested

optuna = pytest.importorskip("optuna")

RATE = Range("lr", 1e-3, 1e-1, whole=False, log=True)
BATCH = Range("training.batch", 64, 4096, whole=True, log=True)
RATIOS = Range("ratios", 0, 2, whole=True, log=False)


def told(space: tuple[Range, ...], best: float) -> Told:
    """Return the first points with scores of which those at a share of every range are the best."""
    draw = random.Random(1)
    points = suggested(space, (), 8)
    return tuple(
        (
            point,
            draw.gauss(0, 0.01) - sum((one.place(value) - best) ** 2 for one, value in zip(space, point, strict=True)),
        )
        for point in points
    )


def test_many_whole_numbers_are_not_searched_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test it by the kind of range that Optuna searches one by one."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("number by number")

    monkeypatch.setattr(optuna.distributions.IntDistribution, "__init__", refused)
    space = (RATE, BATCH)
    scores = told(space, 0.3)
    found = suggested(space, scores, 3)
    assert all(64 <= batch <= 4096 and batch == int(batch) for _, batch in found)
    assert len(set(found)) == 3
    suggested.cache_clear()
    assert told(space, 0.3) == scores
    assert suggested(space, scores, 3) == found


@pytest.mark.parametrize(("best", "end"), [(0.0, 64), (1.0, 4096)])
def test_the_ends_of_a_range_of_whole_numbers_are_suggested(best: float, end: int) -> None:
    found = suggested((RATE, BATCH), told((RATE, BATCH), best), 3)
    assert end in {batch for _, batch in found}


def test_all_of_a_few_whole_numbers_are_suggested() -> None:
    space = (RATE, RATIOS)
    found = suggested(space, told(space, 0.5), 6)
    assert {ratio for _, ratio in found} == {0, 1, 2}
    assert len(set(found)) == 6
