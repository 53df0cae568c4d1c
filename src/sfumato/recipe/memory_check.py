"""Rejection of recipes that do not fit into memory: the field that takes most, its memory, and a value that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sfumato import memory
from sfumato.errors import RecipeError
from sfumato.recipe import choices
from sfumato.recipe.description import DEFAULT_PIXELS
from sfumato.recipe.memory_estimate import Size
from sfumato.recipe.recipe import Recipe

Need = Callable[[Recipe, Size], int]
"""Estimate of memory in bytes, such as `memory_estimate.training`."""

TYPICAL_WIDTH = 300
TYPICAL_DEPTH = 4
TYPICAL_BATCH = 512


@dataclass(frozen=True)
class Bound:
    """Largest amount of memory that a task may take."""

    max_bytes: int
    origin: str
    """Where the bound comes from: ``80% of the 18.3 GB that is available``."""


def of_machine() -> Bound | None:
    """Return the bound for one task on this machine now, or None where available memory is unknown."""
    available = memory.available()
    if available is None:
        return None
    share = f"{memory.SHARE:.0%} of the {memory.text(available)} that is available"
    return Bound(int(memory.SHARE * available), share)


def require(task: str, need: Need, recipe: Recipe, size: Size, bound: Bound | None = None) -> None:
    """Raise RecipeError unless ``task`` fits into ``bound``, by default that of the machine, with this recipe.

    The message begins with the field whose typical value would save most memory.
    """
    bound = bound or of_machine()
    if bound is None or (required := need(recipe, size)) <= bound.max_bytes:
        return
    field, value, remedy = _largest_consumer(need, recipe, size, bound.max_bytes)
    raise RecipeError(
        f"{field} must leave {task} within {memory.text(bound.max_bytes)} of memory, {bound.origin}. "
        f"Got {value}, which takes about {memory.text(required)}; {remedy}."
    )


def _largest_consumer(need: Need, recipe: Recipe, size: Size, max_bytes: int) -> tuple[str, object, str]:
    """Return the field whose typical value saves most memory, its value, and a remedy."""
    found = min(_alternatives(recipe, size), key=lambda each: need(each.recipe, each.size))
    fits = None if found.largest is None else _largest_that_fits(found, need, max_bytes)
    return found.field, found.value, found.remedy if fits is None else f"use at most {fits}"


@dataclass(frozen=True)
class _Alternative:
    """A recipe and a size with the typical value of one field."""

    field: str
    value: object
    remedy: str
    recipe: Recipe
    size: Size
    largest: int | None = None
    """The current value, if it is a number and a smaller one may fit."""
    with_value: Callable[[int], tuple[Recipe, Size]] | None = None


def _alternatives(recipe: Recipe, size: Size) -> Iterator[_Alternative]:
    model, training = recipe.model, recipe.training

    def with_model(**update: object) -> Recipe:
        return recipe.model_copy(update={"model": model.model_copy(update=update)})

    def with_training(**update: object) -> Recipe:
        return recipe.model_copy(update={"training": training.model_copy(update=update)})

    if isinstance(model.width, tuple):
        narrow = tuple(min(units, TYPICAL_WIDTH) for units in model.width)
        remedy = "use smaller or fewer layers"
        yield _Alternative("model.width", max(model.width), remedy, with_model(width=narrow), size)
    else:
        width, depth = min(model.width, TYPICAL_WIDTH), min(model.depth, TYPICAL_DEPTH)
        yield _Alternative(
            "model.width", model.width, "use a smaller one", with_model(width=width), size, model.width,
            lambda units: (with_model(width=units), size),
        )  # fmt: skip
        yield _Alternative(
            "model.depth", model.depth, "use a smaller one", with_model(depth=depth), size, model.depth,
            lambda layers: (with_model(depth=layers), size),
        )  # fmt: skip
    sgd = with_training(optimizer=choices.SGD())
    yield _Alternative("training.optimizer", training.optimizer, "use one with less state, such as adam", sgd, size)
    if training.batch == "all" or training.batch > TYPICAL_BATCH:
        pixels = size.width * size.height
        batch = pixels if training.batch == "all" else training.batch
        yield _Alternative(
            "training.batch", training.batch, "use a smaller one", with_training(batch=TYPICAL_BATCH), size, batch,
            lambda samples: (with_training(batch=samples), size),
        )  # fmt: skip
    plain = with_model(encoding=choices.Identity())
    yield _Alternative("model.encoding", model.encoding, "use fewer features", plain, size)
    small = Size(min(size.width, DEFAULT_PIXELS[0]), min(size.height, DEFAULT_PIXELS[1]), size.channels)
    longer = max(size.width, size.height)
    yield _Alternative(
        "picture.max_side", f"{size.width}x{size.height}", "use a smaller one", recipe, small, longer,
        lambda side: (recipe, _scaled(size, side)),
    )  # fmt: skip


def _scaled(size: Size, side: int) -> Size:
    longer = max(size.width, size.height)
    width, height = (max(round(pixels * side / longer), 1) for pixels in (size.width, size.height))
    return Size(width, height, size.channels)


def _largest_that_fits(alternative: _Alternative, need: Need, max_bytes: int) -> int | None:
    """Return the largest value that fits, rounded down to two digits; None where not even 1 fits."""
    assert alternative.largest is not None
    assert alternative.with_value is not None
    low, high = 0, alternative.largest
    while high - low > 1:
        middle = (low + high) // 2
        if need(*alternative.with_value(middle)) <= max_bytes:
            low = middle
        else:
            high = middle
    if low == 0:
        return None
    digits = 10 ** max(len(str(low)) - 2, 0)
    return low // digits * digits
