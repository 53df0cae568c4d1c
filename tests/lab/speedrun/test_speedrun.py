"""Trainings against the clock, of networks small enough for tests."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import PictureError
from sfumato.images import samples
from sfumato.lab.measure import HIGHEST_PSNR
from sfumato.lab.speedrun import rules, speedrun, trial
from sfumato.lab.speedrun.speedrun import Replica
from sfumato.recipe import Recipe, changed, preset
from sfumato.training import Trainer, resolve
from sfumato.training.picture.problem import PictureMonitor
from tests.images.made_files import SHARED, needs_shared
from tests.lab.speedrun import made
from tests.small import SMALL, trainer
from tests.small import picture as painted


def tiny(**changes: Any) -> Recipe:
    return resolve(changed(changed(Recipe(), SMALL | {"evaluation": {"interval": "end"}}), changes))


def train(recipe: Recipe, pixels: NDArray[np.float32], whole: NDArray[np.float32], seed: int = 3) -> trial.Trial:
    return trial.train(recipe, seed, pixels, whole, lambda _: None, lambda: False)


@pytest.mark.slow
def test_a_trial_is_the_training_that_paint_does() -> None:
    whole = painted(20, 15)
    one = train(tiny(), whole, whole)
    last = list(trainer(tiny(seed=3), whole).snapshots())[-1]
    assert last.evaluation is not None
    assert one.psnr == pytest.approx(last.evaluation.psnr, abs=1e-12)
    assert (one.seed, one.steps, one.samples, one.epochs, one.ended) == (3, last.step, 900, 3.0, "epochs")
    assert one.psnr != train(tiny(), whole, whole, seed=4).psnr


def test_the_clock_runs_from_the_first_step_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = painted(40, 30)
    now = 0.0
    # Every reading of the clock takes one second, and evaluation, callbacks and preparation a thousand.
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def tick(seconds: float) -> None:
        nonlocal now
        now += seconds

    def slow(owner: type[Any], name: str, seconds: float) -> None:
        plain = getattr(owner, name)

        def method(self: Any, *arguments: Any) -> Any:
            tick(seconds)
            return plain(self, *arguments)

        monkeypatch.setattr(owner, name, method)

    slow(Trainer, "__init__", 5000.0)
    slow(Trainer, "_take_steps", 1.0)
    slow(PictureMonitor, "evaluate", 1000.0)
    recipe = tiny(budget={"steps": 6})
    found = trial.train(recipe, 0, whole, whole, lambda _: tick(3000.0), lambda: False)
    assert found.seconds == 6.0
    assert found.preparation == 5000.0


def test_a_smaller_picture_is_trained_on_and_the_whole_one_compared() -> None:
    whole, small = painted(24, 16), painted(24, 16)[::2, ::2]
    found = train(tiny(), small, whole)
    *_, last = trainer(tiny(seed=3), np.ascontiguousarray(small)).snapshots()
    expected = images.psnr(images.mse(np.clip(last.paint(24, 16), 0, 1), images.exact(whole)))
    assert found.samples == 3 * small.shape[0] * small.shape[1]
    assert found.psnr == pytest.approx(expected, abs=1e-12)


def test_the_painting_is_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.ones((6, 5, 3), np.float32)
    monkeypatch.setattr(
        PictureMonitor, "_paint_rows", lambda _, rows, columns, some: np.full((len(range(rows)[some]), columns, 3), 1.5)
    )
    assert train(tiny(), whole, whole).psnr == HIGHEST_PSNR


def test_a_training_that_diverges_has_no_psnr() -> None:
    whole = painted(20, 15)
    found = train(tiny(training={"optimizer": "sgd(lr=1e30)"}), whole, whole)
    assert found.ended == "diverged"


@pytest.mark.slow
def test_seeds_alternate_with_the_replica() -> None:
    whole = painted(20, 15)
    calls: list[tuple[str, int, int]] = []
    replica = Replica(whole, {"depth": 1, "width": 3})
    seeds = (5, 6, 7)
    found = speedrun.trials(tiny(), seeds, whole, whole, replica, lambda *one: calls.append(one), lambda: False)
    assert found is not None
    trials, replica_seconds = found
    assert tuple(one.seed for one in trials) == seeds
    assert len(replica_seconds) == 3
    assert all(0 < seconds < 1e-2 for seconds in replica_seconds)
    assert [one.psnr for one in trials] == [train(tiny(), whole, whole, seed).psnr for seed in seeds]
    assert calls[0] == ("preparing", 1, 1)
    seconds = [one for one in calls if one[0] == "seeds"]
    assert seconds[0] == ("seeds", 0, 3000)
    assert seconds[-1] == ("seeds", 3000, 3000)
    assert seconds == sorted(seconds)


@pytest.mark.slow
def test_a_stopped_speedrun_has_no_result() -> None:
    whole = painted(20, 15)
    polls = 0

    def stop() -> bool:
        nonlocal polls
        polls += 1
        return polls > 3

    assert speedrun.trials(tiny(), (1, 2), whole, whole, None, lambda *_: None, stop) is None


@needs_shared
def test_files_of_the_picture() -> None:
    recipe = rules.entered(preset("speedrun"), made.CLOSED)
    for name in ("mona-lisa.png", "mona-lisa-2012.jpg"):
        whole = rules.whole_picture(recipe, str(SHARED / name))
        assert whole.shape == (429, 300, 3)
        assert images.sha256(whole) == samples.PIXELS_SHA256
    small = changed(recipe, {"picture": {"max_side": 43}})
    assert rules.training_picture(small, str(SHARED / "mona-lisa.png")).shape == (43, 30, 3)
    assert rules.whole_picture(small, str(SHARED / "mona-lisa.png")).shape == (429, 300, 3)
    with pytest.raises(PictureError, match="mona-lisa, 300x429, with the values of 2012"):
        rules.whole_picture(recipe, str(SHARED / "mona-30x43.png"))


def test_another_picture_is_refused() -> None:
    tile = Path(__file__).parents[2] / "data" / "tile-13x9.png"
    with pytest.raises(PictureError) as caught:
        rules.whole_picture(rules.entered(preset("speedrun"), made.CLOSED), str(tile))
    line = str(caught.value)
    assert "mona-lisa, 300x429, with the values of 2012" in line
    assert "13x9 with other values; omit --picture to download it." in line
    assert "\n" not in line
