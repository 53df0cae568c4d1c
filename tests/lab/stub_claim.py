"""The claim about MNIST without training, with given scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sfumato.lab.digits.epoch_time import EpochTime
from sfumato.lab.experiment import Experiment, run_plan
from sfumato.lab.mnist_claim import Claim
from sfumato.lab.questions import mnist_claim
from sfumato.lab.trial import Outcome, Trial, identity
from sfumato.recipe import Recipe, changed
from tests.lab.digits import made
from tests.lab.small_plan import pictures, target

EPOCH_TIME = EpochTime(2.0, 4.0, 0.51, 15, 16, "fused", 2, 256)

NOISE = (0.05, -0.04, 0.03, -0.03, -0.01)


def claim(path: Path, by_picture: float, by_digits: float, epoch_time: EpochTime = EPOCH_TIME, **digits: Any) -> Claim:
    """Return a claim in which four layers are better than one by so many dB, and so many percentage points."""
    digits_ = made.digits(**digits)
    recipe = changed(Recipe(), mnist_claim.DEFAULTS)
    plans = mnist_claim.plans(recipe, pictures()[0], digits_, seeds=tuple(range(5)), tuning=None)
    found: list[Experiment] = []
    for plan, learned, better in zip(plans, (target(), digits_), (by_picture, by_digits), strict=True):

        def executor(
            trials: Iterable[Trial], _: Any, stop: Any, field: str = plan.measure.field, better: float = better
        ) -> Iterator[Outcome]:
            for trial in trials:
                above = better + NOISE[trial.key.seed] if trial.key.arm == "4" else 0
                score = {field: 90.0 + above}
                curve = [{"epoch": 1, "samples": 80, "seconds": 1.0, **score}]
                row = {"status": "finished", "epoch": 1, "samples": 80, "step": 1, "seconds": 1.0, "curve": curve}
                yield Outcome(trial.key, {**identity(trial.key), **row, **score}, {}, (), None)

        found.append(run_plan(plan, learned, path / plan.task, executor=executor))
    return Claim(epoch_time, *found)
