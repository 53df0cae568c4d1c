"""The words and numbers under a film's picture."""

from __future__ import annotations

import math

from sfumato.render.frame import Frame

Words = tuple[tuple[str, bool], ...]
"""Pieces of text, left to right; True for those that are emphasized."""


def epoch_text(epoch: float) -> str:
    """About three digits: 0.03, 1.25, 12.4, 500; whole epochs without decimals."""
    if epoch == round(epoch):
        return f"{epoch:.0f}"
    if epoch >= 99.95:
        return f"{epoch:.0f}"
    if epoch >= 9.995:
        return f"{epoch:.1f}"
    if epoch >= 0.01:
        return f"{epoch:.2f}"
    return f"{epoch:.4f}"


def left(frame: Frame) -> Words:
    """Where in the run the frame is."""
    return (("epoch ", False), (epoch_text(frame.epoch), True))


def right(frame: Frame) -> Words:
    """How good the painting is; the loss where the PSNR was not measured."""
    if frame.psnr is None or math.isnan(frame.psnr):
        return (("loss ", False), (f"{frame.loss:.3g}", True))
    if math.isinf(frame.psnr):
        return (("exact", True),)
    return ((f"{frame.psnr:.2f}", True), (" dB", False))
