"""The engine that the others are compared with."""

from __future__ import annotations

import numpy as np
from settings import Problem

from peers import Side
from sfumato.training.engines import Task, find


def prepare(problem: Problem, threads: int) -> Side:
    """Return the side."""
    engine = find("fused")(Task(problem.recipe, problem.coordinates, problem.targets, problem.model, threads))
    first = engine.state()
    return Side(
        restart=lambda: engine.load(first),
        train=lambda pixels: engine.advance(pixels.ravel(), np.ones(len(pixels))).loss,
    )
