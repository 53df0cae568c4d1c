"""A file of results: one JSON list, to whose end a result is added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.render.out_file import writable
from sfumato.runs.atomic import replacing


def read(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file. Raises RunError where it holds something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path} must be a file of speedrun results. It does not exist.") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{path} must be a file of speedrun results, which cannot be read: {reason}.") from None
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and {"rules", "track"} <= set(one) for one in found
    ):
        raise RunError(f"{path} must be a JSON list of speedrun results. Got something else; name another file.")
    return found


def check(path: Path) -> None:
    """Raise RunError unless `append` can create this file or add to it, so that no training is wasted."""
    writable(path, "append")
    if path.exists():
        read(path)


def append(path: Path, result: dict[str, Any]) -> None:
    """Add a result to the file, which is replaced as a whole. Raises RunError when it cannot be written."""
    results = [*(read(path) if path.exists() else []), result]
    with replacing(path) as partial:
        partial.write_text(json.dumps(results, indent=2, allow_nan=False) + "\n", encoding="utf-8")
