"""The training loop: budget, sampler, schedule and evaluations around an engine, whatever the problem is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.errors import RunError, SnapshotError
from sfumato.formatting import shortened
from sfumato.process_state import between_yields, scoped, unscoped
from sfumato.recipe import Recipe
from sfumato.recipe.batching import Batching
from sfumato.training import schedules
from sfumato.training.clock import Clock
from sfumato.training.divergence import Divergence
from sfumato.training.engines import Advance, Arrays, Shared, Task, choose, find
from sfumato.training.metrics import Metrics
from sfumato.training.overhead import EVALUATION, OverheadBudget
from sfumato.training.problem import InterruptedEvaluationError, Monitor, Problem, Stage
from sfumato.training.rehearsal import rehearse
from sfumato.training.samplers import SeededSampler
from sfumato.training.snapshot import Snapshot
from sfumato.training.starvation import Processor

SECONDS_PER_SNAPSHOT = 0.1
"""Steps between two snapshots take about this long: so often a run can be watched, and so soon it can be stopped."""

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound=Snapshot)


class Trainer(Generic[S]):
    """One training of one recipe on one problem. Iterate over `snapshots`, or take steps with `advance`."""

    @scoped
    def __init__(
        self,
        recipe: Recipe,
        problem: Problem[S],
        model: torch.nn.Module | None = None,
        *,
        shared: Shared | None = None,
        marks: Sequence[float] = (),
        timed: Callable[[], Callable[[], float]] | None = None,
        rehearsed: bool = False,
    ) -> None:
        """``recipe`` resolved. Without ``model`` the problem's own network for the recipe is built.

        ``shared``: one and the same for networks that are trained side by side. ``marks``: parts of the budget, 0 to 1,
        at whose steps there are sure to be snapshots, where epochs or steps end it. ``timed``: starts a stopwatch and
        returns what reads its seconds; by default those of the clock on the wall. ``rehearsed``: a
        network of the user's own has been tried already.
        """
        self.recipe, self.problem = recipe, problem
        inputs, targets = problem.inputs, problem.targets
        model = problem.network(recipe) if model is None else model
        if recipe.model.module is not None and not rehearsed:
            rehearse(recipe, model, targets.shape[1], len(targets))
            model = models.materialized(model, recipe.seed)
        self.batching = Batching.of(recipe.training.batch, len(targets))
        self._engine = find(choose(recipe))(Task(recipe, inputs, targets, model, recipe.threads, shared or Shared()))
        self._sampler = self._engine.sampler() or SeededSampler(recipe.training.sampler, len(targets), recipe.seed)
        self.clock = Clock(recipe.budget, self.batching)
        last_step = self.clock.last_step
        self._marks = [] if last_step is None else sorted(math.ceil(mark * last_step) for mark in marks)
        self._divergence = Divergence(float(targets.var(axis=0).mean()), self._engine.weights)
        self._queue = np.empty(0, dtype=np.int64)
        self._monitor: Monitor[S] = problem.monitor(recipe, self._engine, model)
        self.overhead = OverheadBudget()
        self._processor = Processor(recipe.threads)
        self._timed = timed or wall_time
        self._resumed_at = 0.0
        self._evaluated_at = 0.0
        self._factor = 1.0
        self._changes = 0

    def snapshots(self, stop: Callable[[], bool] = lambda: False, stage: Stage = lambda *_: None) -> Iterator[S]:
        """Train to the end of the budget, yielding about ten snapshots a second and the last one evaluated.

        ``stop`` is asked between steps whether to end before, and during a long evaluation: one that it ends leaves
        a last snapshot without. ``stage`` is told how far a long evaluation is: (name, done, total).
        """
        return between_yields(self._snapshots(unscoped(stop), stage))

    def _snapshots(self, stop: Callable[[], bool], stage: Stage) -> Generator[S, None, None]:
        self._factor = schedules.factor(self.recipe.training.schedule, self.clock.progress_at(0.5))
        ended = self._ended(None)
        if not ended:
            self._try_an_evaluation()
        evaluation = None
        if ended:
            evaluation, ended = self._evaluate(stage, stop, ended)
        yield self._snapshot(None, evaluation, ended)
        self.overhead.under_way = True
        while ended is None:
            with self._processor.training():
                sums, samples = self._advance_to_snapshot()
            mean = Advance(sums.loss / samples, sums.squared_error / (samples * self.problem.targets.shape[1]))
            ended = "stopped" if stop() else self._ended(None)
            step, progress = self.clock.step, self.clock.progress
            if self._divergence.sees(mean.squared_error, progress, step / self.batching.steps_per_epoch, step):
                ended = "diverged"
            evaluation = None
            self._count()
            self.overhead.under_way = ended is None
            if ended is not None or self._evaluation_due():
                # Who has asked to stop already wants this evaluation.
                evaluation, ended = self._evaluate(stage, _never if ended == "stopped" else stop, ended)
                ended = ended or self._ended(evaluation)
            self.overhead.under_way = ended is None
            yield self._snapshot(mean, evaluation, ended)

    @scoped
    def advance(self, steps: int) -> tuple[Advance, int]:
        """Take so many steps: the sums over their samples, and how many these were. The budget does not end them."""
        loss, squared_error, samples = 0.0, 0.0, 0
        while steps > 0:
            taken, sums, count = self._take(steps)
            loss, squared_error, samples = loss + sums.loss, squared_error + sums.squared_error, samples + count
            steps -= taken
        return Advance(loss, squared_error), samples

    @scoped
    def outputs(self, inputs: NDArray[np.float64]) -> NDArray[np.floating]:
        """(M, D) -> (M, C): the network's unclipped outputs as it is now."""
        return self._engine.outputs(inputs)

    def weights(self) -> Arrays:
        """Copies of the network's weights by name."""
        return self._engine.weights()

    @scoped
    def state(self) -> Arrays:
        """Copies of all that training needs to continue to the same bits; no clock values."""
        state: Arrays = {"step": np.array(self.clock.step), "queue": self._queue.copy()}
        state |= {f"engine/{name}": value for name, value in self._engine.state().items()}
        return state | {f"sampler/{name}": value for name, value in self._sampler.state().items()}

    @scoped
    def load(self, state: Mapping[str, NDArray[Any]], seconds: float) -> None:
        """Continue where `state` was taken, after so many seconds of training.

        Raises RunError when the state is not one of this recipe and problem.
        """
        self._changes += 1
        try:
            self._engine.load(_part(state, "engine/"))
            self._sampler.load(_part(state, "sampler/"))
            step, queue = int(state["step"]), state["queue"]
            if step < 0:
                raise ValueError(f"step must be 0 or more, got {step}")
            # Engines trust the samples' numbers: wrong ones would read memory that is not theirs.
            if queue.ndim != 1 or queue.dtype.kind not in "iu" or np.any((queue < 0) | (queue >= self._samples)):
                raise ValueError(f"queue must hold numbers of samples from 0 to {self._samples - 1}")
            self.clock.step, self._queue = step, queue.astype(np.int64)
        except (KeyError, ValueError, IndexError, RuntimeError, TypeError, AttributeError) as error:
            reason = shortened(" ".join(str(error).split()), 300)
            raise RunError(f"the checkpoint must be one of this recipe and picture: {reason}") from None
        self.clock.seconds = self._evaluated_at = self._resumed_at = seconds

    @property
    def _samples(self) -> int:
        return self.batching.samples

    def _advance_to_snapshot(self) -> tuple[Advance, int]:
        """Take the steps up to the next snapshot: their sums, and how many samples they showed.

        An epoch's end is passed over, unless each is to be evaluated: of a small picture there are hundreds a second.
        """
        loss, squared_error, samples = 0.0, 0.0, 0
        wanted = self.clock.steps_in(SECONDS_PER_SNAPSHOT)
        wanted = min([wanted, *(mark - self.clock.step for mark in self._marks if mark > self.clock.step)])
        while wanted > 0:
            taken, sums, count = self._take(wanted)
            loss, squared_error, samples = loss + sums.loss, squared_error + sums.squared_error, samples + count
            wanted -= taken
            if self.clock.ended or (self.recipe.evaluation.interval == "epoch" and not len(self._queue)):
                break
        return Advance(loss, squared_error), samples

    def _take(self, wanted: int) -> tuple[int, Advance, int]:
        """Take at most so many steps, of one epoch: how many, the sums over their samples, and how many these were."""
        self._changes += 1
        read = self._timed()
        if not len(self._queue):
            self._queue = self._sampler.epoch()
        steps = min(wanted, self.batching.steps_for(len(self._queue)))
        schedule = self.recipe.training.schedule
        # The middle of a step stands for it: so neither the first step of a warm-up nor the last of a decay is lost.
        rates = [schedules.factor(schedule, self.clock.progress_at(ahead + 0.5)) for ahead in range(steps)]
        samples, self._queue = np.split(self._queue, [steps * self.batching.batch])
        self._factor = rates[-1]
        sums = self._engine.advance(samples, np.array(rates))
        self.clock.spent(steps, read())
        return steps, sums, len(samples)

    def _ended(self, evaluation: Metrics | None) -> str | None:
        budget, clock = self.recipe.budget, self.clock
        if budget.psnr is not None and evaluation is not None and evaluation.psnr >= budget.psnr:
            return "psnr"
        if not clock.ended:
            return None
        if clock.last_step is None or clock.step < clock.last_step:
            return "seconds"
        return "steps" if clock.step == budget.steps else "epochs"

    def _evaluation_due(self) -> bool:
        match self.recipe.evaluation.interval:
            case "epoch":
                return not len(self._queue)
            case "end":
                return False
            case _:
                # A frame comes of every evaluation.
                long_ago = self.clock.seconds - self._evaluated_at >= SECONDS_PER_SNAPSHOT
                return long_ago and self.overhead.can_afford_evaluation()

    def _count(self) -> None:
        seconds, progress = self.clock.seconds, self.clock.progress
        self.overhead.training = seconds - self._resumed_at
        self.overhead.remaining = seconds / progress - seconds if progress else 0.0

    def _evaluate(self, stage: Stage, stop: Callable[[], bool], ended: str | None) -> tuple[Metrics | None, str | None]:
        """An evaluation and why training ended; none, and ``stopped``, where it was stopped meanwhile."""
        try:
            with self.overhead.measure(EVALUATION):
                evaluation = self._monitor.evaluate(stage, stop)
        except InterruptedEvaluationError:
            return None, "stopped"
        self._evaluated_at = self.clock.seconds
        return evaluation, ended

    def _try_an_evaluation(self) -> None:
        before = time.perf_counter()
        whole = self._monitor.evaluation_seconds()
        if whole is None:
            return
        self.overhead.first_and_last += time.perf_counter() - before
        self.overhead.expect(EVALUATION, whole)

    def _guard(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return the same function, which refuses once the network has been trained on."""
        step, changes = self.clock.step, self._changes

        def guarded(*arguments: P.args, **named: P.kwargs) -> T:
            if self._changes != changes:
                raise SnapshotError(
                    f"the snapshot of step {step} must be asked before the next one is. Got step {self.clock.step} by "
                    "now; keep what is needed of each: snapshot.weights(), snapshot.painting()."
                )
            return function(*arguments, **named)

        return scoped(guarded)

    def _snapshot(self, mean: Advance | None, evaluation: Metrics | None, ended: str | None) -> S:
        step = self.clock.step
        samples = self.batching.samples_after(step)
        values = Snapshot(
            epoch=samples / self._samples,
            step=step,
            samples=samples,
            seconds=self.clock.seconds,
            progress=self.clock.progress if ended in (None, "stopped", "diverged") else 1.0,
            loss=math.nan if mean is None else mean.loss,
            running_psnr=math.nan if mean is None else images.psnr(mean.squared_error),
            learning_rate=self.recipe.training.optimizer.lr * self._factor,
            evaluation=evaluation,
            ended=ended,
            reason=self._divergence.reason,
            cause=self._divergence.cause,
            processor_share=None if ended is None or self.recipe.device == "cuda" else self._processor.share(),
            outputs=self._guard(self._engine.outputs),
            weights=self._guard(self._engine.weights),
            stats=lambda: None,
            state=self._guard(self.state),
            overhead=self.overhead,
        )
        return self._monitor.snapshot(values, self._guard)


def wall_time() -> Callable[[], float]:
    """Start a stopwatch, and return what reads its seconds."""
    before = time.perf_counter()
    return lambda: time.perf_counter() - before


def _never() -> bool:
    return False


def _part(state: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
