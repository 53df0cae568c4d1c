"""How far a training is, by what it has written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.runs import entry, layout, live_figures, weights
from sfumato.runs.weights import Moment
from sfumato.studio.training import waiting


def newest_moment(folder: Path) -> Moment | None:
    """The last saved one that can be read: there are more of them than of exact evaluations."""
    for path in reversed(layout.of_steps(folder, layout.MOMENTS)):
        try:
            return weights.moment_of(path) if not path.is_symlink() else None
        except RunError:
            continue
    return None


def running_psnr(folder: Path, state: str) -> float | None:
    """dB from the samples that a live run showed before its newest moment; None where that is not known."""
    moment = newest_moment(folder) if state in entry.LIVE else None
    return None if moment is None else moment.running_psnr


def state(folder: Path, facts: Mapping[str, Any], line: Mapping[str, Any] | None, held: bool) -> dict[str, Any]:
    """``{state, before, progress, seconds, epoch, step, psnr, running_psnr, left, stage}`` of a run.

    ``left`` are seconds, or null. ``line``: the last of its metrics; ``held``: whether a process works on it. Progress
    is 0 to 1, by the part of the budget that will end first. ``before`` are the runs before it in the queue, null where
    it does not wait there. ``psnr`` is that of the last exact evaluation, ``running_psnr`` that of the samples that
    training showed since; null when it has ended.
    """
    status = str(facts.get("status"))
    found = entry.INTERRUPTED if status in entry.LIVE and not held else status
    before = None if found == "running" else waiting.before(folder.parent, folder.name)
    found = found if before is None else entry.QUEUED
    at: dict[str, Any] = {name: (line or {}).get(name) for name in ("seconds", "epoch", "step", "psnr")}
    at["running_psnr"] = None
    if found in entry.LIVE:
        for moment in (newest_moment(folder), live_figures.read(folder)):
            if moment is None:
                continue
            if moment.step > (at["step"] or -1):
                at |= {"seconds": moment.seconds, "epoch": moment.epoch, "step": moment.step}
            # The live painting's is the later one.
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
    """``{name, part}`` of an evaluation that takes long, 0 to 1."""
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
            parts.append(min(1.0, now / most))
    return max(parts) if parts else None
