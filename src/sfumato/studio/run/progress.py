"""The progress of a training, from the files that it has written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import entry, layout, weights
from sfumato.runs.weights import Moment
from sfumato.studio.training import queue_records


def newest_moment(folder: Path) -> Moment | None:
    """Return the last saved moment that can be read; there are more moments than exact evaluations."""
    for path in reversed(layout.moments(folder)):
        try:
            return weights.moment_of(path) if not path.is_symlink() else None
        except RunError:
            continue
    return None


def running_psnr(folder: Path, state: str) -> float | None:
    """Return the PSNR, in dB, of the samples that a live run trained on before its newest moment; None if unknown."""
    moment = newest_moment(folder) if state in entry.LIVE else None
    return None if moment is None else moment.running_psnr


def state(folder: Path, facts: Mapping[str, Any], line: Mapping[str, Any] | None, held: bool) -> dict[str, Any]:
    """Return ``{state, before, progress, seconds, epoch, step, psnr, running_psnr, left, stage}`` of a run.

    ``left`` is the remaining time in seconds, or null. ``line`` is the last one of its metrics; ``held`` tells whether
    a process works on the run. Progress is 0 to 1, from the part of the budget that will end first. ``before`` is the
    number of runs ahead of it in the queue, null if it does not wait. ``psnr`` is that of the last exact evaluation,
    ``running_psnr`` that of the samples trained since; null when the run has ended.
    """
    status = str(facts.get("status"))
    found = entry.INTERRUPTED if status in entry.LIVE and not held else status
    before = None if found == "running" else queue_records.position(folder.parent, folder.name)
    found = found if before is None else entry.QUEUED
    at: dict[str, Any] = {name: (line or {}).get(name) for name in ("seconds", "epoch", "step", "psnr")}
    at["running_psnr"] = None
    if found in entry.LIVE:
        for moment in (newest_moment(folder), weights.read_live_moment(folder)):
            if moment is None:
                continue
            if moment.step > (at["step"] or -1):
                at |= {"seconds": moment.seconds, "epoch": moment.epoch, "step": moment.step}
            # The live painting's value is the later one.
            at["running_psnr"] = moment.running_psnr or at["running_psnr"]
    part = 1.0 if found == "done" else _part(facts, at)
    left = None
    if found == "running" and part and at["seconds"]:
        left = at["seconds"] * (1 - part) / part
    return {
        "state": found,
        "before": before,
        "progress": part,
        **at,
        "left": left,
        "stage": _stage(facts) if found == "running" else None,
    }


def _stage(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return ``{name, part}`` of a long evaluation in progress, ``part`` from 0 to 1; None if there is none."""
    stage = facts.get("stage")
    if not isinstance(stage, Mapping):
        return None
    name, done, total = (stage.get(each) for each in ("name", "done", "total"))
    if not (isinstance(name, str) and isinstance(done, int) and isinstance(total, int) and 0 <= done <= total > 0):
        return None
    return {"name": name[:40], "part": done / total}


def _part(facts: Mapping[str, Any], at: Mapping[str, Any]) -> float | None:
    recipe = facts.get("recipe")
    budget = recipe.get("budget") if isinstance(recipe, Mapping) else None
    if not isinstance(budget, Mapping):
        return None
    parts: list[float] = []
    for limit, reached in (("epochs", "epoch"), ("steps", "step"), ("seconds", "seconds")):
        most, now = budget.get(limit), at[reached]
        if isinstance(most, int | float) and isinstance(now, int | float) and most > 0:
            # A budget may be a number that no float holds.
            with suppress(OverflowError):
                parts.append(min(1.0, now / most))
    return max(parts) if parts else None
