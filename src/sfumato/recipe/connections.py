"""What a shape means for each layer of a network: pure numbers, from which models and engines are built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sfumato.errors import RecipeError
from sfumato.recipe import choices


@dataclass(frozen=True)
class Connections:
    """Layers with weights are counted from 0, the output's included."""

    adds: frozenset[int] = frozenset()
    """Layers that add what came in to what goes out."""
    joins: int | None = None
    """The layer that takes the encoded coordinates too, after the output of the layer below."""

    def fan_ins(self, encoded: int, widths: Sequence[int]) -> list[int]:
        """Inputs of every layer, of a network with so many encoded inputs and these hidden units."""
        return [units + (encoded if number == self.joins else 0) for number, units in enumerate([encoded, *widths])]

    def terms(self, layer: int) -> int:
        """How many layers' outputs are added up in what comes into a layer."""
        return 1 + sum(1 for below in self.adds if below < layer)


PLAIN = Connections()

Connect = Callable[[Any, Sequence[int]], Connections]
"""What implements a shape: (choice, widths of the hidden layers) -> connections. Raises RecipeError."""


def plain(_shape: choices.Plain, _widths: Sequence[int]) -> Connections:
    """Nothing is added and nothing joins."""
    return PLAIN


def residual(_shape: choices.Residual, widths: Sequence[int]) -> Connections:
    """He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", with one layer in each block.

    Nothing comes after the sum, as in their "Identity Mappings in Deep Residual Networks" of the same year.
    """
    if len(set(widths)) > 1:
        raise RecipeError(
            "must have hidden layers of one width for connectivity residual, which adds inputs to outputs. "
            f"Got {widths}."
        )
    return Connections(adds=frozenset(range(1, len(widths))))


def skip(shape: choices.Skip, widths: Sequence[int]) -> Connections:
    """DeepSDF (Park et al. 2019) has it in layer 5 of 8, NeRF (Mildenhall et al. 2020) in layer 6 of 8."""
    depth = len(widths)
    if depth < 2:
        raise RecipeError(f"must have depth 2 or more for connectivity skip. Got depth {depth}.")
    layer = shape.layer or depth // 2 + 1
    if not 2 <= layer <= depth:
        raise RecipeError(
            f"must have connectivity skip with a layer from 2 to its depth, {depth}, or 0: the middle one. Got {shape}."
        )
    return Connections(joins=layer - 1)


def connections(shape: choices.Connectivity, widths: Sequence[int]) -> Connections:
    """Of a network with these hidden layers. Raises RecipeError where it cannot have this shape."""
    connect: Connect = shape.implementation()
    return connect(shape, widths)
