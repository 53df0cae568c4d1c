"""One choice of the values that tuning decides, and what tuning may decide in an arm."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfumato.lab.ranges import Range

LR = "lr"
"""Name under which all learning rates of an optimizer are tuned, along a line of constant ratios."""

Rates = tuple[float, ...]
"""Values of an optimizer's learning rates, in the order of `sfumato.lab.rates.rates_of`."""


@dataclass(frozen=True, order=True)
class Setting:
    """The tuned values of an arm."""

    rates: Rates
    """Learning rates of the optimizer."""
    values: tuple[tuple[str, float], ...] = ()
    """The other tuned numbers, as pairs (name, value) in the order of their names."""


@dataclass(frozen=True)
class TunedField:
    """A number that is tuned in one arm."""

    paths: tuple[str, ...]
    """Fields that take the number, such as ``model.activation.omega``; none for the learning rates."""
    range: Range
    """Its name is that under which the number was asked for."""

    @property
    def name(self) -> str:
        """Return the name under which the number was asked for."""
        return self.range.name

    def to_values(self) -> dict[str, Any]:
        """Return the values of plan.json."""
        return {"paths": list(self.paths), **dataclasses.asdict(self.range)}

    @staticmethod
    def of(data: Mapping[str, Any]) -> TunedField:
        """Return a field from the values of `to_values`."""
        given = dict(data)
        return TunedField(tuple(given.pop("paths")), Range(**given))
