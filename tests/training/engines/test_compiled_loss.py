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

COMPILED = [
    choices.MSE(),
    choices.L1(),
    choices.Huber(),
    choices.Huber(delta=0.7),
    choices.LogCosh(),
    choices.RelativeL2(),
    choices.RelativeL2(epsilon=0.3),
]
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int64] * 9)


def called(
    choice: choices.Loss,
    outputs: np.ndarray,
    targets: np.ndarray,
    weights: list[float] | None = None,
    *,
    sigmoid: bool = False,
) -> tuple[float, np.ndarray]:
    """Return the loss of samples (n, C), and its derivatives by the errors; ``outputs`` before their sigmoid."""
    loss = CompiledLoss(choice, outputs.shape[1], sigmoid_output=sigmoid, channel_weights=weights)
    # The rows are padded.
    preactivations = np.full((len(outputs), outputs.shape[1] + 1), 5, np.float32)
    preactivations[:, :-1] = outputs
    padded = np.full((len(outputs), outputs.shape[1] + 2), 7, np.float32)
    padded[:, :-2] = (1 / (1 + np.exp(-outputs)) if sigmoid else outputs) - targets
    spec = loss.spec
    found = FUNCTION(spec.function)(
        padded.ctypes.data,
        *outputs.shape,
        padded.shape[1],
        spec.parameters,
        spec.channel_weights,
        preactivations.ctypes.data,
        preactivations.shape[1],
        int(sigmoid),
    )
    assert np.all(padded[:, -2:] == 7)
    return found, padded[:, :-2]


def test_every_compiled_loss_is_tested() -> None:
    assert {type(choice) for choice in COMPILED} == {each for each in choices.Loss.members.values() if each.compiled}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("choice", COMPILED, ids=str)
@given(
    outputs=arrays(np.float32, array_shapes(min_dims=2, max_dims=2), elements=st.floats(-3, 3, width=32)),
    target=st.floats(0, 1, width=32),
)
def test_it_agrees_with_automatic_differentiation(
    choice: choices.Loss, weighted: bool, outputs: np.ndarray, target: float
) -> None:
    targets = np.full_like(outputs, target)
    weights = [0.25 + j for j in range(outputs.shape[1])] if weighted else None
    # The error rounded as compiled code rounds it; the loss takes its output as a constant.
    exact = torch.from_numpy(outputs.astype(np.float64)).requires_grad_()
    rounded = torch.from_numpy(outputs.astype(np.float64) - (outputs - targets).astype(np.float64))
    losses = per_sample(choice, exact, rounded, None if weights is None else torch.tensor(weights).double())
    (grads,) = torch.autograd.grad(losses.sum(), exact)
    found, derivatives = called(choice, outputs, targets, weights)
    assert found == pytest.approx(losses.sum().item(), rel=1e-9, abs=1e-15)
    assert derivatives == pytest.approx(grads.numpy(), rel=1e-7)


def test_the_output_is_that_after_the_sigmoid() -> None:
    outputs, targets = np.array([[0.4, -1.2]], np.float32), np.array([[0.9, 0.1]], np.float32)
    y = 1 / (1 + np.exp(-outputs.astype(np.float64)))
    _, derivatives = called(choices.RelativeL2(epsilon=0.01), outputs, targets, sigmoid=True)
    assert derivatives == pytest.approx((y - targets) / (y**2 + 0.01), rel=1e-5)


@pytest.mark.parametrize("choice", COMPILED, ids=str)
def test_nan_stays_nan(choice: choices.Loss) -> None:
    loss, derivatives = called(choice, np.array([[np.nan, 0.25]], np.float32), np.zeros((1, 2), np.float32))
    assert np.isnan(loss)
    assert np.isnan(derivatives[0, 0])
    assert np.isfinite(derivatives[0, 1])


def test_without_scalar_functions_it_is_refused() -> None:
    with dummies(), pytest.raises(EngineError, match="loss cauchy has no scalar value and derivative"):
        CompiledLoss(choices.Loss.members["cauchy"](), 3, sigmoid_output=False)
