"""What the end of a run tells of a budget that was too short for its picture."""

from __future__ import annotations

import math

from sfumato.formatting import duration
from sfumato.training.picture.evaluation import PictureMetrics

POOR = 22.0
"""dB below which one sees at once that a painting is not the picture."""

SMALLEST = 32
"""Pixels of a side: a smaller picture is no advice."""


def few_seen(evaluation: PictureMetrics, epoch: float, seconds: float, size: tuple[int, int]) -> list[str]:
    """A sentence where the budget was too short for a picture of ``size`` (H, W); none where the painting is good.

    ``seconds`` of training were as many as ``epoch`` took.
    """
    if not 0 < epoch < 1 or not evaluation.psnr < POOR:
        return []
    side = max(size)
    # So that what was shown would have been three epochs.
    smaller = int(float(f"{side * math.sqrt(epoch / 3):.1g}"))
    instead = f", or a smaller picture (--picture.max-side {smaller})" if SMALLEST <= smaller < side else ""
    return [
        f"Only {_percent(epoch)} of the pixels were shown to the network before the budget ended, each of them once: a "
        f"painting of {evaluation.psnr:.1f} dB. Give it a whole epoch (--budget.epochs 1, {duration(seconds / epoch)} "
        f"at this pace){instead}."
    ]


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else f"{100 * part:.1g}%"
