"""A run that was asked for and has not begun: its folder is there, with its recipe and no picture; without torch."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import Timeout

from sfumato.errors import RecipeError, RunError
from sfumato.formatting import shortened
from sfumato.recipe import Recipe, recipe_id, to_string, values
from sfumato.runs import facts, layout
from sfumato.runs.atomic import write_bytes
from sfumato.runs.entry import QUEUED
from sfumato.runs.folder import create
from sfumato.runs.locking import FolderLock


@dataclass(frozen=True)
class Queued:
    """What a run is to train."""

    recipe: Recipe
    stored: Path | None
    """The folder of another run, whose stored picture it learns; None where the picture is read by its name."""


def enqueue(runs: Path, recipe: Recipe, stored: Path | None = None) -> Path:
    """Make the folder of a run that `api.resume` begins; nothing in the recipe is resolved yet. Raises RunError.

    Its picture has not been read, so that the id is of the recipe with the picture's name in place of its hash.
    ``stored``: a run in ``runs``, whose stored picture is learned.
    """
    identity = recipe_id(recipe, recipe.picture.source)
    folder = create(runs, recipe.picture.source, identity)
    found: dict[str, Any] = {
        "layout": layout.VERSION,
        "id": identity,
        "status": QUEUED,
        "ended": None,
        "recipe": values(recipe),
        "recipe_string": to_string(recipe),
        "picture": {"source": recipe.picture.source, "stored": None if stored is None else stored.name},
        "queued": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "started": None,
        "resumed": [],
        "finished": None,
        "result": None,
        "overhead": None,
        "findings": [],
    }
    try:
        _write(folder, found)
    except RunError:
        with suppress(OSError):
            folder.rmdir()
        raise
    return folder


def read(folder: Path) -> Queued | None:
    """What a run that has not begun is to train; None for any other run. Raises RunError when it is no run's folder."""
    found = facts.read(folder)
    if facts.has_begun(found):
        return None
    try:
        recipe, stored = Recipe.of(found["recipe"]), found["picture"].get("stored")
    except (RecipeError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{folder / layout.RUN} must hold a recipe: {error}") from None
    if stored is None:
        return Queued(recipe, None)
    if not isinstance(stored, str) or Path(stored).name != stored:
        raise RunError(f"{folder / layout.RUN}: picture.stored must be a run's name. Got {shortened(repr(stored))}.")
    return Queued(recipe, folder.parent / stored)


def fail(folder: Path, reason: str) -> None:
    """Write down why a run could not begin. Nothing happens where it has begun, or is gone. Raises RunError."""
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return
    try:
        found = facts.read(folder)
        if not facts.has_begun(found):
            when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            _write(folder, {**found, "status": "failed", "finished": when, "findings": [reason]})
    finally:
        lock.release()


def _write(folder: Path, found: dict[str, Any]) -> None:
    write_bytes(folder / layout.RUN, (json.dumps(found, indent=2) + "\n").encode())
