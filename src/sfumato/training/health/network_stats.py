"""Statistics of a whole network and its painting on some pixels, and their form in files."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.training.health.layers import Layer

NEAR = 1e-3
"""Distance from 0 or 1 within which an output is saturated; the sigmoid's derivative is below 0.001 there."""

UNIFORM = 50.0
"""PSNR in dB of the mean-color baseline from which on a picture is uniform."""

MANY = 0.25
"""Fraction of the outputs that are saturated where the picture is not, from which on it is a finding."""

DIGITS = 6
"""Significant digits in files, enough for statistics of some pixels."""


def mean_color_psnr(picture: NDArray[np.float64]) -> float:
    """Return the PSNR in dB of the mean-color baseline, the mean of the picture (H, W, C)."""
    return images.psnr(images.mse(np.broadcast_to(picture.mean(axis=(0, 1)), picture.shape), picture))


def saturated(painting: NDArray[np.floating], picture: NDArray[np.floating]) -> float:
    """Return the fraction of the outputs that are within `NEAR` of 0 or 1 where the picture is not."""
    return float((_is_near_limits(painting) & ~_is_near_limits(picture)).mean())


def _is_near_limits(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    return (values < NEAR) | (values > 1 - NEAR)


@dataclass(frozen=True)
class ColorStats:
    """Range, mean and standard deviation of (N, C) colors."""

    low: float
    """Minimum."""
    high: float
    """Maximum."""
    mean: float
    spread: float
    """Root mean square, over channels, of the standard deviation over pixels."""

    @staticmethod
    def of(colors: NDArray[np.floating]) -> ColorStats:
        """Return the statistics of (N, C) colors."""
        values = np.asarray(colors, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            spread = float(np.sqrt(values.var(axis=0).mean()))
            return ColorStats(float(values.min()), float(values.max()), float(values.mean()), spread)


@dataclass(frozen=True)
class NetworkStats:
    """Statistics of a network at one moment, on some of the picture's pixels."""

    layers: tuple[Layer, ...]
    """Layers from input to output; 64 evenly spaced ones if there are more."""
    output: ColorStats
    picture: ColorStats
    saturated_output: float
    """Fraction of the outputs within 0.001 of 0 or 1 where the picture is not."""
    mse: float
    """Mean squared error over pixels and channels, unclipped."""
    mean_color_mse: float
    """Mean squared error of the mean-color baseline, the pixels' mean."""
    pixels: int

    @staticmethod
    def of(layers: list[Layer], outputs: NDArray[np.floating], targets: NDArray[np.floating]) -> NetworkStats:
        """Return the statistics of (N, C) outputs and their targets."""
        errors = np.asarray(outputs, np.float64) - targets
        with np.errstate(over="ignore", invalid="ignore"):
            mse = float((errors * errors).mean())
        return NetworkStats(
            layers=tuple(layers),
            output=ColorStats.of(outputs),
            picture=ColorStats.of(targets),
            saturated_output=saturated(outputs, targets),
            mse=mse,
            mean_color_mse=float(targets.var(axis=0).mean()),
            pixels=len(targets),
        )

    def as_json(self) -> dict[str, Any]:
        """Return data for a file: ``layers`` has a list per statistic; None for what is not finite or not defined."""
        names = [each.name for each in dataclasses.fields(Layer)]
        columns = {
            name: [_rounded_or_none(getattr(layer, name)) for layer in self.layers]
            for name in names
            if name != "weight"
        }
        return {
            "layers": columns,
            "output": {name: _rounded_or_none(value) for name, value in dataclasses.asdict(self.output).items()},
            "picture": {name: _rounded_or_none(value) for name, value in dataclasses.asdict(self.picture).items()},
            "saturated_output": _rounded_or_none(self.saturated_output),
        }


def _rounded_or_none(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
