"""Connectivities of a network's layers."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Connectivity(Choice, family="connectivity", implementations="sfumato.recipe.connections:{name}"):
    """Connections between hidden layers besides those of a chain."""


@dataclass(frozen=True, config=CONFIG)
class Plain(Connectivity, name="plain"):
    """A chain: the input of each layer is the output of the one below."""


@dataclass(frozen=True, config=CONFIG)
class Residual(Connectivity, name="residual"):
    """Every hidden layer after the first adds its input to its output: h + act(Wh + b) (after He et al. 2016)."""


@dataclass(frozen=True, config=CONFIG)
class Skip(Connectivity, name="skip"):
    """Encoded coordinates concatenated with the input of one later hidden layer (Park et al. 2019)."""

    layer: int = Field(default=0, ge=0, le=1000, description="hidden layer, counted from 1; 0: the middle one")


@dataclass(frozen=True, config=CONFIG)
class Dense(Connectivity, name="dense"):
    """Every layer's input is the concatenation of all earlier layers' outputs and the encoded coordinates.

    As in a block of DenseNet (Huang et al. 2017); the output layer reads all of them, too.
    """
