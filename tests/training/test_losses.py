from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import structural_similarity
from torch import Tensor

from sfumato import images
from sfumato.recipe import choices
from sfumato.training.losses import of_picture, per_sample, total

OUTPUTS = torch.tensor([[0.5, 0.9, 0.2], [-0.3, 0.4, 0.7]], dtype=torch.float64)
ERRORS = torch.tensor([[0.3, -0.05, 0.0], [-1.0, 0.1, 0.2]], dtype=torch.float64)


def _mapped(x: float) -> float:
    return math.copysign(math.log10(1 + 9 * abs(x)), x)


KNOWN: list[tuple[choices.Loss, list[float]]] = [
    (choices.MSE(), [(0.09 + 0.0025) / 2, (1 + 0.01 + 0.04) / 2]),
    (choices.L1(), [0.35, 1.3]),
    (choices.Huber(delta=0.1), [0.1 * (0.3 - 0.05) + 0.00125, 0.1 * 0.95 + 0.005 + 0.1 * 0.15]),
    (choices.LogCosh(), [np.log(np.cosh(0.3) * np.cosh(0.05)), np.log(np.cosh(1) * np.cosh(0.1) * np.cosh(0.2))]),
    (
        choices.ToneMapped(mu=9),
        # log(1 + 9 |x|) / log 10, of outputs and targets.
        [
            sum((_mapped(o) - _mapped(t)) ** 2 / 2 for o, t in ((0.5, 0.2), (0.9, 0.95))),
            sum((_mapped(o) - _mapped(t)) ** 2 / 2 for o, t in ((-0.3, 0.7), (0.4, 0.3), (0.7, 0.5))),
        ],
    ),
    (
        choices.RelativeL2(epsilon=0.04),
        [
            (0.09 / (0.25 + 0.04) + 0.0025 / (0.81 + 0.04)) / 2,
            (1 / (0.09 + 0.04) + 0.01 / (0.16 + 0.04) + 0.04 / (0.49 + 0.04)) / 2,
        ],
    ),
]


@pytest.mark.parametrize(("loss", "expected"), KNOWN, ids=str)
def test_known_values(loss: choices.Loss, expected: list[float]) -> None:
    assert per_sample(loss, OUTPUTS, OUTPUTS - ERRORS).tolist() == pytest.approx(expected, rel=1e-12)


def test_every_loss_has_known_values() -> None:
    tested = {type(loss) for loss, _ in KNOWN} | {choices.SSIM, choices.L1SSIM, choices.GradientLoss}
    assert tested == set(choices.Loss.members.values())


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
    losses = per_sample(choices.RelativeL2(epsilon=0.01), outputs, OUTPUTS - ERRORS)
    (found,) = torch.autograd.grad(losses.sum(), outputs)
    assert found.numpy() == pytest.approx((ERRORS / (OUTPUTS**2 + 0.01)).numpy(), rel=1e-12)


RANDOM = np.random.default_rng(0)


def picture_pair(height: int, width: int, *, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    painting, picture = spread * RANDOM.random((height, width, 3)), RANDOM.random((height, width, 3))
    return painting, picture


def loss_of(choice: choices.Loss, painting: np.ndarray, picture: np.ndarray, weights: Tensor | None = None) -> Tensor:
    height, width, channels = painting.shape
    outputs, targets = (torch.from_numpy(values.reshape(-1, channels)) for values in (painting, picture))
    return of_picture(choice, outputs, targets, (height, width), weights)


@pytest.mark.parametrize(("height", "width"), [(20, 30), (7, 7), (6, 9), (1, 12), (3, 2)])
def test_ssim_is_that_of_evaluations(height: int, width: int) -> None:
    painting, picture = picture_pair(height, width)
    painting = 0.7 * picture + 0.3 * painting
    found = loss_of(choices.SSIM(), painting, picture).item()
    assert found == pytest.approx(3 * (1 - images.ssim(painting, picture)), abs=1e-10)
    assert 0.05 < found < 3
    assert loss_of(choices.SSIM(), picture, picture).item() == pytest.approx(0, abs=1e-12)


def test_ssim_is_not_clipped() -> None:
    painting, picture = picture_pair(9, 9, spread=2)
    mean, *_ = structural_similarity(painting, picture, win_size=7, data_range=1.0, channel_axis=-1, full=True)
    assert loss_of(choices.SSIM(), painting, picture).item() == pytest.approx(3 * (1 - float(mean)), abs=1e-10)


@pytest.mark.parametrize("weight", [0.0, 0.2, 0.84, 1.0])
def test_l1_and_ssim_are_mixed(weight: float) -> None:
    painting, picture = picture_pair(9, 12)
    per_channel = [
        (1 - weight) * np.abs(painting[..., c] - picture[..., c]).mean()
        + weight * (1 - images.ssim(painting[..., c : c + 1], picture[..., c : c + 1]))
        for c in range(3)
    ]
    choice = choices.L1SSIM(weight=weight)
    assert loss_of(choice, painting, picture).item() == pytest.approx(sum(per_channel), abs=1e-10)
    weighted = loss_of(choice, painting, picture, torch.tensor([1.0, 0.0, 3.0]))
    assert weighted.item() == pytest.approx(per_channel[0] + 3 * per_channel[2], abs=1e-10)


def test_gradients_are_those_of_sobel_filters() -> None:
    painting, picture = picture_pair(8, 11)
    errors = painting - picture
    slopes = [[ndimage.sobel(errors[..., c], axis, mode="nearest") / 8 for axis in (0, 1)] for c in range(3)]
    expected = [
        0.5 * (2.0 * (errors[..., c] ** 2).mean() + 0.7 * sum((slope**2).mean() for slope in slopes[c]))
        for c in range(3)
    ]
    choice = choices.GradientLoss(mse=2.0, sobel=0.7)
    assert loss_of(choice, painting, picture).item() == pytest.approx(sum(expected), rel=1e-12)
    weighted = loss_of(choice, painting, picture, torch.tensor([1.0, 0.0, 3.0]))
    assert weighted.item() == pytest.approx(expected[0] + 3 * expected[2], rel=1e-12)


def test_the_gradient_loss_without_gradients_is_mse() -> None:
    painting, picture = picture_pair(4, 5)
    outputs, targets = (torch.from_numpy(values.reshape(-1, 3)) for values in (painting, picture))
    mse = per_sample(choices.MSE(), outputs, targets).mean()
    assert loss_of(choices.GradientLoss(sobel=0), painting, picture).item() == pytest.approx(mse.item(), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("choice", [choices.SSIM(), choices.L1SSIM(weight=0.4), choices.GradientLoss()], ids=str)
def test_derivatives_of_losses_of_pictures(choice: choices.Loss) -> None:
    painting, picture = (torch.from_numpy(values.reshape(-1, 3)) for values in picture_pair(5, 4, spread=1.5))
    painting.requires_grad_()
    assert torch.autograd.gradcheck(lambda outputs: total(choice, outputs, picture, (5, 4)), [painting])
    loss = total(choice, painting, picture, (5, 4))
    assert loss.item() == pytest.approx(20 * of_picture(choice, painting, picture, (5, 4)).item())
    (grads,) = torch.autograd.grad(loss, painting)
    assert (grads.abs().max(dim=1).values > 1e-4).all()
