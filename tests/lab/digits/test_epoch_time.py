"""An epoch's time from a few steps: scaled by the samples of an epoch, alternating, without the first round."""

from __future__ import annotations

from typing import Any

import pytest

from sfumato.lab.digits import epoch_time
from sfumato.lab.questions import mnist_claim
from sfumato.recipe import Recipe, changed


class Clock:
    """Time that only engines spend."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turns: list[int] = []

    def engine(self, recipe: Recipe, inputs: int, outputs: int) -> Any:
        clock = self

        class Engine:
            def advance(self, order: Any, rates: Any) -> None:
                assert len(order) == len(rates) * recipe.training.batch
                clock.turns.append(inputs)
                # The first turn of each takes longer, as with cold caches.
                clock.now += (100 if clock.turns.count(inputs) == 1 else 1) * len(rates) * (0.3 if inputs == 2 else 0.1)

        return Engine()


def test_seconds_are_those_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(epoch_time, "_engine", clock.engine)
    monkeypatch.setattr(epoch_time.time, "perf_counter", lambda: clock.now)
    found = epoch_time.measure(changed(Recipe(), mnist_claim.DEFAULTS))
    assert found.digits == pytest.approx(0.1 * 60_000 / 256)
    assert found.picture == pytest.approx(0.3 * 128_700 / 256)
    assert found.ratio == pytest.approx(60_000 / (3 * 128_700))
    assert found.rounds == epoch_time.ROUNDS
    assert clock.turns == [784, 2] * (epoch_time.ROUNDS + 1)


@pytest.mark.slow
def test_both_networks_are_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epoch_time, "ROUNDS", 1)
    monkeypatch.setattr(epoch_time, "SAMPLES", 256)
    found = epoch_time.measure(changed(Recipe(), {**mnist_claim.DEFAULTS, "threads": 1}))
    assert (found.engine, found.threads, found.batch, found.steps) == ("fused", 1, 256, 1)
    assert found.ratio > 0
