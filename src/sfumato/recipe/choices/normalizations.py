"""Normalizations of a network's units."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Normalization(
    Choice,
    family="normalization",
    implementations="sfumato.models.normalizations:{name}",
    facts=("per_unit", "includes_output", "saved_per_unit", "copies_weights", "noun"),
):
    """Normalization of preactivations or weights, with any connectivity."""

    per_unit: ClassVar[int]
    """Trained numbers of a normalized unit, besides its weights and its bias."""
    includes_output: ClassVar[bool]
    """Whether the output layer is normalized too, and not the hidden layers alone."""
    saved_per_unit: ClassVar[int]
    """Numbers per hidden unit and sample that training stores for the backward pass."""
    copies_weights: ClassVar[bool]
    """Whether training stores the normalized weights beside the trained ones."""
    noun: ClassVar[str]
    """What a drawing says beside the activation of a normalized layer."""


@dataclass(frozen=True, config=CONFIG)
class NoNormalization(Normalization, name="none"):
    """No normalization."""

    per_unit: ClassVar[int] = 0
    includes_output: ClassVar[bool] = False
    saved_per_unit: ClassVar[int] = 0
    copies_weights: ClassVar[bool] = False
    noun: ClassVar[str] = ""


NO_NORMALIZATION = NoNormalization()


@dataclass(frozen=True, config=CONFIG)
class LayerNorm(Normalization, name="layer"):
    """Layer normalization of every hidden layer, before its activation (Ba et al. 2016).

    The preactivations of a sample get mean 0 and variance 1 over the layer's units; then each is multiplied by a
    trained gain and added to a trained bias, at first 1 and 0.
    """

    per_unit: ClassVar[int] = 2
    includes_output: ClassVar[bool] = False
    saved_per_unit: ClassVar[int] = 1
    copies_weights: ClassVar[bool] = False
    noun: ClassVar[str] = "layer norm"

    eps: float = Field(default=1e-5, gt=0, description="number added to the variance")


@dataclass(frozen=True, config=CONFIG)
class WeightNorm(Normalization, name="weight"):
    """Weight normalization of every layer: w = g v / |v| for each unit (Salimans and Kingma 2016).

    The direction v and the length g of a unit's weights are trained instead of w. At first, w is what the
    initialization draws.
    """

    per_unit: ClassVar[int] = 1
    includes_output: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 0
    copies_weights: ClassVar[bool] = True
    noun: ClassVar[str] = "weight norm"
