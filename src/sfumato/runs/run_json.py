"""Reading run.json without heavy imports, so that a list of many runs appears at once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.runs import layout, metrics
from sfumato.runs.files import require_regular

_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "status": str,
    "ended": (str, type(None)),
    "recipe": dict,
    "picture": dict,
    "resumed": list,
    "result": (dict, type(None)),
    "findings": list,
}
"""Fields that are needed for everything but listing the run, and their types."""

_MAX_BYTES = 1_000_000
"""Largest size of run.json; a new one has 3 kB, and each resumption adds some hundred bytes."""

MAX_VALUES = 128_000_000
"""Height x width x channels of the largest picture that can be learned; importing `images.loader` would be too slow."""

MAX_CHANNELS = 4
"""Channels of RGB with alpha."""

_NAMES = {str: "text", dict: "a table", list: "a list", type(None): "null"}


def read_complete(folder: Path) -> dict[str, Any]:
    """Read run.json as `read` does, and check all required fields. Raises RunError with the first wrong field."""
    facts = read(folder)
    if not has_started(facts):
        raise RunError(
            f"{folder} has not started, and holds nothing but its recipe. Start it: sfumato resume {folder}."
        )
    for name, kinds in _FIELDS.items():
        if name not in facts or not isinstance(facts[name], kinds):
            rule = " or ".join(_NAMES[kind] for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
            raise _wrong(folder, name, rule, facts.get(name))
    sides = {name: facts["picture"].get(name) for name in ("height", "width", "channels")}
    for name, side in sides.items():
        if type(side) is not int or side < 1:
            raise _wrong(folder, f"picture.{name}", "a whole number of 1 or more", side)
    # Nothing larger can have been learned, and painting it would allocate that much memory.
    if sides["channels"] > MAX_CHANNELS:
        rule = f"a whole number from 1 to {MAX_CHANNELS}"
        raise _wrong(folder, "picture.channels", rule, sides["channels"])
    if math.prod(sides.values()) > MAX_VALUES:
        raise _wrong(folder, "picture", f"of at most {MAX_VALUES:,} values", "x".join(map(str, sides.values())))
    if facts["result"] is not None:
        try:
            metrics.check(facts["result"])
        except ValueError as error:
            raise RunError(f"{folder / layout.RUN}: result {error}. Restore the file.") from None
    return facts


def has_started(facts: Mapping[str, Any]) -> bool:
    """Return whether the run has started, rather than only been queued."""
    return "queued" not in facts or facts.get("started") is not None


def _wrong(folder: Path, name: str, rule: str, value: Any) -> RunError:
    return RunError(f"{folder / layout.RUN}: {name} must be {rule}. Got {shortened(repr(value))}; restore the file.")


def read(folder: Path) -> dict[str, Any]:
    """Read run.json. Raises RunError when the folder is not that of a run."""
    path = folder / layout.RUN
    try:
        with require_regular(path).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES:,} bytes")
        facts = json.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        # The system's own message would repeat the file name.
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{folder} must be a run's folder: cannot read {layout.RUN}: {reason}.") from None
    if not isinstance(facts, dict) or facts.get("layout") != layout.VERSION:
        found = facts.get("layout") if isinstance(facts, dict) else facts
        age = "an older" if isinstance(found, int) and found < layout.VERSION else "a newer"
        raise RunError(
            f"{path} must have layout {layout.VERSION}. Got {shortened(repr(found))}: {age} Sfumato made it; paint "
            "again."
        )
    return facts
