"""Hidden layers whose widths give a network a wanted number of parameters."""

from __future__ import annotations

import itertools

from sfumato.errors import RecipeError
from sfumato.recipe.description import Layer

WITHIN = 0.01
"""Part of the wanted number that the found one may be off."""


def widths(depth: int, parameters: int, inputs: int, outputs: int, *, biases: bool = True) -> tuple[int, ...]:
    """Units of ``depth`` hidden layers: as equal as can be, the first ones one unit wider where that comes nearer.

    Raises RecipeError where no such widths come within 1% of ``parameters``.
    """

    def count(width: int, wider: int) -> int:
        sizes = [inputs, *([width + 1] * wider), *([width] * (depth - wider)), outputs]
        return sum(Layer(a, b, biases).parameters for a, b in itertools.pairwise(sizes))

    low, high = 1, parameters
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(middle, 0) <= parameters else (low, middle - 1)
    found = min(range(depth + 1), key=lambda wider: abs(count(low, wider) - parameters))
    off = abs(count(low, found) - parameters)
    if off > WITHIN * parameters:
        raise RecipeError(
            f"parameters must be a number that {depth} layers can come within {WITHIN:.0%} of. Got {parameters}, which "
            f"they miss by {off}; give more."
        )
    return (low + 1,) * found + (low,) * (depth - found)
