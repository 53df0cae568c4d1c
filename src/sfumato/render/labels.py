"""Labels under the picture of a film."""

from __future__ import annotations

import math

from sfumato.render.frame import Frame

Spans = tuple[tuple[str, bool], ...]
"""(text, emphasized) pairs, left to right."""


def epoch_text(epoch: float) -> str:
    """Format an epoch with about three digits: 0.03, 1.25, 12.4, 500; whole epochs have no decimals."""
    if epoch == round(epoch):
        return f"{epoch:.0f}"
    if epoch >= 99.95:
        return f"{epoch:.0f}"
    if epoch >= 9.995:
        return f"{epoch:.1f}"
    if epoch >= 0.01:
        return f"{epoch:.2f}"
    return f"{epoch:.4f}"


def left(frame: Frame) -> Spans:
    """Return the label of the frame's epoch."""
    return (("epoch ", False), (epoch_text(frame.epoch), True))


def right(frame: Frame) -> Spans:
    """Return the label of the painting's PSNR, or of the loss where the PSNR was not measured."""
    if frame.psnr is None or math.isnan(frame.psnr):
        return (("loss ", False), (f"{frame.loss:.3g}", True))
    if math.isinf(frame.psnr):
        return (("exact", True),)
    return ((f"{frame.psnr:.2f}", True), (" dB", False))
