"""Write a line of metrics.jsonl for every evaluation."""

from __future__ import annotations

import json
from pathlib import Path

from sfumato.runs import layout, metrics
from sfumato.runs.atomic import write_bytes
from sfumato.runs.observers.folder import FolderObserver
from sfumato.training import NetworkStats, Overhead, Snapshot, Start

STATS = "stats"
"""The account of the figures of every layer, which are taken at evaluations."""

STATS_OVERHEAD = Overhead(share=0.01)


class MetricsWriter(FolderObserver[Snapshot]):
    """Appends the metrics of each evaluation, with figures of every layer where they can be afforded."""

    name = "metrics"
    overhead = Overhead.unlimited(with_evaluations=True)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._last_step: int | None = None
        self._evaluates = False
        self._begun = False

    def begin(self, start: Start) -> None:
        """Drop the lines that were written after the checkpoint of a run that is resumed."""
        self._evaluates = start.recipe.evaluation.interval != "end"
        if start.step is None:
            return
        path = self.folder / layout.METRICS
        lines = [line for line in metrics.read(path) if line["step"] <= start.step]
        self._last_step = lines[-1]["step"] if lines else None
        write_bytes(path, "".join(json.dumps(line) + "\n" for line in lines).encode())

    def due(self, snapshot: Snapshot) -> bool:
        """Whether there is an evaluation of a network that still learns; and at first, to know what figures cost."""
        first = not self._begun and self._evaluates and snapshot.ended is None
        return first or (snapshot.evaluation is not None and snapshot.ended != "diverged")

    def observe(self, snapshot: Snapshot) -> None:
        """Append a line."""
        if not self._begun:
            self._begun = True
            if self._evaluates and snapshot.ended is None:
                self._try_stats(snapshot)
        # A run killed between its last evaluation and its end is evaluated there once more.
        if snapshot.evaluation is None or snapshot.step == self._last_step:
            return
        metrics.append(self.folder / layout.METRICS, metrics.line(snapshot, self._stats(snapshot)))
        self._last_step = snapshot.step

    def _try_stats(self, snapshot: Snapshot) -> None:
        # Twice: the first time imports what they need, the second tells what they cost.
        for _ in range(2):
            with snapshot.overhead.measure(STATS):
                snapshot.stats()

    def _stats(self, snapshot: Snapshot) -> NetworkStats | None:
        # Of a small picture there are many evaluations, each cheaper than this.
        overhead = snapshot.overhead
        if overhead.under_way and not overhead.can_afford(STATS_OVERHEAD, STATS):
            return None
        with overhead.measure(STATS):
            return snapshot.stats()
