"""Encodings without trained parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.formatting import one_digit
from sfumato.recipe.choices.choice import CONFIG, Value
from sfumato.recipe.choices.encodings.encoding import Encoding


@dataclass(frozen=True, config=CONFIG)
class Identity(Encoding, name="none", implementation="sfumato.models.encodings.identity:build"):
    """The inputs, unchanged."""

    trainable: ClassVar[bool] = False
    identity: ClassVar[bool] = True

    def outputs(self, inputs: int) -> int:
        """Return the number of inputs."""
        return inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return 0."""
        return 0

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return no shapes: nothing is saved."""
        return {}


@dataclass(frozen=True, config=CONFIG)
class Fourier(Encoding, name="fourier"):
    """Gaussian Fourier features: cos and sin of random frequencies (Tancik et al. 2020)."""

    trainable: ClassVar[bool] = False
    added_fields: ClassVar[Mapping[str, Value]] = {"include_inputs": False}

    sigma: float = Field(default=10.0, gt=0, description="standard deviation of the frequencies in cycles per unit")
    features: int = Field(
        default=256, ge=2, le=65536, multiple_of=2, description="number of features, half cos and half sin"
    )
    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    def outputs(self, inputs: int) -> int:
        """Return the number of cosines and sines, and of the inputs where they are included."""
        return self.features + self.include_inputs * inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return the multiply-adds of the angles, half as many as features: dot products with the inputs."""
        return self.features // 2 * inputs

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of the frequencies."""
        return {"frequencies": (inputs, self.features // 2)}

    def smoother(self) -> Encoding | None:
        """Return one with lower frequencies: sigma's default, or a quarter of sigma where it is no higher."""
        default = Fourier().sigma
        return replace(self, sigma=one_digit(default if self.sigma > default else self.sigma / 4))


@dataclass(frozen=True, config=CONFIG)
class _PerInput(Encoding):
    """Encoding of each input by itself. Nothing is saved: the choice and the number of inputs determine everything."""

    trainable: ClassVar[bool] = False

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return no shapes: nothing is saved."""
        return {}


@dataclass(frozen=True, config=CONFIG)
class Basic(_PerInput, name="basic"):
    """Cos and sin of 2 pi x for each input x: once around the circle per unit (Tancik et al. 2020)."""

    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    def outputs(self, inputs: int) -> int:
        """Return the number of cosines and sines, and of the inputs where they are included."""
        return (2 + self.include_inputs) * inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return the products of the inputs and 2 pi."""
        return inputs


@dataclass(frozen=True, config=CONFIG)
class Positional(_PerInput, name="positional"):
    """Positional encoding: cos and sin of each input at several frequencies (NeRF, Mildenhall et al. 2020).

    NeRF's are octaves, angles 2^k pi x for k = 0, 1, ... With a ``scale`` they are spaced as in the code of Tancik et
    al. (2020): 2^s - 1 cycles per unit, s evenly from 0 to ``scale``.
    """

    frequencies: int = Field(default=10, ge=1, le=1024, description="number of frequencies per input")
    scale: float = Field(
        default=0.0, ge=0, le=60, description="log2 of the highest frequency plus 1, spaced log-linearly; 0: octaves"
    )
    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    def cycles_per_unit(self) -> list[float]:
        """Return the frequencies in cycles per unit of an input."""
        if self.scale == 0:
            # No input has digits for higher octaves, whose angles would overflow.
            return [2.0 ** (min(k, 60) - 1) for k in range(self.frequencies)]
        return [2.0 ** (self.scale * k / max(self.frequencies - 1, 1)) - 1 for k in range(self.frequencies)]

    def outputs(self, inputs: int) -> int:
        """Return the number of cosines and sines, and of the inputs where they are included."""
        return (2 * self.frequencies + self.include_inputs) * inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return the products of the inputs and the frequencies."""
        return self.frequencies * inputs

    def smoother(self) -> Encoding | None:
        """Return one whose highest frequency is about a quarter, or None where there is none."""
        if self.scale > 2:
            return replace(self, scale=self.scale - 2)
        return replace(self, frequencies=self.frequencies - 2) if self.scale == 0 and self.frequencies > 2 else None


@dataclass(frozen=True, config=CONFIG)
class OneBlob(_PerInput, name="one_blob"):
    """One-blob: a bump around each input, integrated over the bins of its range (Mueller et al. 2019).

    The bump is a Gaussian whose standard deviation is the width of a bin, or tiny-cuda-nn's quartic kernel, which is
    zero beyond the width of a bin and wraps around at the ends of the range.
    """

    bins: int = Field(default=32, ge=1, le=4096, description="number of bins per input")
    kernel: Literal["gaussian", "quartic"] = Field(
        default="gaussian", description="shape of the bump: gaussian (the paper) or quartic (tiny-cuda-nn)"
    )
    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    def outputs(self, inputs: int) -> int:
        """Return the number of bins, and of the inputs where they are included."""
        return (self.bins + self.include_inputs) * inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return one multiply-add per end of a bin, for its distance from the input."""
        return (self.bins + 1) * inputs

    def smoother(self) -> Encoding | None:
        """Return one with half as many bins, each twice as wide, or None where there are few."""
        return replace(self, bins=self.bins // 2) if self.bins > 3 else None


@dataclass(frozen=True, config=CONFIG)
class TriangleWave(_PerInput, name="triangle_wave"):
    """Triangle waves of each input, octave by octave (Mueller et al. 2021); cheaper than sines.

    The wave of octave k has 2^(k - 1) cycles per unit, amplitude 1, and a phase of k quarters of a cycle, as in
    tiny-cuda-nn.
    """

    frequencies: int = Field(default=12, ge=1, le=64, description="number of octaves per input")
    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    def outputs(self, inputs: int) -> int:
        """Return the number of waves, and of the inputs where they are included."""
        return (self.frequencies + self.include_inputs) * inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return two per wave: its position in the cycle, and its value."""
        return 2 * self.frequencies * inputs

    def smoother(self) -> Encoding | None:
        """Return one without the two highest octaves, or None where there are no more."""
        return replace(self, frequencies=self.frequencies - 2) if self.frequencies > 2 else None
