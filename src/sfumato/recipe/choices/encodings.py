"""Encodings of a network's inputs: of the coordinates, where a picture is learned."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.formatting import one_digit
from sfumato.recipe.choices.choice import CONFIG, Choice, load

COORDINATES = 2
"""Number of inputs where a picture is learned: row and column."""


@dataclass(frozen=True, config=CONFIG)
class Encoding(
    Choice,
    family="encoding",
    implementations="sfumato.models.encodings.{name}:build",
    facts=("trainable", "outputs", "multiply_adds", "shapes"),
):
    """Map of D inputs to features. A member states its sizes and costs for any D, without building anything."""

    trainable: ClassVar[bool]
    """Whether it has trained parameters. Engines that compute all features once cannot train those."""
    compiled: ClassVar[str] = ""
    """Compiled form of a trainable encoding, as ``module:attribute``; empty where there is none."""
    identity: ClassVar[bool] = False
    """Whether the features are the inputs themselves, so that drawings omit the encoding."""
    dimensions: ClassVar[int | None] = None
    """The only D for which it is defined; None for any."""

    @classmethod
    def compiled_implementation(cls) -> Any:
        """Import and return the compiled form, a `sfumato.training.engines.fused.encoder.CompiledEncoding`."""
        return load(cls.compiled)

    def outputs(self, inputs: int) -> int:
        """Return the number of features per sample, the inputs of the first layer, from ``inputs`` inputs (D)."""
        raise NotImplementedError

    def multiply_adds(self, inputs: int) -> int:
        """Return the number of multiply-adds per sample."""
        raise NotImplementedError

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of its saved arrays by their names in the ``state_dict``."""
        raise NotImplementedError

    def parameters(self, inputs: int) -> int:
        """Return the number of trained parameters: all of its saved numbers, or 0."""
        return sum(math.prod(shape) for shape in self.shapes(inputs).values()) if self.trainable else 0

    def smoother(self) -> Encoding | None:
        """Return a variant with which the network varies less between pixels, or None where there is none."""
        return None


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

    sigma: float = Field(default=10.0, gt=0, description="standard deviation of the frequencies in cycles per unit")
    features: int = Field(
        default=256, ge=2, le=65536, multiple_of=2, description="number of features, half cos and half sin"
    )

    def outputs(self, inputs: int) -> int:
        """Return the number of cosines and sines."""
        return self.features

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
