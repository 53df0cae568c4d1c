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
        raise RunError(f"{folder} must be a run's folder: cannot read {layout.RUN}: {error}.") from None
    if not isinstance(facts, dict) or facts.get("layout") != layout.VERSION:
        found = facts.get("layout") if isinstance(facts, dict) else facts
        raise RunError(
            f"{path} must have layout {layout.VERSION}. Got {str(found)[:40]!r}; was it made by a newer Sfumato?"
        )
    return facts
