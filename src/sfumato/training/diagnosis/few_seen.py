"""Finding at the end of a run whose budget was shorter than one epoch."""

from __future__ import annotations

import math

from sfumato.formatting import duration
from sfumato.training.picture.evaluation import PictureMetrics

POOR = 22.0
"""PSNR in dB below which a painting visibly differs from the picture."""

MIN_SIDE = 32
"""Pixels of the longer side of the smallest picture that is suggested."""


def short_budget_findings(evaluation: PictureMetrics, epoch: float, seconds: float, size: tuple[int, int]) -> list[str]:
    """Return a sentence if the budget was too short for a picture of ``size`` (H, W); none if the painting is good.

    ``seconds``: the training time of ``epoch`` epochs.
    """
    if not 0 < epoch < 1 or not evaluation.psnr < POOR:
        return []
    side = max(size)
    # At this size the same budget would be three epochs.
    smaller = int(float(f"{side * math.sqrt(epoch / 3):.1g}"))
    alternative = f", or on a smaller picture (--picture.max-side {smaller})" if MIN_SIDE <= smaller < side else ""
    return [
        f"The budget ended after {_percent(epoch)} of an epoch, at {evaluation.psnr:.1f} dB: the other pixels were "
        f"never trained on. Train for a whole epoch (--budget.epochs 1, {duration(seconds / epoch)} at this rate)"
        f"{alternative}."
    ]


def _percent(fraction: float) -> str:
    return f"{fraction:.0%}" if fraction >= 0.01 else f"{100 * fraction:.1g}%"
