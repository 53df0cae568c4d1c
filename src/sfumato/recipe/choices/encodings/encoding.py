"""The base class of encodings, with the facts that every encoding states about itself."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice, load
from sfumato.recipe.choices.optimizer import Optimizer

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

    def optimizer(self) -> Optimizer | None:
        """Return the elementwise optimizer of its parameters, a group of their own, or None for the recipe's optimizer.

        The recipe's schedule applies to both.
        """
        return None

    def smoother(self) -> Encoding | None:
        """Return a variant with which the network varies less between pixels, or None where there is none."""
        return None
