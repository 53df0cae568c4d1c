"""The rows of trials in a file, one JSON object per line: read, and checked before anything relies on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic_core

from sfumato.errors import RunError
from sfumato.formatting import shortened
from sfumato.lab.plan import Plan
from sfumato.lab.rates import rates_of
from sfumato.lab.trial import Key, key_of
from sfumato.runs.files import require_regular


def read_lines(path: Path) -> list[Any]:
    """Return the JSON values of a file's lines, without a last line that was cut off; [] where there is no file.

    Raises RunError for a file that cannot be read, and for a damaged line.
    """
    try:
        *lines, _cut_off = require_regular(path).read_bytes().split(b"\n")
        return [_parsed(line) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        raise RunError(f"{path} must hold one JSON object per line: {reason}. Restore or remove it.") from None


def read_rows(path: Path, plan: Plan | None) -> dict[Key, dict[str, Any]]:
    """Return the rows of a file by their trials. Raises RunError for a damaged file, and for rows of another plan."""
    rates = {} if plan is None else {arm.name: len(rates_of(arm.recipe.training.optimizer)) for arm in plan.arms}
    pictures = 0 if plan is None else len(plan.pictures)
    lines = read_lines(path)
    try:
        for row in lines:
            check(row, rates, pictures)
        return {key_of(row): row for row in lines}
    except (KeyError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise RunError(f"{path} must hold rows of trials: {reason}. Restore or remove it.") from None


def check(row: Any, rates: Mapping[str, int], pictures: int) -> None:
    """Raise ValueError or KeyError unless a row identifies its trial, with numbers where they are computed with.

    ``rates``: the number of learning rates of each arm; ``pictures``: of the plan.
    """
    _require(isinstance(row, dict), "each line", "an object", row)
    purpose, arm, seed, picture = row["purpose"], row["arm"], row["seed"], row["picture"]
    _require(purpose in ("tuning", "verdict"), "purpose", "tuning or verdict", purpose)
    _require(isinstance(arm, str), "arm", "a name", arm)
    _require(_is_whole(seed), "seed", "a whole number", seed)
    _require(_is_whole(picture) and 0 <= picture < pictures, "picture", f"one of {pictures}", picture)
    _require(isinstance(row["status"], str), "status", "a word", row["status"])
    of_row = row["rates"]
    _require(isinstance(of_row, list) and all(map(_is_number, of_row)), "rates", "a list of numbers", of_row)
    count = rates.get(arm, len(of_row))
    _require(len(of_row) == count, "rates", f"a list of {count} for the optimizer of its arm", of_row)
    values = row.get("values", {})
    _require(isinstance(values, dict) and all(map(_is_number, values.values())), "values", "numbers by name", values)
    for name, default in (("fraction", 1.0), ("samples", None)):
        value = row.get(name, default)
        _require(_is_number(value) or (value is None and default is None), name, "a number", value)
    candidate = row.get("candidate")
    _require(candidate is None or _is_whole(candidate), "candidate", "a whole number", candidate)


def _require(is_met: bool, field: str, rule: str, value: object) -> None:
    if not is_met:
        raise ValueError(f"{field} must be {rule}. Got {shortened(repr(value), 40)}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    # Whole numbers beyond those of floating point cannot be multiplied with them.
    return isinstance(value, float) or (_is_whole(value) and abs(value) < 1e300)  # pyright: ignore[reportArgumentType]


def _parsed(line: bytes) -> Any:
    try:
        # Several times as fast as json.
        return pydantic_core.from_json(line)
    except ValueError:
        # It refuses lone surrogates, by which Python writes names of files that are not UTF-8.
        return json.loads(line.decode())
