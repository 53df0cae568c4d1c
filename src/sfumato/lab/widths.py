"""Hidden layers whose widths give a network a requested number of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sfumato.errors import RecipeError

WITHIN = 0.01
"""Largest relative difference between the requested and the actual number."""


def widths(depth: int, parameters: int, count: Callable[[Sequence[int]], int]) -> tuple[int, ...]:
    """Return the widths of ``depth`` hidden layers: as equal as can be, some one unit wider where that fits better.

    ``count``: the parameters of a network with these widths. Raises RecipeError unless some widths come within 1% of
    ``parameters``.
    """

    def sizes(width: int, wider: range) -> list[int]:
        return [width + (layer in wider) for layer in range(depth)]

    low, high = 1, parameters
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(sizes(middle, range(0))) <= parameters else (low, middle - 1)
    # Try every run of neighboring layers one unit wider: the counts differ by a few parameters.
    runs = [range(0), *(range(first, last) for last in range(1, depth + 1) for first in range(last))]
    found = min((sizes(low, wider) for wider in runs), key=lambda units: abs(count(units) - parameters))
    off = abs(count(found) - parameters)
    if off > WITHIN * parameters:
        raise RecipeError(
            f"parameters must be a number that {depth} layers can approximate to {WITHIN:.0%}. Got {parameters}, which "
            f"they miss by {off}; give more."
        )
    return tuple(found)
