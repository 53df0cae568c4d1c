"""Trials, targets and outcomes as files: JSON, and safetensors for arrays. Nothing read from disk can run code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from sfumato.lab.digits.data import Digits, Part
from sfumato.lab.plan import First
from sfumato.lab.train import Target
from sfumato.lab.trial import Key, Outcome, Trial, identity, key_of
from sfumato.recipe import Recipe
from sfumato.recipe.changes import values

LAYOUT = 1
"""Version of the messages; a worker leaves trials of another one alone."""

ROW = "row"


def of_trial(trial: Trial, target: str, versions: Mapping[str, str], *, reports: bool = False) -> bytes:
    """Return a trial as JSON.

    ``target``: the name of its target's file; ``versions``: of the driver's packages; ``reports``: whether the driver
    wants the points of the curve.
    """
    data = {
        "layout": LAYOUT,
        "versions": dict(versions),
        "key": identity(trial.key),
        "recipe": values(trial.recipe),
        "marks": list(trial.marks),
        "frames": None if trial.frames is None else list(trial.frames),
        "first": None if trial.first is None else asdict(trial.first),
        "target": target,
        "reports": reports,
    }
    return (json.dumps(data, sort_keys=True) + "\n").encode()


def to_trial(data: Mapping[str, Any]) -> Trial:
    """Return the trial of parsed JSON. Raises ValueError, KeyError, TypeError or RecipeError for something else."""
    frames, first = data["frames"], data["first"]
    return Trial(
        key_of(data["key"]),
        Recipe.of(data["recipe"]),
        tuple(float(mark) for mark in data["marks"]),
        None if frames is None else (int(frames[0]), int(frames[1])),
        None if first is None else First(**first),
    )


def of_target(target: Target) -> bytes:
    """Return a picture or digits as safetensors."""
    if not isinstance(target, Digits):
        return safetensors.numpy.save({"picture": np.ascontiguousarray(target)})
    return safetensors.numpy.save(
        {
            f"{name}.{field}": np.ascontiguousarray(getattr(part, field))
            for name, part in (("training", target.training), ("test", target.test))
            for field in ("inputs", "labels")
        },
        {"source": target.source},
    )


def to_target(data: bytes) -> Target:
    """Return the picture or digits in safetensors. Raises ValueError for something else."""
    arrays, metadata = _load(data)
    try:
        if "picture" in arrays:
            return arrays["picture"].astype(np.float32, copy=False)
        parts = [Part(arrays[f"{name}.inputs"], arrays[f"{name}.labels"]) for name in ("training", "test")]
    except KeyError as error:
        raise ValueError(f"the target lacks {error}") from None
    return Digits(str(metadata.get("source", "digits")), *parts)


def of_outcome(outcome: Outcome) -> bytes:
    """Return an outcome as safetensors, whose metadata has the row."""
    arrays: dict[str, NDArray[Any]] = {
        f"weights.{name}": np.ascontiguousarray(value) for name, value in outcome.weights.items()
    }
    arrays |= {f"frame.{number:04d}": np.ascontiguousarray(frame) for number, frame in enumerate(outcome.frames)}
    if outcome.painting is not None:
        arrays["painting"] = np.ascontiguousarray(outcome.painting)
    return safetensors.numpy.save(arrays, {ROW: json.dumps(outcome.row)})


def to_outcome(data: bytes, key: Key) -> Outcome:
    """Return the outcome of the trial with this key. Raises ValueError for something else."""
    arrays, metadata = _load(data)
    try:
        row: dict[str, Any] = json.loads(metadata[ROW])
        found = key_of(row)
    except (KeyError, TypeError) as error:
        raise ValueError(f"the row lacks {error}") from None
    if found != key:
        raise ValueError("the row is of another trial")
    weights = {name.removeprefix("weights."): value for name, value in arrays.items() if name.startswith("weights.")}
    frames = tuple(arrays[name] for name in sorted(arrays) if name.startswith("frame."))
    # With the key that was asked for: equal, but with its own numbers' types.
    return Outcome(key, {**row, **identity(key)}, weights, frames, arrays.get("painting"))


def to_point(line: bytes) -> tuple[dict[str, Any], int] | None:
    """Return a point of a curve, and the number of marks passed; None for another line."""
    try:
        point, passed = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    if not (isinstance(point, dict) and isinstance(passed, int)):
        return None
    psnr: object = point.get("psnr", "absent")
    return (point, passed) if psnr is None or isinstance(psnr, int | float) else None


def name_of(data: bytes) -> str:
    """Return the name of a file of these bytes: the same bytes have the same name."""
    return hashlib.sha256(data).hexdigest()[:32]


def _load(data: bytes) -> tuple[dict[str, NDArray[Any]], Mapping[str, str]]:
    try:
        arrays = safetensors.numpy.load(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
    except (safetensors.SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f"not a file that Sfumato wrote: {error}") from None
    return arrays, header.get("__metadata__", {})
