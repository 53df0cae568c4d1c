"""The training loop: budget, pixel order, schedule and evaluations around an engine."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato import images, models
from sfumato.cores import available_cores
from sfumato.errors import RunError, SnapshotError
from sfumato.notices import LOG
from sfumato.process_state import between_yields, scoped, unscoped
from sfumato.recipe import Recipe
from sfumato.recipe.engines import ENGINES
from sfumato.training import schedules
from sfumato.training.canvas import Canvas
from sfumato.training.clock import Clock
from sfumato.training.divergence import Divergence
from sfumato.training.engines import Advance, Arrays, Shared, Task, choose, find
from sfumato.training.evaluation import (
    BLOCK,
    Evaluation,
    InterruptedEvaluationError,
    Stage,
    evaluate,
    rows_of_a_block,
    unheard,
)
from sfumato.training.health.figures import Figures
from sfumato.training.health.gauge import Gauge
from sfumato.training.held_out import held_out
from sfumato.training.looking import EVALUATIONS, Looking
from sfumato.training.orders import SeededOrder
from sfumato.training.rehearsal import rehearse
from sfumato.training.snapshot import Snapshot
from sfumato.training.starvation import Processor
from sfumato.words import duration, shortened

SECONDS_A_SNAPSHOT = 0.1
"""Steps between two snapshots take about this long: so often a run can be watched, and so soon it can be stopped."""

P = ParamSpec("P")
T = TypeVar("T")

TRIED_PIXELS = 4096
"""Before the first step so many pixels are painted and compared, to know what an evaluation will cost."""


LONG_EVALUATION = 10.0
"""Seconds that an evaluation will take from which on one is told before the first step."""


def resolve(recipe: Recipe) -> Recipe:
    """The recipe with every ``auto`` replaced by what it comes to on this machine.

    Raises EngineError when no engine can train it.
    """
    spec = ENGINES[choose(recipe)]
    dtype = spec.dtype if recipe.dtype == "auto" else recipe.dtype
    device = recipe.device
    if device == "auto":
        device = "cuda" if not spec.compiled and torch.cuda.is_available() else "cpu"
    threads = 1 if spec.single_threaded else recipe.threads or available_cores()
    return recipe.model_copy(update={"engine": spec.name, "dtype": dtype, "device": device, "threads": threads})


class Loop:
    """One training of one recipe on one picture. Iterate over `snapshots`."""

    @scoped
    def __init__(
        self,
        recipe: Recipe,
        picture: NDArray[np.float32],
        model: torch.nn.Module | None = None,
        shared: Shared | None = None,
        marks: Sequence[float] = (),
    ) -> None:
        """``recipe`` resolved; ``picture`` (H, W, C). Without ``model`` the recipe's own network is built.

        ``shared``: one and the same for loops whose networks are trained side by side. ``marks``: parts of the budget,
        0 to 1, at whose steps there are sure to be snapshots, where epochs or steps end it.
        """
        shared = shared or Shared()
        self.recipe = recipe
        self.picture = picture
        self._picture = shared.one(images.exact(picture))
        height, width, channels = picture.shape
        coordinates = models.grid(recipe.coordinates, height, width)
        targets = self._picture.reshape(-1, channels)
        self._held_out = held_out(recipe, height, width)
        if self._held_out is not None:
            kept = ~self._held_out.reshape(-1)
            coordinates, targets = coordinates[kept], targets[kept]
        if model is None:
            model = models.build(recipe.model, channels, recipe.seed, models.DTYPES[recipe.dtype], recipe.coordinates)
        if recipe.model.module is not None:
            rehearse(recipe, model, channels, len(targets))
            model = models.materialized(model, recipe.seed)
        self._model = model
        self._parameters = sum(each.numel() for each in model.parameters())
        self._gauge: Gauge | None = None
        self._engine = find(choose(recipe))(Task(recipe, coordinates, targets, model, recipe.threads, shared))
        self._order = self._engine.order() or SeededOrder(recipe.training.order, len(targets), recipe.seed)
        self._batch = len(targets) if recipe.training.batch == "all" else min(recipe.training.batch, len(targets))
        self._pixels = len(targets)
        self._values = targets.size
        self._steps_an_epoch = math.ceil(self._pixels / self._batch)
        self.clock = Clock(recipe.budget, self._steps_an_epoch)
        last_step = self.clock.last_step
        self._marks = [] if last_step is None else sorted(math.ceil(mark * last_step) for mark in marks)
        self._divergence = Divergence(float(targets.var(axis=0).mean()), self._engine.weights)
        self._queue = np.empty(0, dtype=np.int64)
        self._canvas = Canvas(self._engine, (height, width), None if self._held_out is None else ~self._held_out)
        self.looking = Looking()
        self._processor = Processor(recipe.threads)
        self._resumed_at = 0.0
        self._evaluated_at = 0.0
        self._factor = 1.0
        self._changes = 0

    def snapshots(self, stop: Callable[[], bool] = lambda: False, stage: Stage = unheard) -> Iterator[Snapshot]:
        """Train to the end of the budget, yielding about ten snapshots a second and the last one evaluated.

        ``stop`` is asked between steps whether to end before, and during a long evaluation: one that it ends leaves
        a last snapshot without. ``stage`` is told how far a long evaluation is: (name, done, total).
        """
        return between_yields(self._snapshots(unscoped(stop), stage))

    def _snapshots(self, stop: Callable[[], bool], stage: Stage) -> Generator[Snapshot, None, None]:
        self._factor = schedules.factor(self.recipe.training.schedule, self.clock.progress_at(0.5))
        ended = self._ended(None)
        many = self.picture.shape[0] * self.picture.shape[1] > BLOCK
        if not ended and (many or self.recipe.evaluation.every == "auto"):
            self._try_an_evaluation()
        evaluation = None
        if ended:
            evaluation, ended = self._evaluate(stage, stop, ended)
        yield self._snapshot(None, evaluation, ended)
        self.looking.between = True
        while ended is None:
            with self._processor.training():
                sums, samples = self._advance()
            mean = Advance(sums.loss / samples, sums.squared_error / (samples * self._values / self._pixels))
            ended = "stopped" if stop() else self._ended(None)
            step, progress = self.clock.step, self.clock.progress
            if self._divergence.sees(mean.squared_error, progress, step / self._steps_an_epoch, step):
                ended = "diverged"
            evaluation = None
            self._count()
            self.looking.between = ended is None
            if ended is not None or self._evaluation_due():
                # Who has asked to stop already wants this painting.
                evaluation, ended = self._evaluate(stage, _never if ended == "stopped" else stop, ended)
                ended = ended or self._ended(evaluation)
            self.looking.between = ended is None
            yield self._snapshot(mean, evaluation, ended)

    def weights(self) -> Arrays:
        """Copies of the network's weights by name."""
        return self._engine.weights()

    @scoped
    def state(self) -> Arrays:
        """Copies of all that training needs to continue to the same bits; no clock values."""
        state: Arrays = {"step": np.array(self.clock.step), "queue": self._queue.copy()}
        state |= {f"engine/{name}": value for name, value in self._engine.state().items()}
        return state | {f"order/{name}": value for name, value in self._order.state().items()}

    @scoped
    def load(self, state: Mapping[str, NDArray[Any]], seconds: float) -> None:
        """Continue where `state` was taken, after so many seconds of training.

        Raises RunError when the state is not one of this recipe and picture.
        """
        self._changes += 1
        try:
            self._engine.load(_part(state, "engine/"))
            self._order.load(_part(state, "order/"))
            step, queue = int(state["step"]), state["queue"]
            if step < 0:
                raise ValueError(f"step must be 0 or more, got {step}")
            # Engines trust the pixels' numbers: wrong ones would read memory that is not theirs.
            if queue.ndim != 1 or queue.dtype.kind not in "iu" or np.any((queue < 0) | (queue >= self._pixels)):
                raise ValueError(f"queue must hold numbers of pixels from 0 to {self._pixels - 1}")
            self.clock.step, self._queue = step, queue.astype(np.int64)
        except (KeyError, ValueError, IndexError, RuntimeError, TypeError, AttributeError) as error:
            reason = shortened(" ".join(str(error).split()), 300)
            raise RunError(f"the checkpoint must be one of this recipe and picture: {reason}") from None
        self.clock.seconds = self._evaluated_at = self._resumed_at = seconds

    def _advance(self) -> tuple[Advance, int]:
        """Take the steps up to the next snapshot: their sums, and how many samples they showed.

        An epoch's end is passed over, unless each is to be evaluated: of a small picture there are hundreds a second.
        """
        self._changes += 1
        loss, squared_error, samples = 0.0, 0.0, 0
        wanted = self.clock.steps_in(SECONDS_A_SNAPSHOT)
        wanted = min([wanted, *(mark - self.clock.step for mark in self._marks if mark > self.clock.step)])
        while wanted > 0:
            before = time.perf_counter()
            if not len(self._queue):
                self._queue = self._order.epoch()
            steps = min(wanted, math.ceil(len(self._queue) / self._batch))
            sums, count = self._take(steps)
            self.clock.spent(steps, time.perf_counter() - before)
            loss, squared_error, samples = loss + sums.loss, squared_error + sums.squared_error, samples + count
            wanted -= steps
            if self.clock.ended or (self.recipe.evaluation.every == "epoch" and not len(self._queue)):
                break
        return Advance(loss, squared_error), samples

    def _take(self, steps: int) -> tuple[Advance, int]:
        schedule = self.recipe.training.schedule
        # The middle of a step stands for it: so neither the first step of a warm-up nor the last of a decay is lost.
        rates = [schedules.factor(schedule, self.clock.progress_at(ahead + 0.5)) for ahead in range(steps)]
        pixels, self._queue = np.split(self._queue, [steps * self._batch])
        self._factor = rates[-1]
        return self._engine.advance(pixels, np.array(rates)), len(pixels)

    def _ended(self, evaluation: Evaluation | None) -> str | None:
        budget, clock = self.recipe.budget, self.clock
        if budget.psnr is not None and evaluation is not None and evaluation.psnr >= budget.psnr:
            return "psnr"
        if not clock.ended:
            return None
        if clock.last_step is None or clock.step < clock.last_step:
            return "seconds"
        return "steps" if clock.step == budget.steps else "epochs"

    def _evaluation_due(self) -> bool:
        match self.recipe.evaluation.every:
            case "epoch":
                return not len(self._queue)
            case "end":
                return False
            case _:
                # A frame comes of every evaluation.
                long_ago = self.clock.seconds - self._evaluated_at >= SECONDS_A_SNAPSHOT
                return long_ago and self.looking.affords(EVALUATIONS, "evaluation", "frame")

    def _count(self) -> None:
        seconds, progress = self.clock.seconds, self.clock.progress
        self.looking.training = seconds - self._resumed_at
        self.looking.ahead = seconds / progress - seconds if progress else 0.0

    def _evaluate(
        self, stage: Stage, stop: Callable[[], bool], ended: str | None
    ) -> tuple[Evaluation | None, str | None]:
        """An evaluation and why training ended; none, and ``stopped``, where it was stopped meanwhile."""
        height, width, _ = self._picture.shape
        block = rows_of_a_block(width, self._parameters)
        try:
            with self.looking.at("evaluation"):
                evaluation = evaluate(
                    lambda some: self._rows(height, width, some),
                    self._picture,
                    self._held_out,
                    block=block,
                    stage=stage,
                    stop=stop,
                )
                self._canvas.refresh(evaluation.painting)
        except InterruptedEvaluationError:
            return None, "stopped"
        self._evaluated_at = self.clock.seconds
        return evaluation, ended

    def _try_an_evaluation(self) -> None:
        height, width, _ = self._picture.shape
        rows = min(max(TRIED_PIXELS // width, 1), height)
        seconds = 0.0
        # Twice: the first time imports what comparing needs.
        for _ in range(2):
            before = time.perf_counter()
            evaluate(lambda some: self._rows(height, width, some), self._picture[:rows], None)
            seconds = time.perf_counter() - before
            self.looking.first_and_last += seconds
        whole = seconds * height / rows
        self.looking.expect("evaluation", whole)
        if whole >= LONG_EVALUATION:
            LOG.info(
                f"{duration(whole)} to paint all {height * width:,} pixels and compare them, once training has ended; "
                "a smaller --picture.max-side takes less"
            )

    def _rows(self, rows: int, columns: int, some: slice) -> NDArray[np.floating]:
        """Some rows of a painting of so many, (n, columns, C)."""
        coordinates = models.grid(self.recipe.coordinates, rows, columns, some=some)
        return self._engine.outputs(coordinates).reshape(-1, columns, self._picture.shape[2])

    def _paint(self, rows: int, columns: int) -> NDArray[np.floating]:
        block = rows_of_a_block(columns, self._parameters)
        parts = [self._rows(rows, columns, slice(start, start + block)) for start in range(0, rows, block)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _figures(self) -> Figures | None:
        # Made when it is first asked for: most of many networks are never looked into.
        self._gauge = self._gauge or Gauge(self.recipe, self._picture, self._model)
        return self._gauge.figures(self._engine.weights())

    def _of_now(self, look: Callable[P, T]) -> Callable[P, T]:
        """The same function, which refuses once the network has been trained on."""
        step, changes = self.clock.step, self._changes

        def looked(*arguments: P.args, **named: P.kwargs) -> T:
            if self._changes != changes:
                raise SnapshotError(
                    f"the snapshot of step {step} must be asked before the next one is. Got step {self.clock.step} by "
                    "now; keep what is needed of each: snapshot.weights(), snapshot.painting()."
                )
            return look(*arguments, **named)

        return scoped(looked)

    def _snapshot(self, mean: Advance | None, evaluation: Evaluation | None, ended: str | None) -> Snapshot:
        self._canvas.passed()
        step = self.clock.step
        epochs, steps = divmod(step, self._steps_an_epoch)
        samples = epochs * self._pixels + min(steps * self._batch, self._pixels)
        height, width, _ = self._picture.shape
        return Snapshot(
            epoch=samples / self._pixels,
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
            paint=self._of_now(self._paint),
            canvas=self._of_now(lambda: self._canvas.look(self._paint)),
            weights=self._of_now(self._engine.weights),
            figures=self._of_now(self._figures),
            state=self._of_now(self.state),
            size=(height, width),
            looking=self.looking,
        )


def _never() -> bool:
    return False


def _part(state: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
