"""The network of a recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from sfumato.errors import RecipeError
from sfumato.recipe.choices import (
    Activation,
    Connectivity,
    Encoding,
    Identity,
    Initialization,
    LeakyReLU,
    Plain,
    RandomHyperplanes,
)
from sfumato.recipe.connections import Connections, connections
from sfumato.recipe.section import Section

MAX_WIDTH = 65536


class Model(Section):
    """A multilayer perceptron from coordinates to color."""

    depth: int = Field(default=4, ge=0, le=1000, description="number of hidden layers; a list of widths sets it")
    width: int | tuple[int, ...] = Field(
        default=300, description="units per hidden layer: one number, or one per layer: 300,200,100"
    )
    activation: Activation = Field(default=LeakyReLU(), description="hidden-layer activation")
    output_activation: Literal["linear", "sigmoid"] = Field(default="linear", description="output-layer activation")
    encoding: Encoding = Field(default=Identity(), description="encoding of the input coordinates")
    connectivity: Connectivity = Field(default=Plain(), description="connections between layers")
    init: Initialization = Field(default=RandomHyperplanes(), description="distribution of the initial weights")
    module: str | None = Field(
        default=None,
        description="custom network instead of the MLP: package.module:Class(argument=value)",
    )
    biases: bool = Field(default=True, description="bias of every unit")

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
        if len(widths) > 1000 or not all(1 <= units <= MAX_WIDTH for units in widths):
            raise RecipeError(f"must be from 1 to {MAX_WIDTH} units, in at most 1000 layers. Got {width!r}.")
        return width

    @model_validator(mode="after")
    def _connectivity_is_possible(self) -> Self:
        # Computed because it raises where the layers do not fit; the value is not needed here.
        _ = self.connections
        return self

    @property
    def connections(self) -> Connections:
        """Connections between layers besides those of a chain."""
        return connections(self.connectivity, self.widths)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer, from input to output."""
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth
