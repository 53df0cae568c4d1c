"""Writing a line of metrics.jsonl for every evaluation."""

from __future__ import annotations

import json
from pathlib import Path

from sfumato.runs import layout, metrics
from sfumato.runs.files import write_bytes
from sfumato.runs.observers.folder import FolderObserver
from sfumato.training import NetworkStats, Overhead, Snapshot, Start

STATS = "stats"
"""Name under which the overhead of layer statistics is counted; they are measured at evaluations."""

STATS_OVERHEAD = Overhead(share=0.01)


class MetricsWriter(FolderObserver[Snapshot]):
    """An observer that appends the metrics of each evaluation, with layer statistics when their budget allows."""

    name = "metrics"
    overhead = Overhead.unlimited(with_evaluations=True)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._last_step: int | None = None
        self._evaluates = False
        self._started = False

    def begin(self, start: Start) -> None:
        """Remove the lines after the checkpoint of a run that is resumed."""
        self._evaluates = start.recipe.evaluation.interval != "end"
        if start.step is None:
            return
        path = self.folder / layout.METRICS
        lines = [line for line in metrics.read(path) if line["step"] <= start.step]
        self._last_step = lines[-1]["step"] if lines else None
        write_bytes(path, "".join(json.dumps(line) + "\n" for line in lines).encode())

    def due(self, snapshot: Snapshot) -> bool:
        """Return whether the snapshot is evaluated, and training has not diverged.

        The first snapshot is due too, to measure the cost of layer statistics.
        """
        first = not self._started and self._evaluates and snapshot.ended is None
        return first or (snapshot.evaluation is not None and snapshot.ended != "diverged")

    def observe(self, snapshot: Snapshot) -> None:
        """Append a line of metrics."""
        if not self._started:
            self._started = True
            if self._evaluates and snapshot.ended is None:
                self._measure_stats_cost(snapshot)
        # A run that was killed between its last evaluation and its end is evaluated there again.
        if snapshot.evaluation is None or snapshot.step == self._last_step:
            return
        metrics.append(self.folder / layout.METRICS, metrics.line(snapshot, self._stats(snapshot)))
        self._last_step = snapshot.step

    def _measure_stats_cost(self, snapshot: Snapshot) -> None:
        # The first measurement imports modules, so the second one gives the cost.
        for _ in range(2):
            with snapshot.overhead.measure(STATS):
                snapshot.stats()

    def _stats(self, snapshot: Snapshot) -> NetworkStats | None:
        # A small picture has many evaluations, each cheaper than the statistics.
        overhead = snapshot.overhead
        if overhead.under_way and not overhead.can_afford(STATS_OVERHEAD, STATS):
            return None
        with overhead.measure(STATS):
            return snapshot.stats()
