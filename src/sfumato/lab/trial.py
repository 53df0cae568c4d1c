"""One training of an arm with one seed at one learning rate: its input and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sfumato.lab.plan import First, Unit
from sfumato.lab.setting import Rates, Setting
from sfumato.recipe import Recipe

Purpose = Literal["tuning", "verdict"]


class InterruptedTrialError(Exception):
    """Training was stopped before its end and has no outcome."""


@dataclass(frozen=True)
class Key:
    """Identity of a trial."""

    purpose: Purpose
    arm: str
    seed: int
    rates: Rates
    """Learning rates of the optimizer."""
    picture: int = 0
    """Number of the picture in the plan; 0 for digits."""
    values: tuple[tuple[str, float], ...] = ()
    """Other tuned numbers, as pairs (name, value) in the order of their names."""
    fraction: float = 1.0
    """Fraction of the budget that is trained, 0 to 1: less than 1 on the lower rungs of successive halving."""
    candidate: int | None = None
    """Number of the setting in the arm's search of several fields; None elsewhere."""

    @property
    def setting(self) -> Setting:
        """The tuned values."""
        return Setting(self.rates, self.values)

    @property
    def unit(self) -> Unit:
        """The picture and the seed."""
        return self.picture, self.seed


@dataclass(frozen=True)
class Trial:
    """The input of one training. Plain data: it can be sent to another process or machine."""

    key: Key
    recipe: Recipe
    marks: tuple[float, ...]
    """Fractions of the budget, 0 to 1, at which the painting is evaluated."""
    frames: tuple[int, int] | None
    """(rows, columns) of the small paintings saved at each mark; None: none are saved."""
    first: First | None = None
    """A smaller picture to begin with."""


@dataclass(frozen=True)
class Outcome:
    """The result of a trial."""

    key: Key
    row: dict[str, Any]
    """Plain numbers for the table of trials."""
    weights: dict[str, NDArray[Any]]
    """Final weights by name, of a trial of a verdict; empty where training failed."""
    frames: tuple[NDArray[np.uint8], ...]
    """Small paintings (rows, columns, C), one per mark."""
    painting: NDArray[np.uint8] | None
    """The last painting (H, W, C), where frames are saved."""


def failed(key: Key, reason: str) -> Outcome:
    """Return the outcome of a failed trial, with the reason in one line."""
    row = {**identity(key), "status": "failed", "reason": " ".join(reason.split()), "psnr": None}
    return Outcome(key, row, {}, (), None)


def identity(key: Key) -> dict[str, Any]:
    """Return the fields of a row that identify its trial."""
    found: dict[str, Any] = {
        "purpose": key.purpose, "arm": key.arm, "picture": key.picture, "seed": key.seed, "rates": list(key.rates),
    }  # fmt: skip
    # Left out where they say nothing, so that the rows of other searches are as they always were.
    found |= {"values": dict(key.values)} if key.values else {}
    found |= {"fraction": key.fraction} if key.fraction != 1.0 else {}
    return found | ({"candidate": key.candidate} if key.candidate is not None else {})


def key_of(row: dict[str, Any]) -> Key:
    """Return the key of the trial that a row belongs to."""
    return Key(
        row["purpose"],
        row["arm"],
        row["seed"],
        tuple(row["rates"]),
        row["picture"],
        tuple(sorted(row.get("values", {}).items())),
        row.get("fraction", 1.0),
        row.get("candidate"),
    )


def key_at(purpose: Purpose, arm: str, unit: Unit, setting: Setting) -> Key:
    """Return the key of a training of the whole budget with a setting."""
    return Key(purpose, arm, unit[1], setting.rates, unit[0], setting.values)
