"""The budget of a run: how much of it is spent, and when it ends."""

from __future__ import annotations

from sfumato.recipe import Budget
from sfumato.recipe.batching import Batching


class Clock:
    """Counts steps and seconds of training against a budget."""

    def __init__(self, budget: Budget, batching: Batching) -> None:
        self.last_step = batching.last_step(budget)
        """The step at which the run ends, or None when only time or quality ends it."""
        self._seconds_limit = budget.seconds
        self.step = 0
        self.seconds = 0.0
        self._seconds_a_step = 0.0
        self._largest, self._since = 1, 0

    @property
    def ended(self) -> bool:
        """Whether steps or seconds are spent."""
        if self.last_step is not None and self.step >= self.last_step:
            return True
        return self._seconds_limit is not None and self.seconds >= self._seconds_limit

    @property
    def progress(self) -> float:
        """The part of the budget that is spent, 0 to 1; 0 where the end cannot be known."""
        return min(self.progress_at(0.0), 1.0)

    def progress_at(self, ahead: float) -> float:
        """`progress` so many steps from now, at the pace of the last steps."""
        by_steps = (self.step + ahead) / self.last_step if self.last_step else 0.0
        limit = self._seconds_limit
        by_seconds = (self.seconds + ahead * self._seconds_a_step) / limit if limit else 0.0
        return min(max(by_steps, by_seconds), 1.0)

    def steps_in(self, seconds: float) -> int:
        """How many steps to take next to spend about ``seconds``, inside the budget; at least 1.

        Before the pace is known it is 1, and it grows at most fourfold from call to call.
        """
        # Together they were one stretch, however small the epochs that it was taken in.
        self._largest, self._since = max(self._largest, self._since), 0
        if self._seconds_a_step == 0.0:
            steps = 1
        else:
            if self._seconds_limit is not None:
                seconds = min(seconds, self._seconds_limit - self.seconds)
            steps = min(int(seconds / self._seconds_a_step), 4 * self._largest)
        if self.last_step is not None:
            steps = min(steps, self.last_step - self.step)
        return max(steps, 1)

    def spent(self, steps: int, seconds: float) -> None:
        """Count steps that have been taken in so many seconds."""
        self.step += steps
        self.seconds += seconds
        self._seconds_a_step = seconds / steps
        self._since += steps
