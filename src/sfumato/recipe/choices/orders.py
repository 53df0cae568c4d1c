"""In which order the training pixels are shown."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Order(Choice, family="order", implementations="sfumato.training.orders:{name}"):
    """An order of the training pixels."""


@dataclass(frozen=True, config=CONFIG)
class Shuffled(Order, name="shuffled"):
    """A fresh random order every epoch, as in 2012."""


@dataclass(frozen=True, config=CONFIG)
class Scan(Order, name="scan"):
    """Row by row, every epoch the same."""


@dataclass(frozen=True, config=CONFIG)
class Fixed(Order, name="fixed"):
    """One random order, every epoch the same."""


@dataclass(frozen=True, config=CONFIG)
class Replacement(Order, name="replacement"):
    """Every pixel drawn anew from all of them; an epoch is as many draws as there are pixels."""
