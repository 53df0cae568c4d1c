"""What runs on the nodes of a Ray cluster: the training of one trial, and the exchange of reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sfumato.errors import RunError
from sfumato.lab.executors.process_messages import Start
from sfumato.lab.executors.versions import difference, versions
from sfumato.lab.train import Target, train
from sfumato.lab.trial import Key, Outcome, Trial


@dataclass(frozen=True)
class Setting:
    """What is the same for all trials of a series."""

    start: Start
    versions: Mapping[str, str]
    train: Callable[..., Outcome]

    @classmethod
    def here(cls, start: Start, other: Callable[..., Outcome] | None = None) -> Self:
        """Return the setting of this process; ``other`` replaces the training."""
        return cls(start, versions(), other or train)


def train_trial(setting: Setting, trial: Trial, target: Target, hub: Any) -> Outcome:
    """Train a trial on a node; ``hub`` takes reports, where there are any. Raises RunError for other versions."""
    if wrong := difference(setting.versions):
        raise RunError(f"a node must have the driver's versions: {wrong}. Install the same ones there.")
    setting.start.prepare()
    if hub is None:
        return setting.train(trial, target)
    import ray

    def report(key: Key, point: Mapping[str, Any], passed: int) -> bool:
        return ray.get(hub.report.remote(key, point, passed))

    return setting.train(trial, target, report=report)


def report_hub(ray: Any) -> Any:
    """Start the actor through which nodes report and hear whether to go on."""
    # It holds little that cannot be lost, so it may be restarted anywhere.
    return ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(ReportHub).remote()


class ReportHub:
    """Points of trials that train, until the driver takes them; and the trials that are to end."""

    def __init__(self) -> None:
        self._points: list[tuple[Key, Mapping[str, Any], int]] = []
        self._pruned: set[Key] = set()

    def report(self, key: Key, point: Mapping[str, Any], passed: int) -> bool:
        """Add a point, and return whether its trial is to end."""
        self._points.append((key, point, passed))
        return key in self._pruned

    def take(self) -> list[tuple[Key, Mapping[str, Any], int]]:
        """Return the points since the last call."""
        points, self._points = self._points, []
        return points

    def prune(self, key: Key) -> None:
        """End a trial at its next point."""
        self._pruned.add(key)
