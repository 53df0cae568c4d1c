"""metrics.jsonl: one line per evaluation, append-only."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.runs.files import cannot_write, read_bytes
from sfumato.tables import Table

if TYPE_CHECKING:
    from sfumato.training import NetworkStats, Snapshot

MAX_BYTES = 1_000_000_000
"""Largest size of the file, a million lines of a kilobyte; no training writes more."""

_ALWAYS_NUMBERS = ("epoch", "step", "samples", "seconds")
_NUMBERS_OR_NULL = ("loss", "psnr")
"""Fields that films, curves, and resumed runs read."""


def line(snapshot: Snapshot, stats: NetworkStats | None = None) -> dict[str, Any]:
    """Return the metrics of an evaluated snapshot in double precision, with None for values that are not finite.

    The statistics of the network are added if given.
    """
    if snapshot.evaluation is None:
        raise ValueError("the snapshot has no evaluation")
    values = {
        "epoch": snapshot.epoch,
        "step": snapshot.step,
        "samples": snapshot.samples,
        "seconds": snapshot.seconds,
        "loss": snapshot.loss,
        **snapshot.evaluation.named(),
        "learning_rate": snapshot.learning_rate,
    }
    # JSON has neither nan nor infinity.
    metrics: dict[str, Any] = {key: value if math.isfinite(value) else None for key, value in values.items()}
    return metrics if stats is None else metrics | {"stats": stats.as_json()}


def append(path: Path, values: dict[str, Any]) -> None:
    """Append one line. Raises RunError when it cannot be written."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def read(path: Path, max_bytes: int = MAX_BYTES) -> list[dict[str, Any]]:
    """Return all complete lines; a last line that a crash cut off is left out.

    Raises RunError for a damaged line, and for a file of more than ``max_bytes`` bytes.
    """
    if not path.exists():
        return []
    number = 0
    try:
        *texts, _incomplete = read_bytes(path, max_bytes).decode().split("\n")
        lines: list[dict[str, Any]] = []
        for text in texts:
            number += 1
            line = json.loads(text)
            check(line)
            lines.append(line)
    except (OSError, ValueError, RecursionError) as error:
        where = f" (line {number})" if number else ""
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(
            f"{path} must hold one JSON object per line: {reason}{where}. Restore or remove the file."
        ) from None
    return lines


def table(lines: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row per line, without the statistics of layers."""
    names = dict.fromkeys([*_ALWAYS_NUMBERS, *(name for line in lines for name in line if name != "stats")])
    return Table({name: [line.get(name) for line in lines] for name in names}, {"step": int, "samples": int})


def check(values: Any) -> None:
    """Raise ValueError unless the values are an object with all required fields."""
    if not isinstance(values, dict):
        raise ValueError(f"must be an object. Got {shortened(repr(values), 40)}")
    for name in (*_ALWAYS_NUMBERS, *_NUMBERS_OR_NULL):
        value = values.get(name)
        is_null = value is None and name in _NUMBERS_OR_NULL and name in values
        if not is_null and (not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300):
            raise ValueError(f"{name} must be a number. Got {shortened(repr(value), 40)}")
    if not isinstance(values["step"], int) or values["step"] < 0:
        raise ValueError(f"step must be a whole number of 0 or more. Got {values['step']}")
