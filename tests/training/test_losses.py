from __future__ import annotations

import numpy as np
import pytest
import torch

from sfumato.recipe import choices
from sfumato.training.losses import per_sample

OUTPUTS = torch.tensor([[0.5, 0.9, 0.2], [-0.3, 0.4, 0.7]], dtype=torch.float64)
ERRORS = torch.tensor([[0.3, -0.05, 0.0], [-1.0, 0.1, 0.2]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (choices.MSE(), [(0.09 + 0.0025) / 2, (1 + 0.01 + 0.04) / 2]),
        (choices.L1(), [0.35, 1.3]),
        (choices.Huber(delta=0.1), [0.1 * (0.3 - 0.05) + 0.00125, 0.1 * 0.95 + 0.005 + 0.1 * 0.15]),
        (choices.LogCosh(), [np.log(np.cosh(0.3) * np.cosh(0.05)), np.log(np.cosh(1) * np.cosh(0.1) * np.cosh(0.2))]),
        (
            choices.RelativeL2(epsilon=0.04),
            [
                (0.09 / (0.25 + 0.04) + 0.0025 / (0.81 + 0.04)) / 2,
                (1 / (0.09 + 0.04) + 0.01 / (0.16 + 0.04) + 0.04 / (0.49 + 0.04)) / 2,
            ],
        ),
    ],
    ids=str,
)
def test_known_values(loss: choices.Loss, expected: list[float]) -> None:
    assert per_sample(loss, OUTPUTS, OUTPUTS - ERRORS).tolist() == pytest.approx(expected, rel=1e-12)


def test_every_loss_has_known_values() -> None:
    (marks,) = (each for each in test_known_values.pytestmark if each.name == "parametrize")
    assert {type(loss) for loss, _ in marks.args[1]} == set(choices.Loss.members.values())


def test_channel_weights_multiply_the_losses_of_channels() -> None:
    weighted = per_sample(choices.L1(), OUTPUTS, OUTPUTS - ERRORS, torch.tensor([2.0, 0.0, 0.5]))
    assert weighted.tolist() == pytest.approx([0.6, 2.1], rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_log_cosh_is_accurate_for_small_and_large_errors(dtype: torch.dtype) -> None:
    errors = torch.tensor([[1e-30, -1e-12, 1e-4, 0.9999, -1.0, 1.0001, 50.0, -1e4]], dtype=dtype, requires_grad=True)
    losses = [per_sample(choices.LogCosh(), errors[:, [i]], torch.zeros(1, 1, dtype=dtype)) for i in range(8)]
    (slopes,) = torch.autograd.grad(torch.stack(losses).sum(), errors)
    exact = errors.detach().double().numpy()[0]
    # e^2 / 2 where the series has no further digits, |e| - log 2 where exp(-2|e|) has none.
    with np.errstate(over="ignore"):
        expected = np.where(np.abs(exact) < 1e-3, exact**2 / 2 - exact**4 / 12, np.log(np.cosh(exact)))
    expected = np.where(np.abs(exact) > 20, np.abs(exact) - np.log(2), expected)
    tolerance = 1e-6 if dtype == torch.float32 else 1e-12
    smallest = 1e-40 if dtype == torch.float32 else 1e-300
    assert torch.cat(losses).tolist() == pytest.approx(expected.tolist(), rel=tolerance, abs=smallest)
    assert slopes[0].tolist() == pytest.approx(np.tanh(exact).tolist(), rel=tolerance, abs=0)


def test_the_output_of_relative_l2_is_a_constant_of_the_derivative() -> None:
    outputs = OUTPUTS.clone().requires_grad_()
    (found,) = torch.autograd.grad(per_sample(choices.RelativeL2(), outputs, OUTPUTS - ERRORS).sum(), outputs)
    assert found.numpy() == pytest.approx((ERRORS / (OUTPUTS**2 + 0.01)).numpy(), rel=1e-12)
