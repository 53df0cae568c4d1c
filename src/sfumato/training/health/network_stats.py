"""The figures of a whole network on a few pixels, and as plain numbers for files."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.training.health.layers import Layer
from sfumato.training.health.painting import saturated

DIGITS = 6
"""Significant ones in files: the figures are of a few pixels."""


@dataclass(frozen=True)
class Spread:
    """Where some (N, C) colors lie."""

    low: float
    high: float
    mean: float
    spread: float
    """Root mean square over the channels of the standard deviation over the pixels."""

    @staticmethod
    def of(colors: NDArray[np.floating]) -> Spread:
        """Of (N, C) colors."""
        values = np.asarray(colors, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            spread = float(np.sqrt(values.var(axis=0).mean()))
            return Spread(float(values.min()), float(values.max()), float(values.mean()), spread)


@dataclass(frozen=True)
class NetworkStats:
    """A network at one moment, on a few of the picture's pixels."""

    layers: tuple[Layer, ...]
    """From input to output; of more than 64 as many, evenly chosen."""
    output: Spread
    picture: Spread
    saturated_output: float
    """Part of the outputs within 0.001 of 0 or 1 where the picture is not."""
    mse: float
    """Mean squared error over pixels and channels, unclipped."""
    mean_color_mse: float
    """That of one flat color, the pixels' mean."""
    pixels: int

    @staticmethod
    def of(layers: list[Layer], answers: NDArray[np.floating], targets: NDArray[np.floating]) -> NetworkStats:
        """Of (N, C) answers and the colors that they should be."""
        errors = np.asarray(answers, np.float64) - targets
        with np.errstate(over="ignore", invalid="ignore"):
            mse = float((errors * errors).mean())
        return NetworkStats(
            layers=tuple(layers),
            output=Spread.of(answers),
            picture=Spread.of(targets),
            saturated_output=saturated(answers, targets),
            mse=mse,
            mean_color_mse=float(targets.var(axis=0).mean()),
            pixels=len(targets),
        )

    def as_json(self) -> dict[str, Any]:
        """For a file: ``layers`` holds a list for each figure; null is what is not finite or does not apply."""
        names = [each.name for each in dataclasses.fields(Layer)]
        columns = {name: [_plain(getattr(layer, name)) for layer in self.layers] for name in names if name != "weight"}
        return {
            "layers": columns,
            "output": {name: _plain(value) for name, value in dataclasses.asdict(self.output).items()},
            "picture": {name: _plain(value) for name, value in dataclasses.asdict(self.picture).items()},
            "saturated_output": _plain(self.saturated_output),
        }


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
