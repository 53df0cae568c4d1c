from __future__ import annotations

import numpy as np
import pytest

from sfumato.recipe import choices
from sfumato.training.samplers import SeededSampler

N = 500


def epochs(choice: choices.Sampler, seed: int = 3) -> list[np.ndarray]:
    sampler = SeededSampler(choice, N, seed)
    return [sampler.epoch() for _ in range(3)]


@pytest.mark.parametrize("choice", [choices.Shuffled(), choices.Sequential(), choices.Fixed()], ids=str)
def test_every_pixel_once_per_epoch(choice: choices.Sampler) -> None:
    for epoch in epochs(choice):
        assert sorted(epoch) == list(range(N))


def test_the_order_of_each_sampler() -> None:
    shuffled, sequential, fixed = (
        epochs(choice) for choice in (choices.Shuffled(), choices.Sequential(), choices.Fixed())
    )
    assert (shuffled[0] != shuffled[1]).mean() > 0.9
    assert (sequential[0] == np.arange(N)).all()
    assert (sequential[2] == np.arange(N)).all()
    assert (fixed[0] == fixed[1]).all()
    assert (fixed[0] != np.arange(N)).mean() > 0.9
    assert (epochs(choices.Shuffled(), seed=4)[0] != shuffled[0]).mean() > 0.9


def test_replacement_draws_independently() -> None:
    first, second, _ = epochs(choices.Replacement())
    assert len(first) == N
    # The expected fraction of pixels that are drawn at least once is 1 - 1/e.
    assert len(set(first)) / N == pytest.approx(1 - np.exp(-1), abs=0.06)
    assert (first != second).mean() > 0.9


def test_a_sampler_continues_from_its_state() -> None:
    sampler = SeededSampler(choices.Shuffled(), N, 3)
    sampler.epoch()
    other = SeededSampler(choices.Shuffled(), N, 3)
    other.load(sampler.state())
    assert (sampler.epoch() == other.epoch()).all()
