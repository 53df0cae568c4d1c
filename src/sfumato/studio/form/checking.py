"""The health check of a form: a small one by itself, for a page that only was opened; any other when a person asks.

A link can fill the form with any recipe. So what a page does by itself is bounded, long before the machine is: in bytes
and operations, both estimated before anything is built, and in seconds. Whoever presses the button gets what the
machine has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request

from sfumato.errors import RecipeError
from sfumato.memory import text
from sfumato.recipe import Recipe, need, room
from sfumato.recipe.need import Size
from sfumato.studio.form import describing
from sfumato.studio.training.worker_pool import Slow, WorkerPool
from sfumato.studio.web.problems import GONE, Problem

MOST_BYTES = 1_000_000_000
MOST_OPERATIONS = 500_000_000_000
"""Floating-point operations: a few seconds of two cores."""
MOST_SECONDS = 10.0

ALONE = room.Bound(MOST_BYTES, "which is what a page may take by itself")


async def by_itself(recipe: Recipe, request: Request, children: WorkerPool, runs: Path) -> dict[str, Any]:
    """``{tried: true, works, findings}``, or ``{tried: false, why}`` where that is more than a page may ask for."""
    if (why := too_much(recipe, Size(*describing.pixels(recipe, runs)))) is not None:
        return _not_tried(why)
    async with children.one_check:
        if await request.is_disconnected():
            raise Problem(GONE, "Nobody waits for this any more.")
        try:
            # An estimate may be wrong by a factor of two: beyond that, the system refuses.
            found = await children.check(recipe, request.is_disconnected, MOST_SECONDS, 2 * MOST_BYTES)
        except Slow:
            return _not_tried(f"it was ended after {MOST_SECONDS:.0f} s, which is what a page may take by itself")
    return {"tried": True, **found}


async def asked_for(recipe: Recipe, request: Request, children: WorkerPool, runs: Path) -> dict[str, Any]:
    """The same with all that the machine has. Raises Problem."""
    try:
        room.require("the check", need.checking, recipe, Size(*describing.pixels(recipe, runs)))
    except RecipeError as error:
        return _not_tried(str(error))
    return {"tried": True, **await children.check(recipe, request.is_disconnected)}


def check_room(recipe: Recipe, runs: Path) -> None:
    """Raise RecipeError for a training that does not fit into memory now: it would wait for its turn in vain."""
    room.require("training", need.training, recipe, Size(*describing.pixels(recipe, runs)))


def too_much(recipe: Recipe, size: Size) -> str | None:
    """Why a page may not try this by itself; None where it may."""
    try:
        room.require("the check", need.checking, recipe, size, ALONE)
    except RecipeError as error:
        return str(error)
    operations = need.checking_operations(recipe, size)
    if operations > MOST_OPERATIONS:
        return (
            f"it takes about {operations / 1e12:,.1f} TFLOP, and a page may take {MOST_OPERATIONS / 1e12:g} by itself, "
            f"{text(MOST_BYTES)} and {MOST_SECONDS:.0f} s"
        )
    return None


def _not_tried(why: str) -> dict[str, Any]:
    return {"tried": False, "why": why, "works": None, "findings": []}
