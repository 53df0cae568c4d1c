"""Compiled losses: the loop over a sample's errors against automatic differentiation in float64."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sfumato.errors import EngineError
from sfumato.recipe import choices
from sfumato.training.engines.compiled_loss import CompiledLoss
from sfumato.training.losses import per_sample
from tests.registering import dummies

COMPILED = [choices.MSE(), choices.L1(), choices.Huber(), choices.Huber(delta=0.7)]
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int64] * 5)


def called(choice: choices.Loss, errors: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the loss of samples (n, C), and its derivatives by the errors."""
    loss = CompiledLoss(choice, errors.shape[1], sigmoid_output=False)
    # The rows are padded.
    padded = np.full((len(errors), errors.shape[1] + 2), 7, np.float32)
    padded[:, :-2] = errors
    found = FUNCTION(loss.spec.function)(padded.ctypes.data, *errors.shape, padded.shape[1], loss.spec.parameters)
    assert np.all(padded[:, -2:] == 7)
    return found, padded[:, :-2]


def test_every_compiled_loss_is_tested() -> None:
    assert {type(choice) for choice in COMPILED} == {each for each in choices.Loss.members.values() if each.compiled}


@pytest.mark.parametrize("choice", COMPILED, ids=str)
@given(errors=arrays(np.float32, array_shapes(min_dims=2, max_dims=2), elements=st.floats(-3, 3, width=32)))
def test_it_agrees_with_automatic_differentiation(choice: choices.Loss, errors: np.ndarray) -> None:
    exact = torch.from_numpy(errors.astype(np.float64)).requires_grad_()
    expected = per_sample(choice, exact).sum()
    (grads,) = torch.autograd.grad(expected, exact)
    found, derivatives = called(choice, errors)
    assert found == pytest.approx(expected.item(), rel=1e-9, abs=1e-15)
    assert derivatives == pytest.approx(grads.numpy(), rel=1e-7)


@pytest.mark.parametrize("choice", COMPILED, ids=str)
def test_nan_stays_nan(choice: choices.Loss) -> None:
    loss, derivatives = called(choice, np.array([[np.nan, 0.25]], np.float32))
    assert np.isnan(loss)
    assert np.isnan(derivatives[0, 0])
    assert np.isfinite(derivatives[0, 1])


def test_without_scalar_functions_it_is_refused() -> None:
    with dummies(), pytest.raises(EngineError, match="loss log_cosh has no scalar value and derivative"):
        CompiledLoss(choices.Loss.members["log_cosh"](), 3, sigmoid_output=False)
