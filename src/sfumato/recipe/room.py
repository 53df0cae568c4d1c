"""Refuses what does not fit into memory: the field that asks for most of it, what it comes to, and what would fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sfumato import memory
from sfumato.errors import RecipeError
from sfumato.recipe import choices
from sfumato.recipe.description import DEFAULT_PIXELS
from sfumato.recipe.need import Size
from sfumato.recipe.recipe import Recipe

Need = Callable[[Recipe, Size], int]
"""Bytes, as `need` estimates them."""

ORDINARY_WIDTH = 300
ORDINARY_DEPTH = 4
ORDINARY_BATCH = 512


@dataclass(frozen=True)
class Bound:
    """What a piece of work may take."""

    most: int
    because: str
    """Where the bound comes from: ``80% of the 18.3 GB that is available``."""


def of_machine() -> Bound | None:
    """What this machine has for one piece of work now; None where it does not tell."""
    available = memory.available()
    if available is None:
        return None
    share = f"{memory.SHARE:.0%} of the {memory.text(available)} that is available"
    return Bound(int(memory.SHARE * available), share)


def require(work: str, need: Need, recipe: Recipe, size: Size, bound: Bound | None = None) -> None:
    """Raise RecipeError unless ``work`` on this recipe fits into ``bound``, by default that of the machine.

    Its line begins with the field whose ordinary value would save most.
    """
    bound = bound or of_machine()
    if bound is None or (wanted := need(recipe, size)) <= bound.most:
        return
    field, value, remedy = _culprit(need, recipe, size, bound.most)
    raise RecipeError(
        f"{field} must leave {work} within {memory.text(bound.most)} of memory, {bound.because}. "
        f"Got {value}, which takes about {memory.text(wanted)}; {remedy}."
    )


def _culprit(need: Need, recipe: Recipe, size: Size, most: int) -> tuple[str, object, str]:
    found = min(_ordinary(recipe, size), key=lambda each: need(each.recipe, each.size))
    fits = None if found.largest is None else _largest_that_fits(found, need, most)
    return found.field, found.value, found.remedy if fits is None else f"use at most {fits}"


@dataclass(frozen=True)
class _Other:
    """The same with an ordinary value in one place."""

    field: str
    value: object
    remedy: str
    recipe: Recipe
    size: Size
    largest: int | None = None
    """The value where it is a number of which a smaller one may fit."""
    at: Callable[[int], tuple[Recipe, Size]] | None = None


def _ordinary(recipe: Recipe, size: Size) -> Iterator[_Other]:
    model, training = recipe.model, recipe.training

    def with_model(**update: object) -> Recipe:
        return recipe.model_copy(update={"model": model.model_copy(update=update)})

    def with_training(**update: object) -> Recipe:
        return recipe.model_copy(update={"training": training.model_copy(update=update)})

    if isinstance(model.width, tuple):
        narrow = tuple(min(units, ORDINARY_WIDTH) for units in model.width)
        remedy = "use smaller or fewer layers"
        yield _Other("model.width", max(model.width), remedy, with_model(width=narrow), size)
    else:
        width, depth = min(model.width, ORDINARY_WIDTH), min(model.depth, ORDINARY_DEPTH)
        yield _Other(
            "model.width", model.width, "use a smaller one", with_model(width=width), size, model.width,
            lambda units: (with_model(width=units), size),
        )  # fmt: skip
        yield _Other(
            "model.depth", model.depth, "use a smaller one", with_model(depth=depth), size, model.depth,
            lambda layers: (with_model(depth=layers), size),
        )  # fmt: skip
    sgd = with_training(optimizer=choices.SGD())
    yield _Other("training.optimizer", training.optimizer, "use one that remembers less, such as adam", sgd, size)
    if training.batch == "all" or training.batch > ORDINARY_BATCH:
        pixels = size.width * size.height
        batch = pixels if training.batch == "all" else training.batch
        yield _Other(
            "training.batch", training.batch, "use a smaller one", with_training(batch=ORDINARY_BATCH), size, batch,
            lambda samples: (with_training(batch=samples), size),
        )  # fmt: skip
    plain = with_model(encoding=choices.Identity())
    yield _Other("model.encoding", model.encoding, "use fewer features", plain, size)
    small = Size(min(size.width, DEFAULT_PIXELS[0]), min(size.height, DEFAULT_PIXELS[1]), size.channels)
    longer = max(size.width, size.height)
    yield _Other(
        "picture.max_side", f"{size.width}x{size.height}", "use a smaller one", recipe, small, longer,
        lambda side: (recipe, _scaled(size, side)),
    )  # fmt: skip


def _scaled(size: Size, side: int) -> Size:
    longer = max(size.width, size.height)
    width, height = (max(round(pixels * side / longer), 1) for pixels in (size.width, size.height))
    return Size(width, height, size.channels)


def _largest_that_fits(other: _Other, need: Need, most: int) -> int | None:
    """The largest value of two digits; None where not even 1 fits."""
    assert other.largest is not None
    assert other.at is not None
    low, high = 0, other.largest
    while high - low > 1:
        middle = (low + high) // 2
        if need(*other.at(middle)) <= most:
            low = middle
        else:
            high = middle
    if low == 0:
        return None
    digits = 10 ** max(len(str(low)) - 2, 0)
    return low // digits * digits
