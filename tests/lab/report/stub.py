"""Experiments that were not trained, with everything that a report reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.lab.arms import Picture, values_of
from sfumato.lab.compare import plan_of
from sfumato.lab.experiment import Experiment, StoppedError, load_experiment, run_plan
from sfumato.lab.trial import Outcome, Trial, failed, identity
from sfumato.recipe import Recipe, changed
from tests.lab.small_plan import BASE, pictures

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\">&"

Score = Callable[[str, int, float], float | None]
"""(arm, seed, learning rate) -> dB, None where it diverges."""


def level(arm: str, seed: int, rate: float) -> float | None:
    """Return a score: later letters are better, and a rate of 0.003 is best."""
    return 20.0 + ord(arm[0]) - ord("a") + 0.01 * (seed % 7) - 0.1 * abs(np.log(rate / 0.003))


def experiment(
    path: Path,
    names: Sequence[str] = ("a", "b"),
    score: Score = level,
    *,
    picture: NDArray[np.float32] | None = None,
    noise: bool = False,
    only: int | None = None,
    changes: Mapping[str, Any] | None = None,
    **how: Any,
) -> Experiment:
    """Return an untrained experiment.

    ``only``: number of its trials; ``noise``: paintings that hardly compress; ``changes`` to the recipes.
    """
    wanted = pictures() if picture is None else [Picture("cat", picture)]
    base = changed(changed(Recipe(), BASE), changes or {})
    arms = {name: changed(base, {"model": {"width": 8 + number}}) for number, name in enumerate(names)}
    plan = plan_of(arms, wanted, **{"seeds": 5, "tune": False, **how})
    done: list[int] = []

    def outcome(trial: Trial) -> Outcome:
        key = trial.key
        psnr = score(key.arm, key.seed, key.rates[0])
        if psnr is None:
            return failed(key, "RuntimeError: <b>on purpose</b>")
        curve = [
            {"epoch": 4 * mark, "samples": round(480 * mark), "seconds": mark * (1 + key.seed % 3), "psnr": psnr * mark}
            for mark in trial.marks
        ]
        row = {
            **identity(key), "status": "finished", "reason": None, "psnr": psnr, "ssim": 0.5, "mse": 0.01, "epoch": 4.0,
            "step": 30, "samples": 480, "seconds": 2.0, "engine": "fused", "curve": curve,
        }  # fmt: skip
        if trial.frames is None:
            return Outcome(key, row, {}, (), None)
        frames = tuple(_painting(trial.frames, number, noise) for number, _ in enumerate(trial.marks))
        return Outcome(key, row, {}, frames, _painting(wanted[key.picture].values.shape[:2], len(key.arm), noise))

    def executor(trials: Iterable[Trial], picture: Any, stop: Any) -> Iterator[Outcome]:
        for trial in trials:
            if stop():
                return
            done.append(1)
            yield outcome(trial)

    try:
        return run_plan(
            plan, values_of(wanted), path, executor=executor, stop=lambda: only is not None and len(done) >= only
        )
    except StoppedError:
        return load_experiment(path)


def _painting(size: tuple[int, ...], seed: int, noise: bool) -> NDArray[np.uint8]:
    if noise:
        return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    return np.full((*size, 3), 20 * seed % 256, np.uint8)
