"""Compiled losses: the loop over a sample's errors against automatic differentiation in float64."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import EngineError
from sfumato.recipe import choices
from sfumato.training.engines.compiled_loss import CompiledLoss
from sfumato.training.losses import per_sample
from tests.registering import dummies

COMPILED = [choices.MSE(), choices.L1(), choices.Huber(), choices.Huber(delta=0.7)]
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int64] * 3, ctypes.c_double)


def called(choice: choices.Loss, errors: np.ndarray, total: float = 0.0) -> tuple[float, np.ndarray]:
    """Return ``total`` plus the loss of a sample, and its derivatives by the errors."""
    loss, changed = CompiledLoss(choice, sigmoid_output=False), errors.copy()
    found = FUNCTION(loss.spec.function)(changed.ctypes.data, len(errors), loss.spec.parameters, total)
    return found, changed


def test_every_compiled_loss_is_tested() -> None:
    assert {type(choice) for choice in COMPILED} == {each for each in choices.Loss.members.values() if each.compiled}


@pytest.mark.parametrize("choice", COMPILED, ids=str)
@given(values=st.lists(st.floats(-3, 3, width=32).filter(lambda value: abs(value) > 1e-3), min_size=1, max_size=5))
def test_it_agrees_with_automatic_differentiation(choice: choices.Loss, values: list[float]) -> None:
    errors = np.array(values, np.float32)
    exact = torch.from_numpy(errors.astype(np.float64)).requires_grad_()
    expected = per_sample(choice, exact[None]).sum()
    (grads,) = torch.autograd.grad(expected, exact)
    found, derivatives = called(choice, errors, total=2.0)
    assert found - 2 == pytest.approx(expected.item(), rel=1e-9, abs=1e-15)
    assert derivatives == pytest.approx(grads.numpy(), rel=1e-7)


@pytest.mark.parametrize("choice", COMPILED, ids=str)
def test_nan_stays_nan(choice: choices.Loss) -> None:
    loss, derivatives = called(choice, np.array([np.nan, 0.25], np.float32))
    assert np.isnan(loss)
    assert np.isnan(derivatives[0])
    assert np.isfinite(derivatives[1])


def test_without_scalar_functions_it_is_refused() -> None:
    with dummies(), pytest.raises(EngineError, match="loss log_cosh has no scalar value and derivative"):
        CompiledLoss(choices.Loss.members["log_cosh"](), sigmoid_output=False)
