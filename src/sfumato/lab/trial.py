"""One training of an arm with one seed, at one learning rate: what goes in, what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.lab.plan import First
from sfumato.lab.rates import Rates
from sfumato.recipe import Recipe

Purpose = Literal["tuning", "verdict"]


class InterruptedTrialError(Exception):
    """Training was asked to stop before its end: nothing came of it."""


@dataclass(frozen=True)
class Key:
    """Which trial."""

    purpose: Purpose
    arm: str
    seed: int
    rates: Rates
    """Of the optimizer."""


@dataclass(frozen=True)
class Trial:
    """What is to be trained. Plain data: it can be sent to another process or machine."""

    key: Key
    recipe: Recipe
    marks: tuple[float, ...]
    """Parts of the budget, 0 to 1, at which the painting is compared."""
    frames: tuple[int, int] | None
    """(rows, columns) of the small paintings kept of each mark; None: none are kept."""
    first: First | None = None
    """A smaller picture to begin with."""


@dataclass(frozen=True)
class Outcome:
    """What came of a trial."""

    key: Key
    row: dict[str, Any]
    """Plain numbers for the table of trials."""
    weights: dict[str, NDArray[Any]]
    """The final ones, by name; empty where training failed."""
    frames: tuple[NDArray[np.uint8], ...]
    """(rows, columns, C) at each mark."""
    painting: NDArray[np.uint8] | None
    """(H, W, C), the last, where frames are kept."""


def failed(key: Key, reason: str) -> Outcome:
    """A trial that came to nothing, and why in one line."""
    row = {**identity(key), "status": "failed", "reason": " ".join(reason.split()), "psnr": None}
    return Outcome(key, row, {}, (), None)


def identity(key: Key) -> dict[str, Any]:
    """The fields of a row that tell which trial it is of."""
    return {"purpose": key.purpose, "arm": key.arm, "seed": key.seed, "rates": list(key.rates)}


def key_of(row: dict[str, Any]) -> Key:
    """The other way round."""
    return Key(row["purpose"], row["arm"], row["seed"], tuple(row["rates"]))
