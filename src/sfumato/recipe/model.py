"""The network of a recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, cast

from pydantic import Field, ValidationInfo, field_serializer, field_validator, model_validator

from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.recipe.choices import (
    Activation,
    Connectivity,
    Encoding,
    Identity,
    Initialization,
    LayerNorm,
    LeakyReLU,
    NoNormalization,
    Normalization,
    Plain,
    RandomHyperplanes,
    Residual,
)
from sfumato.recipe.choices.choice import split_calls
from sfumato.recipe.connections import Connections, connections
from sfumato.recipe.section import Section

MAX_DEPTH = 1000
MAX_WIDTH = 65536


class Model(Section):
    """A multilayer perceptron from coordinates to color."""

    depth: int = Field(default=4, ge=0, le=MAX_DEPTH, description="number of hidden layers; a list of widths sets it")
    width: int | tuple[int, ...] = Field(
        default=300, description="units per hidden layer: one number, or one per layer: 300,200,100"
    )
    activation: Activation | tuple[Activation, ...] = Field(
        default=LeakyReLU(), description="hidden-layer activation, or one per layer: sine(30),relu,relu,relu"
    )
    output_activation: Literal["linear", "sigmoid"] = Field(default="linear", description="output-layer activation")
    encoding: Encoding = Field(default=Identity(), description="encoding of the input coordinates")
    connectivity: Connectivity = Field(default=Plain(), description="connections between layers")
    normalization: Normalization = Field(
        default=NoNormalization(), description="normalization of preactivations or weights"
    )
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
        if len(widths) > MAX_DEPTH or not all(1 <= units <= MAX_WIDTH for units in widths):
            raise RecipeError(f"must be from 1 to {MAX_WIDTH} units, in at most {MAX_DEPTH} layers. Got {width!r}.")
        return width

    @field_validator("activation", mode="before")
    @classmethod
    def _commas_separate_activations(cls, value: Any) -> Any:
        if isinstance(value, str) and len(parts := split_calls(value)) > 1:
            value = parts
        if not isinstance(value, list | tuple):
            return value
        if len(value) > MAX_DEPTH:
            raise RecipeError(f"must have at most {MAX_DEPTH} activations. Got {len(value)}.")
        return tuple(Activation.parse(each) if isinstance(each, str) else each for each in cast(Sequence[Any], value))

    @field_validator("activation")
    @classmethod
    def _every_layer_has_an_activation(
        cls, activation: Activation | tuple[Activation, ...], info: ValidationInfo
    ) -> Activation | tuple[Activation, ...]:
        # Absent where it is invalid itself.
        depth = info.data.get("depth")
        if not isinstance(activation, tuple) or depth is None:
            return activation
        if len(activation) != depth or not activation:
            raise RecipeError(
                f"must be one activation for all hidden layers, or one per layer: {depth}, which is model.depth. "
                f"Got {len(activation)}: {shortened(','.join(map(str, activation))) or 'none'}."
            )
        for each in activation[1:]:
            if each.differs_in_first_layer:
                raise RecipeError(f"must have fields first_... only in the first of a list. Got {each} after it.")
        # A list of one has one form, that of all layers: recipes and texts of both are equal.
        first, *others = activation
        return activation if others else first

    @field_serializer("activation")
    def _write_activation(self, activation: Activation | tuple[Activation, ...]) -> str | list[str]:
        # pydantic would write a list as one activation, which the first branch of the union is.
        return [str(each) for each in activation] if isinstance(activation, tuple) else str(activation)

    @model_validator(mode="after")
    def _layers_are_possible(self) -> Self:
        # Computed because it raises where the layers do not fit; the value is not needed here.
        _ = self.connections
        for name in self.connectivity.determines:
            value, default = getattr(self, name), type(self).model_fields[name].default
            if value != default:
                written = [str(each).lower() if isinstance(each, bool) else str(each) for each in (default, value)]
                raise RecipeError(
                    f"must have {name} {written[0]}, its default, with connectivity {self.connectivity.name}, which "
                    f"has a rule of its own in its place. Got {written[1]}."
                )
        self._check_complex()
        if isinstance(self.normalization, LayerNorm) and min(self.widths, default=2) < 2:
            raise RecipeError(
                "must have hidden layers of 2 or more units for normalization layer, which subtracts their mean. "
                f"Got {self.widths}."
            )
        return self

    def _check_complex(self) -> None:
        if not any(each.is_complex for each in self.activations):
            return
        for holds, name, rule, value in (
            (all(each.is_complex for each in self.activations), "activation", "complex in all layers", self.activation),
            (isinstance(self.connectivity, Plain | Residual), "connectivity", "plain or residual", self.connectivity),
            (isinstance(self.normalization, NoNormalization), "normalization", "none", self.normalization),
        ):
            if not holds:
                written = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                raise RecipeError(f"must have {name} {rule} where hidden units are complex. Got {shortened(written)}.")

    @property
    def is_complex(self) -> bool:
        """Whether hidden units are complex numbers."""
        return any(each.is_complex for each in self.activations)

    @property
    def connections(self) -> Connections:
        """Connections between layers besides those of a chain."""
        return connections(self.connectivity, self.widths)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer, from input to output."""
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth

    @property
    def activations(self) -> tuple[Activation, ...]:
        """Activation of each hidden layer, from input to output, without fields for the first layer alone."""
        listed = self.activation if isinstance(self.activation, tuple) else (self.activation,) * self.depth
        return tuple(each.in_layer(number) for number, each in enumerate(listed))
