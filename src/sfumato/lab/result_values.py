"""An experiment's results as JSON values, for other programs."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from sfumato.lab import arm_summaries, verdict
from sfumato.lab.experiment import Experiment


def result_values(experiment: Experiment) -> dict[str, Any]:
    """Return the plan's question, every arm's means, and the comparisons with their verdicts."""
    plan = experiment.plan
    compared = verdict.comparisons(experiment)
    return {
        "experiment": str(experiment.folder.path),
        "name": plan.name,
        "id": plan.id,
        "question": plan.question,
        "measure": plan.measure.field,
        "pictures": [plan.picture_names[number] for number in plan.verdict_pictures],
        "seeds": list(plan.seeds),
        "arms": [_summary(line) for line in arm_summaries.lines(experiment)],
        "comparisons": [verdict.as_values(each, verdict.sentence(experiment, each)) for each in compared],
    }


def _summary(line: arm_summaries.Line) -> dict[str, Any]:
    values = {field.name: getattr(line, field.name) for field in dataclasses.fields(line) if field.name != "arm"}
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }
    return {"name": line.arm.name, "parameters": line.arm.parameters, **finite, "rates": list(line.rates)}
