"""The training loop around an engine, for any problem: budget, sampler, schedule and evaluations."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.errors import RecipeError, RunError, SnapshotError
from sfumato.formatting import shortened
from sfumato.models.targets import to_targets
from sfumato.process_state import between_yields, scoped, unscoped
from sfumato.recipe import Recipe
from sfumato.recipe.budget import Batching
from sfumato.training import final_layer, samplers, schedules
from sfumato.training.clock import Clock
from sfumato.training.divergence import Divergence
from sfumato.training.engines import Advance, Arrays, Shared, Task, build
from sfumato.training.grid import Grid
from sfumato.training.overhead import EVALUATION, OverheadBudget
from sfumato.training.problem import InterruptedEvaluationError, Monitor, Problem, Stage
from sfumato.training.processor_share import ProcessorShare
from sfumato.training.rehearsal import rehearse
from sfumato.training.samplers import Context, Draws
from sfumato.training.snapshot import Metrics, Snapshot

SECONDS_PER_SNAPSHOT = 0.1
"""Approximate seconds of steps between two snapshots, at which a training can be observed and stopped."""

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
        stopwatch: Callable[[], Callable[[], float]] | None = None,
        rehearsed: bool = False,
    ) -> None:
        """Prepare a training; ``recipe`` resolved. Without ``model``, the problem builds the network of the recipe.

        ``shared``: the same object for networks that are trained concurrently. ``marks``: fractions of the budget, 0 to
        1, at which a snapshot is guaranteed, if epochs or steps end the budget. ``stopwatch``: a function that starts a
        stopwatch and returns a function that reads its seconds; by default `wall_time`. ``rehearsed``: a custom network
        has already been rehearsed.
        """
        self.recipe, self.problem = recipe, problem
        inputs, targets = problem.inputs, problem.targets
        _require_channel_weights(recipe, targets.shape[1])
        model = problem.network(recipe) if model is None else model
        if recipe.model.module is not None and not rehearsed:
            rehearse(recipe, model, targets.shape[1], len(targets))
            model = models.materialized(model, recipe.seed)
        if recipe.training.final_layer == "least_squares":
            final_layer.require_layers(model)
        self._model = model
        self.batching = Batching.of(recipe.training.batch, len(targets))
        self.clock = Clock(recipe.budget, self.batching)
        grid, factors = problem.grid, recipe.training.sampler.factors
        coarse = [(grid.averages(inputs, factor), grid.averages(targets, factor)) for factor in factors]
        if coarse:
            inputs = np.concatenate([inputs, *(level for level, _ in coarse)])
            targets = np.concatenate([targets, *(level for _, level in coarse)])
        self._rows = len(targets)
        shape = (grid.height, grid.width)
        task = Task(recipe, inputs, targets, model, recipe.threads, shared or Shared(), shape)
        self._engine = build(task)
        context = self._context(grid, tuple(len(level) for level, _ in coarse))
        self._sampler = self._engine.sampler() or samplers.build(recipe.training.sampler, context)
        last_step = self.clock.last_step
        self._marks = [] if last_step is None else sorted(math.ceil(mark * last_step) for mark in marks)
        self._divergence = Divergence(float(problem.targets.var(axis=0).mean()), self._engine.weights)
        self._queue = Draws(np.empty(0, dtype=np.int64))
        self._shown = 0
        self._monitor: Monitor[S] = problem.monitor(recipe, self._engine, model)
        self.overhead = OverheadBudget()
        self._processor_share = ProcessorShare(recipe.threads)
        self._stopwatch = stopwatch or wall_time
        self._resumed_at = 0.0
        self._evaluated_at = 0.0
        self._factor = 1.0
        self._version = 0

    def snapshots(self, stop: Callable[[], bool] = lambda: False, stage: Stage = lambda *_: None) -> Iterator[S]:
        """Train to the end of the budget and yield about ten snapshots per second; the last one has an evaluation.

        ``stop`` is called between steps, and during a long evaluation, and ends the training if it returns true; the
        last snapshot has no evaluation if that was interrupted. ``stage`` is called with the progress of a long
        evaluation: (name, done, total).
        """
        return between_yields(self._snapshots(unscoped(stop), stage))

    def _snapshots(self, stop: Callable[[], bool], stage: Stage) -> Generator[S, None, None]:
        [self._factor] = self._factors(1)
        ended = self._ended(None)
        if not ended:
            self._time_an_evaluation()
        evaluation = None
        if ended:
            evaluation, ended = self._evaluate(stage, stop, ended)
        yield self._snapshot(None, evaluation, ended)
        self.overhead.under_way = True
        while ended is None:
            with self._processor_share.training():
                totals, samples = self._advance_to_snapshot()
            mean = Advance(totals.loss / samples, totals.squared_error / (samples * self.problem.targets.shape[1]))
            ended = "stopped" if stop() else self._ended(None)
            step, progress = self.clock.step, self.clock.progress
            if self._divergence.update(mean.squared_error, progress, step / self.batching.steps_per_epoch, step):
                ended = "diverged"
            evaluation = None
            if ended is not None and ended not in ("stopped", "diverged"):
                self._finish()
            self._update_overhead()
            self.overhead.under_way = ended is None
            if ended is not None or self._evaluation_due():
                # A training that has been stopped still gets its last evaluation, which is not interrupted in turn.
                evaluation, ended = self._evaluate(stage, _never if ended == "stopped" else stop, ended)
                ended = ended or self._ended(evaluation)
            self.overhead.under_way = ended is None
            yield self._snapshot(mean, evaluation, ended)

    @scoped
    def advance(self, steps: int) -> tuple[Advance, int]:
        """Take ``steps`` steps, even beyond the budget; return the sums over their samples, and how many samples."""
        loss, squared_error, samples = 0.0, 0.0, 0
        while steps > 0:
            taken, totals, count = self._take_steps(steps)
            loss, squared_error, samples = loss + totals.loss, squared_error + totals.squared_error, samples + count
            steps -= taken
        return Advance(loss, squared_error), samples

    @scoped
    def outputs(self, inputs: NDArray[np.float64]) -> NDArray[np.floating]:
        """Return the values of the network's outputs as it is now, unclipped, (M, D) -> (M, C)."""
        return self._engine.outputs(inputs)

    def weights(self) -> Arrays:
        """Return copies of the network's weights by name."""
        return self._engine.weights()

    @scoped
    def state(self) -> Arrays:
        """Return copies of all that is needed to continue with identical results, bit for bit, without times."""
        state: Arrays = {"step": np.array(self.clock.step), "queue": self._queue.indices.copy()}
        if self._shown != self.batching.samples_after(self.clock.step):
            state["samples"] = np.array(self._shown)
        if self._queue.weights is not None:
            state["queue_weights"] = self._queue.weights.copy()
        state |= {f"engine/{name}": value for name, value in self._engine.state().items()}
        return state | {f"sampler/{name}": value for name, value in self._sampler.state().items()}

    @scoped
    def load(self, state: Mapping[str, NDArray[Any]], seconds: float) -> None:
        """Continue from a ``state`` that was taken after ``seconds`` seconds of training.

        Raise RunError if the state does not belong to this recipe and problem.
        """
        self._version += 1
        try:
            self._engine.load(_with_prefix(state, "engine/"))
            self._sampler.load(_with_prefix(state, "sampler/"))
            step, queue = int(state["step"]), state["queue"]
            if step < 0:
                raise ValueError(f"step must be 0 or more, got {step}")
            # Engines do not check the indices of samples: invalid ones would read outside of their arrays.
            if queue.ndim != 1 or queue.dtype.kind not in "iu" or np.any((queue < 0) | (queue >= self._rows)):
                raise ValueError(f"queue must hold indices of samples from 0 to {self._rows - 1}")
            shown = int(state.get("samples", self.batching.samples_after(step)))
            if shown < 0:
                raise ValueError(f"samples must be 0 or more, got {shown}")
            weights = state.get("queue_weights")
            if weights is not None and (weights.shape != queue.shape or not np.all(weights >= 0)):
                raise ValueError("queue_weights must hold one number of 0 or more for each sample of the queue")
            self.clock.step, self._shown = step, shown
            self._queue = Draws(queue.astype(np.int64), None if weights is None else weights.astype(np.float32))
        except (KeyError, ValueError, IndexError, RuntimeError, TypeError, AttributeError) as error:
            reason = shortened(" ".join(str(error).split()), 300)
            raise RunError(f"the checkpoint must be one of this recipe and picture: {reason}") from None
        self.clock.seconds = self._evaluated_at = self._resumed_at = seconds

    def _context(self, grid: Grid, coarse: tuple[int, ...]) -> Context:
        # Not through the trainer, which has the sampler: after a training everything must go at once, the optimizer's
        # hooks in the user's module included, not when the garbage collector comes to a cycle.
        clock, engine, inputs, targets = self.clock, self._engine, self.problem.inputs, self.problem.targets
        return Context(
            seed=self.recipe.seed,
            batch=self.batching.batch,
            grid=grid,
            progress=lambda: clock.progress,
            errors=lambda: engine.outputs(inputs) - targets,
            coarse=coarse,
        )

    def _advance_to_snapshot(self) -> tuple[Advance, int]:
        """Take the steps up to the next snapshot; return the sums over their samples, and how many samples.

        Continue across the ends of epochs, unless each is evaluated: a small picture has hundreds of epochs per second.
        """
        loss, squared_error, samples = 0.0, 0.0, 0
        steps = self.clock.steps_in(SECONDS_PER_SNAPSHOT)
        steps = min([steps, *(mark - self.clock.step for mark in self._marks if mark > self.clock.step)])
        while steps > 0:
            taken, totals, count = self._take_steps(steps)
            loss, squared_error, samples = loss + totals.loss, squared_error + totals.squared_error, samples + count
            steps -= taken
            if self.clock.ended or (self.recipe.evaluation.interval == "epoch" and not len(self._queue.indices)):
                break
        return Advance(loss, squared_error), samples

    def _take_steps(self, limit: int) -> tuple[int, Advance, int]:
        """Take at most ``limit`` steps of one epoch; return how many, the sums over samples, and how many samples."""
        self._version += 1
        elapsed = self._stopwatch()
        if not len(self._queue.indices):
            self._queue = self._sampler.epoch()
        steps = min(limit, self.batching.steps_for(len(self._queue.indices)))
        factors = self._factors(steps)
        drawn, self._queue = self._queue.split(steps * self.batching.batch)
        self._factor = factors[-1]
        totals = self._engine.advance(drawn.indices, np.array(factors), drawn.weights)
        self.clock.record(steps, elapsed())
        self._shown += len(drawn.indices)
        return steps, totals, len(drawn.indices)

    def _finish(self) -> None:
        """Solve for the last layer, if the recipe says so. A training that was stopped may go on, and is left as is."""
        if self.recipe.training.final_layer == "trained":
            return
        elapsed = self._stopwatch()
        self._version += 1
        targets = to_targets(self.problem.targets, self.recipe.data.target_range)
        weights = final_layer.solved(self.recipe, self._model, self._engine.weights(), self.problem.inputs, targets)
        self._engine.set_final_weights(weights)
        self.clock.record_work(elapsed())

    def _factors(self, steps: int) -> list[float]:
        """Return the factors of the learning rate in the next ``steps`` steps, all of one epoch."""
        done_in_epoch = self.clock.step % self.batching.steps_per_epoch
        return schedules.factors(self.recipe.training.schedule, steps, done_in_epoch, self.clock.progress_at)

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
                return not len(self._queue.indices)
            case "end":
                return False
            case _:
                # Every evaluation also makes a frame of the film.
                long_ago = self.clock.seconds - self._evaluated_at >= SECONDS_PER_SNAPSHOT
                return long_ago and self.overhead.can_afford_evaluation()

    def _update_overhead(self) -> None:
        seconds, progress = self.clock.seconds, self.clock.progress
        self.overhead.training = seconds - self._resumed_at
        self.overhead.remaining = seconds / progress - seconds if progress else 0.0

    def _evaluate(self, stage: Stage, stop: Callable[[], bool], ended: str | None) -> tuple[Metrics | None, str | None]:
        """Return an evaluation and ``ended``; None and ``stopped`` if ``stop`` interrupted it."""
        try:
            with self.overhead.measure(EVALUATION):
                evaluation = self._monitor.evaluate(stage, stop)
        except InterruptedEvaluationError:
            return None, "stopped"
        self._evaluated_at = self.clock.seconds
        return evaluation, ended

    def _time_an_evaluation(self) -> None:
        before = time.perf_counter()
        seconds = self._monitor.evaluation_seconds()
        if seconds is None:
            return
        self.overhead.first_and_last += time.perf_counter() - before
        self.overhead.expect(EVALUATION, seconds)

    def _guard(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return the same function, which raises SnapshotError once training has continued."""
        step, version = self.clock.step, self._version

        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            if self._version != version:
                raise SnapshotError(
                    f"the snapshot of step {step} must be used before the next one is requested. Got step "
                    f"{self.clock.step} meanwhile; keep its results instead: snapshot.weights(), snapshot.painting()."
                )
            return function(*args, **kwargs)

        return scoped(guarded)

    def _snapshot(self, mean: Advance | None, evaluation: Metrics | None, ended: str | None) -> S:
        step = self.clock.step
        values = Snapshot(
            # Steps in units of an epoch's, also where a sampler shows fewer samples in some.
            epoch=self.batching.samples_after(step) / self.batching.samples,
            step=step,
            samples=self._shown,
            seconds=self.clock.seconds,
            progress=self.clock.progress if ended in (None, "stopped", "diverged") else 1.0,
            loss=math.nan if mean is None else mean.loss,
            running_psnr=math.nan if mean is None else images.psnr(mean.squared_error),
            learning_rate=self.recipe.training.optimizer.lr * self._factor,
            evaluation=evaluation,
            ended=ended,
            reason=self._divergence.reason,
            cause=self._divergence.cause,
            processor_share=None if ended is None or self.recipe.device == "cuda" else self._processor_share.share(),
            outputs=self._guard(self._engine.outputs),
            weights=self._guard(self._engine.weights),
            stats=lambda: None,
            state=self._guard(self.state),
            overhead=self.overhead,
        )
        return self._monitor.snapshot(values, self._guard)


def wall_time() -> Callable[[], float]:
    """Start a stopwatch of the wall time and return a function that reads its seconds."""
    before = time.perf_counter()
    return lambda: time.perf_counter() - before


def _require_channel_weights(recipe: Recipe, channels: int) -> None:
    weights = recipe.training.channel_weights
    if weights is not None and len(weights) != channels:
        raise RecipeError(
            f"training.channel_weights must be one weight for each of the {channels} channels. Got {len(weights)}: "
            f"{', '.join(f'{weight:g}' for weight in weights)}."
        )


def _never() -> bool:
    return False


def _with_prefix(state: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
