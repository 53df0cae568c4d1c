"""Half the squared error and half the squared difference of gradients: edges count beside colors.

The gradients are estimated by the filters of Sobel and Feldman (1968), divided by 8, so that they are differences per
pixel: the loss is (mse e^2 + sobel ((S e)^2 + (S^T e)^2)) / 2 for the error e and the filter S. At the border pixels
are repeated. Both terms are means over the pixels. As the filters are linear, the difference of the gradients of two
pictures is the gradient of their difference.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.training.losses.loss import PictureImplementation


def tensor(outputs: Tensor, targets: Tensor, mse: float, sobel: float) -> Tensor:
    """Return the losses of the channels, (C,), for pictures (C, H, W)."""
    errors = outputs - targets
    padded = torch.nn.functional.pad(errors.unsqueeze(0), (1, 1, 1, 1), mode="replicate")[0]
    rows = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    down, right = (rows[:, 2:] - rows[:, :-2]) / 8, (columns[:, :, 2:] - columns[:, :, :-2]) / 8
    return 0.5 * (mse * errors**2 + sobel * (down**2 + right**2)).mean(dim=(1, 2))


IMPLEMENTATION = PictureImplementation(tensor)
