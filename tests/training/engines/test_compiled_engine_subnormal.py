"""Numbers below 1.2e-38 are 0 in the fused engine, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sfumato.training.engines.compiled_engine import flushed
from sfumato.training.engines.fused.engine import Fused
from tests.training.engines.test_fused import recipe_of, task_of


@pytest.fixture(autouse=True)
def _requires_flushing() -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormal numbers to zero")
    torch.set_flush_denormal(False)


def subnormals_are_zero() -> bool:
    return bool(np.float32(2e-38) * np.float32(0.01) == 0)


def test_numbers_are_flushed_within_the_block() -> None:
    assert not subnormals_are_zero()
    with flushed():
        assert subnormals_are_zero()
        with flushed():
            assert subnormals_are_zero()
        assert subnormals_are_zero()
    assert not subnormals_are_zero()
    with pytest.raises(ZeroDivisionError), flushed():
        _ = 1 // 0
    assert not subnormals_are_zero()


def test_flushing_that_was_enabled_before_stays_enabled() -> None:
    torch.set_flush_denormal(True)
    try:
        with flushed():
            pass
        assert subnormals_are_zero()
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_fused_engine_flushes_subnormals(threads: int) -> None:
    task = task_of(recipe_of(activation="gaussian(0.7)", width=(16,)), threads)
    with torch.no_grad():
        for name, weights in task.model.named_parameters():
            # exp(-13^2 / 2) is 2e-37, a normal number; the outputs are 2e-40.
            values = {"layers.0.weight": 0.0, "layers.0.bias": 13.0 * 0.7, "layers.1.weight": 1e-3}
            weights.fill_(values.get(name, 0.0))
    assert (task.model(torch.zeros(1, 2)) != 0).all()
    engine = Fused(task)
    coordinates = np.zeros((50, 2))
    assert (engine.outputs(coordinates) == 0).all()
    assert not subnormals_are_zero()
