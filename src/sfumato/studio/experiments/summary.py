"""A summary of one experiment, which the inference worker reads: its question, its progress, and its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sfumato.lab import verdict
from sfumato.lab.experiment import load_experiment
from sfumato.lab.plan import Plan
from sfumato.lab.report.verdict_part import progress


def _pictures(plan: Plan) -> str:
    """Return the name of the picture, or the number of pictures."""
    return f"{len(plan.pictures)} pictures" if plan.has_set else str(plan.picture.get("source"))


def about(folder: Path) -> dict[str, Any]:
    """Return ``{title, question, picture, arms, seeds, finished, done, left, verdict: [sentences]}``.

    Raise RunError if the experiment cannot be read.
    """
    found = load_experiment(folder)
    state = progress(found)
    return {
        "title": found.plan.name,
        "question": found.plan.question,
        "picture": _pictures(found.plan),
        "arms": [arm.title or arm.name for arm in found.plan.arms],
        "seeds": len(found.plan.seeds),
        "finished": state.finished,
        "done": state.done,
        "left": state.left,
        "verdict": verdict.sentences(found) if state.finished else [],
    }
