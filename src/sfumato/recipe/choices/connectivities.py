"""How a network's layers are connected."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Connectivity(Choice, family="connectivity", implementations="sfumato.recipe.connections:{name}"):
    """The inputs of a hidden layer besides the output of the one below, and where its output goes."""


@dataclass(frozen=True, config=CONFIG)
class Plain(Connectivity, name="plain"):
    """Each layer takes the output of the one below, and nothing else."""


@dataclass(frozen=True, config=CONFIG)
class Residual(Connectivity, name="residual"):
    """Every hidden layer after the first adds its input to its output: h + act(Wh + b) (after He et al. 2016)."""


@dataclass(frozen=True, config=CONFIG)
class Skip(Connectivity, name="skip"):
    """The encoded coordinates come into a later layer too, beside the output of the one below (Park et al. 2019)."""

    layer: int = Field(default=0, ge=0, le=1000, description="that hidden layer, the first is 1; 0: the middle one")
