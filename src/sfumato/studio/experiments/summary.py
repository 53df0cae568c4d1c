"""One experiment in short, as the inference_worker reads it: what was asked, how far it is, what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sfumato.lab import verdict
from sfumato.lab.experiment import read
from sfumato.lab.report.progress import progress


def about(folder: Path) -> dict[str, Any]:
    """``{title, question, picture, arms, seeds, finished, done, left, verdict: [sentences]}``. Raises RunError."""
    found = read(folder)
    state = progress(found)
    return {
        "title": found.plan.name,
        "question": found.plan.question,
        "picture": found.plan.picture.get("source"),
        "arms": [arm.title or arm.name for arm in found.plan.arms],
        "seeds": len(found.plan.seeds),
        "finished": state.finished,
        "done": state.done,
        "left": state.left,
        "verdict": verdict.sentences(found) if state.finished else [],
    }
