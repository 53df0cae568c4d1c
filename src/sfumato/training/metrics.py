"""Metrics of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metrics:
    """An exact comparison of a network's outputs with their targets."""

    mse: float
    """Mean squared error over samples and channels."""
    psnr: float
    """Peak signal-to-noise ratio in dB; ``budget.psnr`` ends a training by it."""

    def named(self) -> dict[str, float]:
        """Return every metric by its name, for files and charts, without those that were not measured."""
        return {"mse": self.mse, "psnr": self.psnr}
