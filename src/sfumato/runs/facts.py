"""run.json, read without anything heavy: a list of many runs must answer at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import layout


def read(folder: Path) -> dict[str, Any]:
    """What run.json holds. Raises RunError when this is no run's folder."""
    path = folder / layout.RUN
    if path.exists() and not path.is_file():
        raise RunError(f"{folder} must be a run's folder: {layout.RUN} is not a file.")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        # The system's own text would name the file again.
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{folder} must be a run's folder: cannot read {layout.RUN}: {reason}.") from None
    if not isinstance(facts, dict) or facts.get("layout") != layout.VERSION:
        found = facts.get("layout") if isinstance(facts, dict) else facts
        raise RunError(
            f"{path} must have layout {layout.VERSION}. Got {repr(found)[:40]}; was it made by a newer Sfumato?"
        )
    return facts
