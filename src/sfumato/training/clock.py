"""Clock of a training: how much of its budget is spent, and when it ends."""

from __future__ import annotations

from sfumato.recipe import Budget
from sfumato.recipe.budget import Batching


class Clock:
    """Counter of the steps and seconds of a training, compared with its budget."""

    def __init__(self, budget: Budget, batching: Batching) -> None:
        self.last_step = batching.last_step(budget)
        """The step at which the run ends, or None if only seconds or a PSNR end it."""
        self._seconds_limit = budget.seconds
        self.step = 0
        self.seconds = 0.0
        self._seconds_per_step = 0.0
        self._most_steps, self._steps_since = 1, 0

    @property
    def ended(self) -> bool:
        """Whether the steps or the seconds of the budget are spent."""
        if self.last_step is not None and self.step >= self.last_step:
            return True
        return self._seconds_limit is not None and self.seconds >= self._seconds_limit

    @property
    def progress(self) -> float:
        """The fraction of the budget that is spent, 0 to 1; 0 where the end is unknown."""
        return min(self.progress_at(0.0), 1.0)

    def progress_at(self, ahead: float) -> float:
        """Return `progress` after ``ahead`` more steps, at the speed of the last ones."""
        by_steps = (self.step + ahead) / self.last_step if self.last_step else 0.0
        limit = self._seconds_limit
        by_seconds = (self.seconds + ahead * self._seconds_per_step) / limit if limit else 0.0
        return min(max(by_steps, by_seconds), 1.0)

    def steps_in(self, seconds: float) -> int:
        """Return how many steps to take next to spend about ``seconds``, within the budget; at least 1.

        It is 1 until the speed is known, and grows at most fourfold from call to call.
        """
        # Steps since the last call count together, however many calls of `record` they were recorded in.
        self._most_steps, self._steps_since = max(self._most_steps, self._steps_since), 0
        if self._seconds_per_step == 0.0:
            steps = 1
        else:
            if self._seconds_limit is not None:
                seconds = min(seconds, self._seconds_limit - self.seconds)
            steps = min(int(seconds / self._seconds_per_step), 4 * self._most_steps)
        if self.last_step is not None:
            steps = min(steps, self.last_step - self.step)
        return max(steps, 1)

    def record_work(self, seconds: float) -> None:
        """Count seconds of training in which no step was taken."""
        self.seconds += seconds

    def record(self, steps: int, seconds: float) -> None:
        """Count ``steps`` steps, which took ``seconds`` seconds."""
        self.step += steps
        self.seconds += seconds
        self._seconds_per_step = seconds / steps
        self._steps_since += steps
