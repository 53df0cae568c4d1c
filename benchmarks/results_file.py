"""Files of results: one JSON object a benchmark, whole or absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.runs.files import replacing

FOLDER = Path(__file__).parent / "results"


def write(name: str, result: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Replace ``name``.json; where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    with replacing(path) as partial:
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return path


def merge(name: str, rows: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Replace those rows of ``name``.json that were measured anew, each with its own circumstances."""
    path = folder / f"{name}.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return write(name, {**old, **rows}, folder)
