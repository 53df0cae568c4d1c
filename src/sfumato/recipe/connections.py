"""Connections between layers: the numbers from which models and engines are built, for each connectivity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sfumato.errors import RecipeError
from sfumato.recipe import choices


@dataclass(frozen=True)
class Connections:
    """Connections of a network besides those of a chain. Linear layers are numbered from 0 to the output layer."""

    residual_layers: frozenset[int] = frozenset()
    """Layers that add their input to their output."""
    concat_layer: int | None = None
    """Layer whose input is the output of the layer below concatenated with the encoded coordinates."""
    dense_layers: frozenset[int] = frozenset()
    """Layers whose output, followed by their whole input, is the input of the layer above."""

    def joined(self, layer: int, fan_in: int, encoded: int) -> int:
        """Return the number of inputs of the layer above that are not outputs of ``layer``, which has this fan-in."""
        if layer in self.dense_layers:
            return fan_in
        return encoded if layer + 1 == self.concat_layer else 0

    def fan_ins(self, encoded: int, widths: Sequence[int]) -> list[int]:
        """Return the fan-in of every layer of a network with ``encoded`` features and hidden layers of ``widths``."""
        found = [encoded]
        for layer, units in enumerate(widths):
            found.append(units + self.joined(layer, found[-1], encoded))
        return found

    def terms(self, layer: int) -> int:
        """Return the number of layer outputs whose sum is the input of a layer."""
        return 1 + sum(1 for below in self.residual_layers if below < layer)


PLAIN = Connections()

Connect = Callable[[Any, Sequence[int]], Connections]
"""Implementation of a connectivity: (choice, widths of the hidden layers) -> connections. Raises RecipeError."""


def plain(_choice: choices.Plain, _widths: Sequence[int]) -> Connections:
    """Return the connections of a chain."""
    return PLAIN


def residual(_choice: choices.Residual, widths: Sequence[int]) -> Connections:
    """Return residual connections around every hidden layer but the first. Raises RecipeError for unequal widths.

    He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", with one layer per block. Nothing
    follows the sum, as in their "Identity Mappings in Deep Residual Networks" of the same year.
    """
    if len(set(widths)) > 1:
        raise RecipeError(
            "must have hidden layers of one width for connectivity residual, which adds inputs to outputs. "
            f"Got {widths}."
        )
    return Connections(residual_layers=frozenset(range(1, len(widths))))


def skip(choice: choices.Skip, widths: Sequence[int]) -> Connections:
    """Return a skip connection from the encoded coordinates. Raises RecipeError where there is no such layer.

    DeepSDF (Park et al. 2019) has it in layer 5 of 8, NeRF (Mildenhall et al. 2020) in layer 6 of 8.
    """
    depth = len(widths)
    if depth < 2:
        raise RecipeError(f"must have depth 2 or more for connectivity skip. Got depth {depth}.")
    layer = choice.layer or depth // 2 + 1
    if not 2 <= layer <= depth:
        raise RecipeError(
            "must have connectivity skip with a layer from 2 to its depth, "
            f"{depth}, or 0 for the middle one. Got {choice}."
        )
    return Connections(concat_layer=layer - 1)


def dense(_choice: choices.Dense, widths: Sequence[int]) -> Connections:
    """Return connections from every layer, and from the encoded coordinates, to all later layers.

    Huang, Liu, van der Maaten and Weinberger 2017, "Densely Connected Convolutional Networks": x_l = H_l([x_0, x_1,
    ..., x_{l-1}]). Here the outputs of the layer below come first, and the encoded coordinates last.
    """
    return Connections(dense_layers=frozenset(range(len(widths))))


def multiplicative_filter(_choice: choices.MultiplicativeFilter, widths: Sequence[int]) -> Connections:
    """Return the connections of a chain. Raises RecipeError without hidden layers."""
    if not widths:
        raise RecipeError("must have depth 1 or more for connectivity multiplicative_filter. Got depth 0.")
    return PLAIN


def bacon(choice: choices.BACON, widths: Sequence[int]) -> Connections:
    """Return the connections of a chain. Raises RecipeError where a layer's share of the bandwidth is no cycle."""
    if not widths:
        raise RecipeError("must have depth 1 or more for connectivity bacon. Got depth 0.")
    if min(choice.cycles(len(widths))) < 1:
        raise RecipeError(
            "must have connectivity bacon with a higher sample_rate for so many layers: at least 1 cycle per layer. "
            f"Got {choice} with depth {len(widths)}."
        )
    return PLAIN


def kan_spline(_choice: choices.KANSpline, _widths: Sequence[int]) -> Connections:
    """Return the connections of a chain."""
    return PLAIN


def kan_chebyshev(_choice: choices.KANChebyshev, _widths: Sequence[int]) -> Connections:
    """Return the connections of a chain."""
    return PLAIN


def connections(choice: choices.Connectivity, widths: Sequence[int]) -> Connections:
    """Return the connections of a network with these hidden layers. Raises RecipeError where they cannot have them."""
    connect: Connect = choice.implementation()
    return connect(choice, widths)
