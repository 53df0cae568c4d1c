"""One of many networks trained side by side: each by the fused engine's kernel on one thread, to its bits.

The threads of a pool take networks in turn and never meet; see `sfumato.training.together`. What the networks have in
common is held once: the features and colors of the training pixels where they are equal, and for each thread of the
pool, not for each network, the memory in which a step is computed.
"""

from __future__ import annotations

import dataclasses

from sfumato.training.engines.engine import Task
from sfumato.training.engines.fused.engine import Fused


class Stacked(Fused):
    """The fused engine with one thread, whatever the task says."""

    name = "stacked"

    def __init__(self, task: Task) -> None:
        """As `Fused`; tasks of networks side by side should have one and the same ``shared``."""
        super().__init__(dataclasses.replace(task, threads=1))
