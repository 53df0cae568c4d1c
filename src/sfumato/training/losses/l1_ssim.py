"""The absolute error and 1 - SSIM, mixed: (1 - w) |e| + w (1 - SSIM), the mean over the pixels.

Zhao, Gallo, Frosio and Kautz 2017, "Loss Functions for Image Restoration with Neural Networks", mix them so that
colors are right where SSIM is almost flat, with w = 0.84 and the multiscale SSIM, for which pictures here may be too
small; Kerbl et al. 2023, "3D Gaussian Splatting for Real-Time Radiance Field Rendering", with SSIM itself and w = 0.2.
Both use Gaussian windows (11 x 11 pixels in the second), this loss the windows of evaluations (`ssim.py`).
"""

from __future__ import annotations

from torch import Tensor

from sfumato.training.losses import ssim
from sfumato.training.losses.loss import PictureImplementation


def tensor(outputs: Tensor, targets: Tensor, weight: float) -> Tensor:
    """Return the losses of the channels, (C,), for pictures (C, H, W)."""
    return (1 - weight) * (outputs - targets).abs().mean(dim=(1, 2)) + weight * ssim.tensor(outputs, targets)


IMPLEMENTATION = PictureImplementation(tensor)
