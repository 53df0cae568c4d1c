"""The network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from sfumato.errors import RecipeError
from sfumato.recipe.choices import Activation, Edges, Encoding, Initialization, LeakyReLU, Plain, Shape, Straight
from sfumato.recipe.section import Section
from sfumato.recipe.wiring import Wiring, wiring

LARGEST_WIDTH = 65536


class Model(Section):
    """A multilayer perceptron from coordinates to color."""

    depth: int = Field(default=4, ge=0, le=1000, description="hidden layers; a list of widths decides it instead")
    width: int | tuple[int, ...] = Field(
        default=300, description="units of every hidden layer, or of each: 300,200,100"
    )
    activation: Activation = Field(default=LeakyReLU(), description="what a hidden unit does to its sum")
    output: Literal["linear", "sigmoid"] = Field(default="linear", description="what an output unit does to its sum")
    encoding: Encoding = Field(default=Plain(), description="fixed features of the coordinates")
    shape: Shape = Field(default=Straight(), description="how the layers are joined")
    init: Initialization = Field(default=Edges(), description="distribution of the initial weights")
    module: str | None = Field(
        default=None,
        description="your own network in place of this one: package.module:Class(argument=value)",
    )
    biases: bool = Field(default=True, description="give every unit a bias")

    @model_validator(mode="before")
    @classmethod
    def _list_of_widths_decides_depth(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        width = values.get("width")
        if isinstance(width, str) and "," in width:
            width = [part.strip() for part in width.split(",")]
        if isinstance(width, list | tuple):
            return {**values, "width": tuple(width), "depth": len(width)}
        return values

    @field_validator("module")
    @classmethod
    def _module_is_a_class_in_a_module(cls, module: str | None) -> str | None:
        if module is not None and not re.match(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(|$)", module):
            raise RecipeError(f"must be written like package.module:Class(argument=value). Got {module!r}.")
        return module

    @field_validator("width")
    @classmethod
    def _widths_are_positive(cls, width: int | tuple[int, ...]) -> int | tuple[int, ...]:
        widths = width if isinstance(width, tuple) else (width,)
        if len(widths) > 1000 or not all(1 <= units <= LARGEST_WIDTH for units in widths):
            raise RecipeError(f"must be from 1 to {LARGEST_WIDTH} units, in at most 1000 layers. Got {width!r}.")
        return width

    @model_validator(mode="after")
    def _shape_is_possible(self) -> Self:
        # Asked for because it raises where layers do not fit; its value is of no use here.
        _ = self.wiring
        return self

    @property
    def wiring(self) -> Wiring:
        """What the shape means for each layer."""
        return wiring(self.shape, self.widths)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer, from input to output."""
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth
