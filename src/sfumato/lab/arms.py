"""Arms of an experiment, made of recipes: sizes and costs of their networks, and equal budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.lab.plan import MOST_PICTURES, Arm
from sfumato.recipe import Recipe, changed
from sfumato.recipe.description import TRAINING_PER_FORWARD, describe, layers_of

WITHIN = 0.01
"""Largest relative difference between the requested and the actual number."""

OPERATIONS_PER_MULTIPLY_ADD = 2


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


Equal = Literal["epochs", "operations", "seconds", "samples"]


def arm(name: str, recipe: Recipe, channels: int, *, title: str = "", verb: str = "beats") -> Arm:
    """Return an arm with the parameters and operations of its network, for pictures of ``channels`` channels."""
    if recipe.model.module is not None:
        return Arm(name, recipe, None, None, title, verb)
    colors: dict[int, str] = {1: "gray", 3: "rgb", 4: "rgba"}
    picture = recipe.picture.model_copy(update={"channels": colors[channels]})
    described = describe(recipe.model_copy(update={"picture": picture}))
    return Arm(name, recipe, described.parameters, operations(described.multiply_adds), title, verb)


def digits_arm(name: str, recipe: Recipe, inputs: int, outputs: int, *, title: str = "", verb: str = "beats") -> Arm:
    """Return an arm as `arm` does, for digits of ``inputs`` pixels and ``outputs`` classes."""
    encoding = recipe.model.encoding
    layers = layers_of(recipe.model, encoding.outputs(inputs), outputs)
    multiply_adds = encoding.multiply_adds(inputs) + sum(layer.weights for layer in layers)
    parameters = encoding.parameters(inputs) + sum(layer.parameters for layer in layers)
    return Arm(name, recipe, parameters, operations(multiply_adds), title, verb)


def operations(multiply_adds: int) -> int:
    """Return the floating-point operations of one sample's forward and backward pass."""
    return OPERATIONS_PER_MULTIPLY_ADD * TRAINING_PER_FORWARD * multiply_adds


def equalized(arms: Sequence[Arm], equal: str) -> tuple[Arm, ...]:
    """Return the arms with budgets that are equal in ``equal``; with equal operations, to those of the first arm.

    Raises RecipeError where the budgets do not say how much that is.
    """
    if equal not in get_args(Equal):
        raise RecipeError(f"equal must be one of {', '.join(get_args(Equal))}. Got {equal!r}.")
    if equal == "operations":
        return _of_equal_operations(arms)
    # Equal samples of all pictures are epochs that are equal for all arms on each of them.
    equal = "epochs" if equal == "samples" else equal
    amounts = {arm.name: getattr(arm.recipe.budget, equal) for arm in arms}
    for name, amount in amounts.items():
        # Equal steps of equal batches are equal epochs.
        steps = {(each.recipe.budget.steps, each.recipe.training.batch) for each in arms}
        if amount is None and not (equal == "epochs" and len(steps) == 1 and steps != {(None, None)}):
            raise RecipeError(f"arm {name}: budget.{equal} must be given for equal {equal}. Got none.")
    if len(set(amounts.values())) > 1:
        raise RecipeError(f"arms must have the same budget.{equal}. Got {', '.join(map(str, amounts.values()))}.")
    return tuple(arms)


def _of_equal_operations(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    first = arms[0]
    epochs = first.recipe.budget.epochs
    if epochs is None or first.operations is None:
        raise RecipeError(f"arm {first.name}: budget.epochs must be given for equal operations. Got none.")
    found: list[Arm] = []
    for each in arms:
        if each.operations is None:
            raise RecipeError(
                f"arm {each.name}: model.module must be none for equal operations: those of a module are unknown."
            )
        budget = {"epochs": epochs * first.operations / each.operations}
        found.append(replace(each, recipe=changed(each.recipe, {"budget": budget})))
    return tuple(found)


@dataclass(frozen=True)
class Picture:
    """A picture that all arms learn."""

    source: str
    """Its file or sample."""
    values: NDArray[np.float32]
    """(H, W, C) in [0, 1]."""


def load(recipe: Recipe, given: object = None) -> Picture:
    """Load the picture of a recipe, or the one in memory that is given. Raises PictureError."""
    return Picture(recipe.picture.source, images.load(recipe.picture, given))


def values_of(pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], ...]:
    """Return the values of the pictures."""
    return tuple(each.values for each in pictures)


def channels_of(pictures: Sequence[Picture]) -> int:
    """Return the number of channels of the pictures."""
    return pictures[0].values.shape[2]


def facts(pictures: Sequence[Picture]) -> tuple[dict[str, Any], ...]:
    """Return the facts of the plan about the pictures that all arms learn. Raises RecipeError for a wrong set."""
    if not 1 <= len(pictures) <= MOST_PICTURES:
        raise RecipeError(f"pictures must be 1 to {MOST_PICTURES}. Got {len(pictures)}.")
    found = tuple(_facts(each) for each in pictures)
    seen: dict[str, str] = {}
    for each in found:
        if each["channels"] != found[0]["channels"]:
            raise RecipeError(
                f"all pictures must have the same number of channels. Got {found[0]['channels']} in "
                f"{found[0]['source']} and {each['channels']} in {each['source']}; set picture.channels, such as rgb."
            )
        if each["sha256"] in seen:
            raise RecipeError(
                f"every picture must be given once. Got the same values in {seen[each['sha256']]} and {each['source']}."
            )
        seen[each["sha256"]] = each["source"]
    return found


def _facts(picture: Picture) -> dict[str, Any]:
    height, width, channels = picture.values.shape
    return {
        "source": picture.source,
        "height": height,
        "width": width,
        "channels": channels,
        "sha256": images.sha256(picture.values),
    }
