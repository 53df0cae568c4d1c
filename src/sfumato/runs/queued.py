"""Queued runs: folders with a recipe and no picture, whose training has not started; without torch."""

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
from sfumato.runs import layout, run_json
from sfumato.runs.entry import QUEUED
from sfumato.runs.files import write_bytes
from sfumato.runs.folder import create
from sfumato.runs.locking import FolderLock


@dataclass(frozen=True)
class QueuedRun:
    """Recipe and picture of a queued run."""

    recipe: Recipe
    stored: Path | None
    """The folder of another run whose stored picture is learned; None if the picture is loaded from its source."""


def enqueue(runs: Path, recipe: Recipe, stored: Path | None = None) -> Path:
    """Create the folder of a run that `api.resume` starts; the recipe stays unresolved. Raises RunError.

    The picture is not loaded, so the id is a hash of the recipe with the picture's source in place of its hash.
    ``stored``: the folder of a run in ``runs`` whose stored picture is learned.
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


def read(folder: Path) -> QueuedRun | None:
    """Read a queued run; return None for any other run. Raises RunError when the folder is not that of a run."""
    found = run_json.read(folder)
    if run_json.has_started(found):
        return None
    try:
        recipe, stored = Recipe.of(found["recipe"]), found["picture"].get("stored")
    except (RecipeError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{folder / layout.RUN} must hold a recipe: {error}") from None
    if stored is None:
        return QueuedRun(recipe, None)
    if (
        not isinstance(stored, str)
        or Path(stored).name != stored
        or stored in ("", "..")
        or (folder.parent / stored).is_symlink()
    ):
        raise RunError(
            f"{folder / layout.RUN}: picture.stored must be the name of a run there, not a link. "
            f"Got {shortened(repr(stored))}."
        )
    return QueuedRun(recipe, folder.parent / stored)


def fail(folder: Path, reason: str) -> None:
    """Record why a queued run could not start, or be resumed: it then keeps its state.

    Does nothing while another process works on it, or if it was deleted. Raises RunError.
    """
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return
    try:
        found = run_json.read(folder)
        if run_json.has_started(found):
            findings = found.get("findings")
            others = [each for each in findings if each != reason] if isinstance(findings, list) else []
            _write(folder, {**found, "findings": [*others, reason]})
        else:
            now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            _write(folder, {**found, "status": "failed", "finished": now, "findings": [reason]})
    finally:
        lock.release()


def _write(folder: Path, found: dict[str, Any]) -> None:
    write_bytes(folder / layout.RUN, (json.dumps(found, indent=2) + "\n").encode())
