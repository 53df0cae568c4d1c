"""metrics.jsonl: one line an evaluation, append-only."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.runs.atomic import cannot_write
from sfumato.runs.regular import read_bytes

if TYPE_CHECKING:
    from sfumato.training import NetworkStats, Snapshot

MOST_BYTES = 1_000_000_000
"""A million lines of a kilobyte: more is no training's."""

_ALWAYS_NUMBERS = ("epoch", "step", "samples", "seconds")
_NUMBERS_OR_NULL = ("loss", "psnr")
"""What is read again of a line: for films, curves, and to go on."""


def line(snapshot: Snapshot, figures: NetworkStats | None = None) -> dict[str, Any]:
    """The errors of an evaluated snapshot, in full double precision, null where there is none; and its ``figures``."""
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
    # JSON knows neither nan nor infinity.
    plain: dict[str, Any] = {key: value if math.isfinite(value) else None for key, value in values.items()}
    return plain if figures is None else plain | {"stats": figures.as_json()}


def append(path: Path, values: dict[str, Any]) -> None:
    """Add one line. Raises RunError when it cannot be written."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def read(path: Path, most: int = MOST_BYTES) -> list[dict[str, Any]]:
    """All whole lines; a last line that was cut off by a crash is left out.

    Raises RunError for a damaged one, and for a file of more than ``most`` bytes.
    """
    if not path.exists():
        return []
    number = 0
    try:
        *texts, _cut_off = read_bytes(path, most).decode().split("\n")
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
            f"{path} must hold one JSON object a line: {reason}{where}. Restore or remove the file."
        ) from None
    return lines


def check(values: Any) -> None:
    """Raises ValueError for what is no line's object, or lacks a figure."""
    if not isinstance(values, dict):
        raise ValueError(f"must be an object. Got {shortened(repr(values), 40)}")
    for name in (*_ALWAYS_NUMBERS, *_NUMBERS_OR_NULL):
        value = values.get(name)
        null = value is None and name in _NUMBERS_OR_NULL and name in values
        if not null and (not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300):
            raise ValueError(f"{name} must be a number. Got {shortened(repr(value), 40)}")
    if not isinstance(values["step"], int) or values["step"] < 0:
        raise ValueError(f"step must be a whole number of 0 or more. Got {values['step']}")
