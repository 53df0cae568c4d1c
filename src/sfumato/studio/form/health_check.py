"""The health check of a form: a bounded one that a page starts by itself, and an unbounded one that a person starts.

A link can fill the form with any recipe. So a check that a page starts by itself is bounded far below what the machine
has: in bytes and operations, both estimated before anything is built, and in seconds. A check that a person starts with
the button may use the whole machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.requests import Request

from sfumato.errors import RecipeError
from sfumato.memory import text
from sfumato.recipe import Recipe, memory_check, memory_estimate
from sfumato.recipe.memory_estimate import Size
from sfumato.studio.form import description
from sfumato.studio.training.worker_pool import CheckTimeout, WorkerPool
from sfumato.studio.web.errors import CLIENT_CLOSED, Problem

MAX_BYTES = 1_000_000_000
MAX_OPERATIONS = 500_000_000_000
"""Floating-point operations, a few seconds on two cores."""
MAX_SECONDS = 10.0

AUTOMATIC_LIMIT = memory_check.Bound(MAX_BYTES, "the limit of an automatic check")


async def automatic(recipe: Recipe, request: Request, workers: WorkerPool, runs: Path) -> dict[str, Any]:
    """Return ``{tried: true, works, findings}``, or ``{tried: false, why}`` beyond an automatic check's limits."""
    if (why := await to_thread.run_sync(_exceeded_limit_of, recipe, runs)) is not None:
        return _skipped(why)
    async with workers.automatic_check:
        if await request.is_disconnected():
            raise Problem(CLIENT_CLOSED, "The client has disconnected.")
        try:
            # An estimate may be wrong by a factor of two; beyond that, the operating system refuses the memory.
            found = await workers.check(recipe, request.is_disconnected, MAX_SECONDS, 2 * MAX_BYTES)
        except CheckTimeout:
            return _skipped(f"it was stopped after {MAX_SECONDS:.0f} s, the limit of an automatic check")
    return {"tried": True, **found}


async def requested(recipe: Recipe, request: Request, workers: WorkerPool, runs: Path) -> dict[str, Any]:
    """Return the same from a check that may use the whole machine. Raise Problem."""
    try:
        await to_thread.run_sync(_require_memory, recipe, runs)
    except RecipeError as error:
        return _skipped(str(error))
    return {"tried": True, **await workers.check(recipe, request.is_disconnected)}


def check_room(recipe: Recipe, runs: Path) -> None:
    """Raise RecipeError if the training does not fit into memory now: it would wait in the queue in vain."""
    memory_check.require("training", memory_estimate.training, recipe, Size(*description.pixels(recipe, runs)))


def _require_memory(recipe: Recipe, runs: Path) -> None:
    memory_check.require("the check", memory_estimate.checking, recipe, Size(*description.pixels(recipe, runs)))


def _exceeded_limit_of(recipe: Recipe, runs: Path) -> str | None:
    return exceeded_limit(recipe, Size(*description.pixels(recipe, runs)))


def exceeded_limit(recipe: Recipe, size: Size) -> str | None:
    """Return why the check exceeds an automatic check's limits; None if it does not."""
    try:
        memory_check.require("the check", memory_estimate.checking, recipe, size, AUTOMATIC_LIMIT)
    except RecipeError as error:
        return str(error)
    operations = memory_estimate.checking_operations(recipe, size)
    if operations > MAX_OPERATIONS:
        return (
            f"it takes about {operations / 1e12:,.1f} TFLOP, and an automatic check may take "
            f"{MAX_OPERATIONS / 1e12:g} TFLOP, {text(MAX_BYTES)}, and {MAX_SECONDS:.0f} s"
        )
    return None


def _skipped(why: str) -> dict[str, Any]:
    return {"tried": False, "why": why, "works": None, "findings": []}
