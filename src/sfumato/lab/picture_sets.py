"""Loading of several pictures, about which an experiment's verdict speaks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sfumato import images, memory
from sfumato.errors import PictureError, RecipeError
from sfumato.images import sets
from sfumato.lab.arms import Picture
from sfumato.lab.plan import MOST_PICTURES
from sfumato.recipe import Recipe, changed

T = TypeVar("T", bound="str | Mapping[str, Recipe]")


def load(recipe: Recipe, pictures: str | os.PathLike[str] | Sequence[images.PictureSource]) -> list[Picture]:
    """Load pictures with the recipe's settings of a picture. Raises PictureError or RecipeError.

    ``pictures``: as for `sfumato.images.sets.sources`, or several of what `sfumato.paint` takes as a picture.
    """
    sources = sets.sources(os.fspath(pictures)) if isinstance(pictures, str | os.PathLike) else list(pictures)
    if not sources:
        raise RecipeError("pictures must be at least one picture. Got none.")
    if len(sources) > MOST_PICTURES:
        raise RecipeError(f"pictures must be 1 to {MOST_PICTURES}. Got {len(sources)}; take a part.")
    found: list[Picture] = []
    limit, total = memory.task_limit(), 0
    for number, source in enumerate(sources):
        settings, given = images.picture_settings(source)
        if given is not None:
            settings["source"] = f"picture {number + 1}"
        section = changed(recipe, {"picture": settings}).picture
        try:
            found.append(Picture(section.source, images.load(section, given)))
        except PictureError as error:
            name = os.fspath(source) if isinstance(source, str | os.PathLike) else settings["source"]
            raise PictureError(f"picture {number + 1} of {len(sources)} ({name}): {error}") from None
        total += found[-1].values.nbytes
        if limit is not None and total > limit // 2:
            raise PictureError(
                f"pictures must fit into half of the memory, {memory.text(limit // 2)}. Got more in the first "
                f"{number + 1} of {len(sources)}; set picture.max_side, or take fewer."
            )
    return found


def with_first(arms: T, pictures: Sequence[Picture]) -> T:
    """Return arms whose recipes name the first picture; a question's name stays as it is."""
    if isinstance(arms, str):
        return arms
    return {name: of_picture(recipe, pictures[0]) for name, recipe in arms.items()}  # pyright: ignore[reportReturnType]


def of_picture(recipe: Recipe, picture: Picture) -> Recipe:
    """Return the recipe with the name of a picture."""
    return recipe.model_copy(update={"picture": recipe.picture.model_copy(update={"source": picture.source})})
