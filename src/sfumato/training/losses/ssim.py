"""1 - SSIM: the structural similarity of two pictures (Wang, Bovik, Sheikh and Simoncelli 2004, equation 13).

The same similarity as in evaluations (`images.ssim`): windows of 7 x 7 pixels with equal weights that lie within the
picture, unbiased variances, a data range of 1. Evaluations clip the painting to [0, 1], which would stop gradients;
the loss does not. It is almost flat far from the picture: the loss `l1_ssim` starts faster, most of all with few
steps of Adam.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.training.losses.loss import PictureImplementation

WINDOW = 7
C1, C2 = 0.01**2, 0.03**2


def tensor(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - SSIM of each channel, (C,), for pictures (C, H, W)."""
    outputs, targets = (_at_least_three(values.unsqueeze(0)) for values in (outputs, targets))
    side = min(WINDOW, *outputs.shape[-2:])
    side -= 1 - side % 2
    count = side * side

    def mean(values: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(values, side, stride=1)

    mean_x, mean_y = mean(outputs), mean(targets)
    unbiased = count / (count - 1)
    variance_x = unbiased * (mean(outputs * outputs) - mean_x * mean_x)
    variance_y = unbiased * (mean(targets * targets) - mean_y * mean_y)
    covariance = unbiased * (mean(outputs * targets) - mean_x * mean_y)
    similarity = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    similarity = similarity / ((mean_x * mean_x + mean_y * mean_y + C1) * (variance_x + variance_y + C2))
    return 1 - similarity.mean(dim=(0, 2, 3))


def _at_least_three(values: Tensor) -> Tensor:
    """Pad a side of under 3 pixels to 3 by repeating its last row or column, as evaluations do."""
    height, width = (max(3 - side, 0) for side in values.shape[-2:])
    return torch.nn.functional.pad(values, (0, width, 0, height), mode="replicate") if height or width else values


IMPLEMENTATION = PictureImplementation(tensor)
