"""The family of activations of hidden units."""

from __future__ import annotations

import dataclasses
import re
from typing import ClassVar, Self

from pydantic import field_validator
from pydantic.dataclasses import dataclass

from sfumato.errors import RecipeError
from sfumato.recipe.choices.choice import CONFIG, Choice, parse_call
from sfumato.recipe.choices.initializations import Initialization, RandomHyperplanes

FIRST = "first_"
"""Beginning of the names of fields for the first hidden layer alone: ``first_x``, None unless it is given, is the value
of the field ``x`` there. It is not passed to the implementation."""


@dataclass(frozen=True, config=CONFIG)
class Activation(
    Choice,
    family="activation",
    implementations="sfumato.models.activations.{name}:IMPLEMENTATION",
    facts=("saved_per_unit", "sigmoidal_slope", "initialization"),
):
    """Activation of a hidden unit. Its fields are numbers, passed to its implementation in their order."""

    compiled: ClassVar[bool] = False
    """Whether its implementation has the scalar functions that compiled engines call."""
    is_complex: ClassVar[bool] = False
    """Whether it is a function of complex numbers, so that all hidden units are complex."""
    saved_per_unit: ClassVar[int]
    """Numbers per unit and sample that automatic differentiation stores: the preactivation and the gradient, and the
    output or another factor where the derivative needs one."""
    sigmoidal_slope: ClassVar[float | None]
    """The largest derivative of an S-shaped activation, which is flat at both ends; None for any other shape."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the member that ``text`` calls, or the custom activation that it names. Raises RecipeError."""
        if ":" not in text:
            return super().parse(text)
        _check_import(text.strip())
        found = CustomActivation(text.strip())
        assert isinstance(found, cls), "only the family itself is parsed"
        return found

    @property
    def parameters(self) -> tuple[float, ...]:
        """Values of all fields for layers after the first."""
        return tuple(float(getattr(self, name)) for name in self._names() if not name.startswith(FIRST))

    @property
    def differs_in_first_layer(self) -> bool:
        """Whether it has a value for the first hidden layer alone."""
        return any(getattr(self, name) is not None for name in self._names() if name.startswith(FIRST))

    def in_layer(self, number: int) -> Self:
        """Return the activation as it is in the hidden layer ``number``, from 0: without fields for the first alone."""
        if not self.differs_in_first_layer:
            return self
        first = {name: getattr(self, name) for name in self._names() if name.startswith(FIRST)}
        given = {name.removeprefix(FIRST): value for name, value in first.items() if value is not None}
        return dataclasses.replace(self, **dict.fromkeys(first), **(given if number == 0 else {}))

    @classmethod
    def _names(cls) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    def initialization(self) -> Initialization:
        """Return an initialization that preserves the scale of signals from layer to layer."""
        raise NotImplementedError

    def smoother(self) -> tuple[Activation, Initialization] | None:
        """Return a variant with which the network varies less between pixels, or None where there is none."""
        return None


@dataclass(frozen=True, config=CONFIG)
class CustomActivation(Activation):
    """An activation of the user's own, imported by its name: ``nets:wave`` or ``nets:Wave(omega=3)``.

    It is not among the members of the family, because it stands for any number of functions. Its text is its name.
    """

    name: ClassVar[str] = "custom"
    saved_per_unit: ClassVar[int] = 6
    sigmoidal_slope: ClassVar[float | None] = None
    imports: str

    @field_validator("imports")
    @classmethod
    def _names_an_attribute_of_a_module(cls, imports: str) -> str:
        _check_import(imports)
        return imports

    @property
    def parameters(self) -> tuple[float, ...]:
        """No numbers: its arguments, if it has any, are in the text."""
        return ()

    def initialization(self) -> Initialization:
        """Return the default, as nothing is known about it."""
        return RandomHyperplanes()

    def __str__(self) -> str:
        return self.imports


def _check_import(text: str) -> None:
    """Raise RecipeError unless the text names an attribute of a module, perhaps with arguments."""
    where, _, called = text.partition(":")
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", where) or not re.match(r"[A-Za-z_]\w*(\(|$)", called):
        raise RecipeError(
            "must be written like name(field=value), or like package.module:function for a function of your own. "
            f"Got {text[:60]!r}."
        )
    parse_call(called)
