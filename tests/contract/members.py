"""Every member of every family, with a small recipe in which it trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.choices.choice import Choice
from sfumato.recipe.engines import ENGINES
from sfumato.recipe.fields import sections
from sfumato.training.engines.requirements import resolve
from tests import small

SIDE = 32
"""Pixels along each side of the picture."""
STEPS = 240
"""Steps in which every member learns: about a second of one core."""


@dataclasses.dataclass(frozen=True)
class Member:
    """A member of a family, and the path of the recipe's field that takes it."""

    field: str
    kind: type[Choice]

    def __str__(self) -> str:
        return f"{self.kind.family}/{self.kind.name}"

    @property
    def of_model(self) -> bool:
        """Whether it changes the network, not its training."""
        return self.field.startswith("model.")


def _families() -> Iterator[tuple[str, type[Choice]]]:
    by_name = {family.family: family for family in choices.FAMILIES}
    for section in sections():
        for field in section["fields"]:
            if field["kind"] == "call":
                yield (
                    field["path"],
                    next(
                        family
                        for family in by_name.values()
                        if list(family.members) == [each["name"] for each in field["choices"]]
                    ),
                )


FAMILIES = dict(_families())
"""The families by the fields that take their members."""

MEMBERS = [Member(field, kind) for field, family in FAMILIES.items() for kind in family.members.values()]

NEEDS: dict[str, dict[str, Any]] = {
    # Without a short period its average would be over epochs that this training does not have.
    "averaging/ema": {"training": {"averaging": "ema(decay=0.9)"}},
    "encoding/hash_grid": {
        "model": {"encoding": "hash_grid(levels=4, log2_table_size=8, base_resolution=4, finest_resolution=24)"}
    },
    "encoding/dense_grid": {"model": {"encoding": "dense_grid(resolution=12, features=4)"}},
    "encoding/fourier": {"model": {"encoding": "fourier(sigma=2, features=64)"}},
    "encoding/positional": {"model": {"encoding": "positional(frequencies=4)"}},
    "encoding/triangle_wave": {"model": {"encoding": "triangle_wave(frequencies=4)"}},
    # One circle per unit: in the range from -1 to 1, opposite quarters of the picture have the same features.
    "encoding/basic": {"coordinates": {"range": "unit"}},
    # It compares signs and structure, not levels: a channel that starts below 0 would stay there.
    "loss/ssim": {"model": {"output_activation": "sigmoid"}},
    # Each step changes every weight by the rate.
    "optimizer/lion": {"training": {"optimizer": "lion(lr=0.003)"}},
    # At most the rate per step, and no bias correction.
    "optimizer/sophia": {"training": {"optimizer": "sophia(lr=0.003)"}},
    "optimizer/lbfgs": {"training": {"batch": "all"}, "budget": {"steps": 12}},
}
"""What a member needs beside its default: constants for a picture as small as this one, a full batch."""


def recipe_of(member: Member, **changes: Any) -> Recipe:
    """Return the recipe in which a member is the only unusual component; ``changes`` come last."""
    section, key = member.field.split(".")
    base: dict[str, Any] = {
        "model": {"depth": 2, "width": 24, "init": "pytorch"},
        "training": {"batch": 128, "optimizer": "adam(lr=0.01)", "schedule": "constant"},
        "budget": {"steps": STEPS},
        "evaluation": {"interval": "end"},
        "threads": 1,
        "device": "cpu",
        "seed": 3,
    }
    needs = NEEDS.get(str(member), {})
    chosen = base.setdefault(section, {})
    if key not in needs.get(section, {}):
        chosen[key] = member.kind()
    if issubclass(member.kind, choices.Activation):
        base["model"]["init"] = member.kind().initialization()
        base["training"]["optimizer"] = "adam(lr=0.003)"
    for determined in getattr(member.kind, "determines", ()):
        base["model"].pop(determined, None)
    if getattr(member.kind, "of_pictures", False):
        base["training"]["batch"] = "all"
    for change in (needs, changes):
        for name, value in change.items():
            base[name] = {**base.get(name, {}), **value} if isinstance(value, Mapping) else value
    return changed(Recipe(), base)


def target() -> NDArray[np.float32]:
    """Return the picture (32, 32, 3)."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    waves = [np.sin(5 * rows + 2 * columns), np.cos(7 * columns * rows), np.sin(4 * columns - 3 * rows)]
    return np.round((0.5 + 0.4 * np.stack(waves, axis=-1)) * 255).astype(np.float32) / np.float32(255)


def trainer(recipe: Recipe) -> Any:
    """Return the trainer of a recipe that may still have fields left to the machine.

    Its initial weights are those of float32, whatever the recipe's type of numbers.
    """
    recipe = resolve(recipe, (SIDE, SIDE))
    network = models.build(recipe.model, 3, recipe.seed, torch.float32, recipe.coordinates)
    return small.trainer(recipe, target(), model=network.to(models.DTYPES[recipe.dtype]))


def engines_of(member: Member) -> list[str]:
    """Return the engines that can train a member, but for the replica of 2012, which has a test of its own."""
    found: list[str] = []
    for name, spec in ENGINES.items():
        try:
            supported = name != "replica" and not spec.unsupported(for_engine(member, name))
        except RecipeError:
            # A loss of whole pictures, in an engine for batches of one.
            supported = False
        if supported:
            found.append(name)
    return found


def for_engine(member: Member, engine: str) -> Recipe:
    """Return a member's recipe for an engine: with what the engine always needs, where the member leaves it open."""
    changes: dict[str, Any] = {"engine": engine, "dtype": "float32"}
    if engine == "online":
        optimizer = {} if member.kind.family == "optimizer" else {"optimizer": "sgd(lr=0.01)"}
        changes["training"] = {"batch": 1, **optimizer}
    return recipe_of(member, **changes)
