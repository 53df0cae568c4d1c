"""A plan of two small arms that trains in a moment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import trust
from sfumato.lab.arms import Picture
from sfumato.lab.compare import plan_of
from sfumato.lab.plan import Plan
from sfumato.recipe import Recipe, changed
from tests.small import picture

BASE: dict[str, Any] = {
    "model": {"depth": 2, "width": 8},
    "training": {"batch": 16, "optimizer": "adam(lr=0.003)"},
    "budget": {"epochs": 4},
}


def target() -> tuple[NDArray[np.float32]]:
    return (picture(12, 10),)


def pictures() -> list[Picture]:
    return [Picture("cat", *target())]


def small_plan(*changes: dict[str, Any], **how: Any) -> Plan:
    """Return a plan with arms ``a``, ``b``, ..., each with its changes."""
    base = changed(Recipe(), BASE)
    for each in changes:
        trust.allow_named_in(each)
    arms = {chr(ord("a") + number): changed(base, each) for number, each in enumerate(changes)}
    return plan_of(arms, pictures(), **{"seeds": 2, "tune": False, **how})
