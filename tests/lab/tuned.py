"""Plans that tune several numbers, and executors that score settings by a formula in place of training."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sfumato.lab.experiment import Experiment, StoppedError, load_experiment, run_plan
from sfumato.lab.plan import Plan
from sfumato.lab.trial import Key, Outcome, Trial, failed, identity
from tests.lab.small_plan import small_plan, target

SINE = {"model": {"activation": "sine(30)", "init": "siren(30)"}}
RELU = {"model": {"activation": "relu", "init": "he"}}

Score = Callable[[Key], float | None]
"""Key of a trial -> dB; None where training fails."""


def plan(*arms: dict[str, Any], **how: Any) -> Plan:
    """Return a plan whose arms tune their learning rate and omega: by default a sine and a ReLU network."""
    return small_plan(*(arms or (SINE, RELU)), **{"tune": "lr,omega", "tuning_trials": 8, **how})


def peak(key: Key) -> float | None:
    """Return a score with a peak at the rate 0.004 and omega 17, which more training raises; it differs by seed."""
    omega = dict(key.values).get("omega", 17.0)
    off = math.log(key.rates[0] / 0.004) ** 2 + math.log(omega / 17.0) ** 2
    noise = 0.05 * math.sin(1e3 * key.rates[0] + key.seed)
    return 30.0 + 3.0 * math.log(key.fraction) - 0.6 * off + noise


def run(
    of: Plan,
    path: Path,
    score: Score = peak,
    *,
    order: int | None = None,
    at_most: int | None = None,
    **how: Any,
) -> Experiment:
    """Return the experiment. ``order``: seed of the random order of trials; ``at_most``: trials until it stops."""
    left = [math.inf if at_most is None else at_most]

    def executor(trials: Iterable[Trial], learned: Any, stop: Any) -> Iterator[Outcome]:
        given = list(trials)
        shuffled = given if order is None else random.Random(order).sample(given, len(given))
        for trial in shuffled:
            if left[0] <= 0:
                return
            left[0] -= 1
            yield _outcome(trial.key, score(trial.key))

    try:
        return run_plan(of, target(), path, executor=executor, stop=lambda: left[0] <= 0, **how)
    except StoppedError:
        return load_experiment(path)


def _outcome(key: Key, psnr: float | None) -> Outcome:
    if psnr is None:
        return failed(key, "RuntimeError: on purpose")
    row = {
        **identity(key), "status": "finished", "reason": None, "psnr": psnr, "ssim": 0.5, "mse": 0.01, "epoch": 4.0,
        "step": 30, "samples": 480, "seconds": 2.0, "engine": "fused",
        "curve": [{"epoch": 4.0, "samples": 480, "seconds": 2.0, "psnr": psnr}],
    }  # fmt: skip
    return Outcome(key, row, {}, (), None)
