"""The engine ``concurrent``: one of many networks trained at once, by the fused engine's kernel on one thread each.

The weights are the fused engine's bit for bit. The threads of a pool take networks in turn and never wait for each
other (`sfumato.training.train_concurrently`). The networks share memory: inputs and targets of the training samples are
held once where they are equal, and the memory in which a step is computed once per thread, not once per network.
"""

from __future__ import annotations

import dataclasses

from sfumato.training.engines.engine import Task
from sfumato.training.engines.fused.engine import Fused


class Concurrent(Fused):
    """The fused engine with one thread, whatever the task's number of threads."""

    name = "concurrent"

    def __init__(self, task: Task) -> None:
        """Initialize `Fused` with one thread; networks trained together should have the same ``task.shared``."""
        super().__init__(dataclasses.replace(task, threads=1))
