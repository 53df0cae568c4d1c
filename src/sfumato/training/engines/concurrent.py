"""Engine concurrent: one of many networks trained at once, by the fused engine's kernel on one thread, to its bits.

The threads of a pool take networks in turn and never wait for each other; see `sfumato.training.train_concurrently`.
What the networks have in common is held once: the inputs and targets of the training samples where they are equal, and
for each thread of the pool, not for each network, the memory in which a step is computed.
"""

from __future__ import annotations

import dataclasses

from sfumato.training.engines.engine import Task
from sfumato.training.engines.fused.engine import Fused


class Concurrent(Fused):
    """The fused engine with one thread, whatever the task says."""

    name = "concurrent"

    def __init__(self, task: Task) -> None:
        """As `Fused`; tasks of networks side by side should have one and the same ``shared``."""
        super().__init__(dataclasses.replace(task, threads=1))
