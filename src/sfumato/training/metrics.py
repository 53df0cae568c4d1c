"""What an evaluation comes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metrics:
    """An exact comparison of a network's outputs with what they should be."""

    mse: float
    """Mean squared error of an output."""
    psnr: float
    """dB, by which ``budget.psnr`` may end a training."""

    def named(self) -> dict[str, float]:
        """Return every number by its name, for files and charts; what was not measured is left out."""
        return {"mse": self.mse, "psnr": self.psnr}
