"""The training loop: budgets, evaluations, resolution, reproducibility."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sfumato.errors import EngineError, SnapshotError
from sfumato.log import log_to
from sfumato.recipe import Recipe, changed
from sfumato.training import PictureSnapshot, resolve
from tests.small import SMALL, picture, trainer


def run(changes: dict[str, Any] | None = None, stop: Callable[[], bool] = lambda: False) -> list[PictureSnapshot]:
    recipe = resolve(changed(changed(changed(Recipe(), SMALL), {"evaluation": {"interval": "auto"}}), changes or {}))
    return list(trainer(recipe, picture()).snapshots(stop))


def test_epochs_end_it() -> None:
    *_, last = run({"budget": {"epochs": 3}})
    assert (last.ended, last.epoch, last.step, last.samples) == ("epochs", 3.0, 12, 189)


def test_steps_end_it_even_within_an_epoch() -> None:
    *_, last = run({"budget": {"steps": 6}})
    assert (last.ended, last.step, last.samples) == ("steps", 6, 63 + 32)


@pytest.mark.slow
def test_seconds_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Processor time, so that the load of the machine does not matter.
    monkeypatch.setattr(time, "perf_counter", time.thread_time)
    *_, last = run({"budget": {"seconds": 0.3}})
    assert last.ended == "seconds"
    assert last.seconds >= 0.3
    assert last.step > 20


def test_psnr_ends_it() -> None:
    *_, last = run({"budget": {"psnr": 8.0, "epochs": 500}, "evaluation": {"interval": "epoch"}})
    assert last.ended == "psnr"
    assert last.evaluation is not None
    assert last.evaluation.psnr >= 8
    assert last.epoch < 500


def test_a_budget_of_0_still_yields_a_painting() -> None:
    (only,) = run({"budget": {"epochs": 0}})
    assert only.ended == "epochs"
    assert only.evaluation is not None
    assert only.painting().shape == (9, 7, 3)


@pytest.mark.slow
def test_stop_ends_it_at_the_next_step() -> None:
    count = itertools.count()
    *_, last = run({"budget": {"epochs": 10**6}}, stop=lambda: next(count) >= 3)
    assert last.ended == "stopped"
    assert last.evaluation is not None


@pytest.mark.slow
def test_it_learns() -> None:
    first, *_, last = run({"budget": {"epochs": 300}})
    assert last.evaluation is not None
    target = picture()
    mean_color_psnr = -10 * math.log10(((target - target.mean(axis=(0, 1))) ** 2).mean())
    assert last.evaluation.psnr > mean_color_psnr + 1
    assert math.isnan(first.loss)


def test_one_evaluation_per_epoch() -> None:
    evaluated = [s for s in run({"budget": {"epochs": 5}, "evaluation": {"interval": "epoch"}}) if s.evaluation]
    assert [s.epoch for s in evaluated] == [1, 2, 3, 4, 5]


def test_only_the_last_is_evaluated() -> None:
    snapshots = run({"evaluation": {"interval": "end"}})
    assert [s.evaluation is not None for s in snapshots] == [False] * (len(snapshots) - 1) + [True]


def test_metrics_are_those_of_the_painting() -> None:
    *_, last = run({"budget": {"epochs": 2}})
    evaluation = last.evaluation
    assert evaluation is not None
    painting, target = last.painting().astype(np.float64), picture().astype(np.float64)
    assert evaluation.mse == pytest.approx(((painting - target) ** 2).mean(), rel=1e-6)
    assert evaluation.mae == pytest.approx(np.abs(painting - target).mean(), rel=1e-6)
    clipped = ((painting.clip(0, 1) - target) ** 2).mean()
    assert evaluation.psnr == pytest.approx(-10 * math.log10(clipped), rel=1e-6)
    assert evaluation.ssim is not None
    assert 0 < evaluation.ssim < 1


def test_running_metrics_are_means_over_the_samples() -> None:
    # With a learning rate of 0 the network does not change, so that an epoch's running metrics are exact.
    first, *_, last = run({"training": {"optimizer": "sgd(lr=0)", "batch": "all"}, "budget": {"epochs": 1}})
    assert last.evaluation is not None
    assert last.loss == pytest.approx(1.5 * last.evaluation.mse, rel=1e-5)
    assert last.running_psnr == pytest.approx(-10 * math.log10(last.evaluation.mse), rel=1e-5)
    assert first.learning_rate == 0


@pytest.mark.slow
def test_the_same_recipe_gives_the_same_bits_whatever_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, one = run({"training": {"schedule": "cosine(warmup=0.1)"}, "budget": {"epochs": 7}})
    monkeypatch.setattr("sfumato.training.trainer.SECONDS_PER_SNAPSHOT", 1e-9)
    snapshots = run({"training": {"schedule": "cosine(warmup=0.1)"}, "budget": {"epochs": 7}})
    assert len(snapshots) == 1 + one.step
    for name, value in one.weights().items():
        assert np.array_equal(value, snapshots[-1].weights()[name])
    *_, other = run({"seed": 1, "budget": {"epochs": 7}})
    assert not np.array_equal(one.weights()["layers.0.weight"], other.weights()["layers.0.weight"])


def test_the_schedule_ends_at_the_budget() -> None:
    *_, last = run({"training": {"schedule": "linear"}, "budget": {"steps": 50}})
    assert last.learning_rate == pytest.approx(0.01 * 0.5 / 50)


def test_held_out_pixels_are_not_trained_on() -> None:
    snapshots = run({"data": {"split": 0.25}, "budget": {"epochs": 1}})
    evaluation = snapshots[-1].evaluation
    assert evaluation is not None
    assert evaluation.psnr_held_out is not None
    assert snapshots[-1].samples == 63 - 16
    none = run({"budget": {"epochs": 1}})[-1].evaluation
    assert none is not None
    assert none.psnr_held_out is None


def test_paintings_of_any_size_cover_the_same_area() -> None:
    *_, last = run()
    small, large = last.paint(9, 7), last.paint(17, 13)
    np.testing.assert_allclose(large[::2, ::2], small, atol=1e-5)
    assert small.std() > 0.01


def test_a_batch_larger_than_the_picture_is_the_picture() -> None:
    *_, last = run({"training": {"batch": 10**6}, "budget": {"epochs": 2}})
    assert last.step == 2


def test_resolve_replaces_every_auto() -> None:
    recipe = resolve(changed(Recipe(), {"threads": 0}))
    assert "auto" not in (recipe.engine, recipe.dtype, recipe.device)
    assert recipe.threads >= 1


def test_auto_selects_online_for_single_samples() -> None:
    one = changed(Recipe(), {"training": {"batch": 1, "optimizer": "sgd", "schedule": "constant"}})
    assert resolve(one).engine == "online"
    assert resolve(changed(one, {"training": {"optimizer": "adam"}})).engine == "autograd"
    many = changed(one, {"training": {"batch": 64, "optimizer": "adam"}})
    assert resolve(many).engine == "fused"


def test_an_engine_that_cannot_train_a_recipe_gives_every_reason() -> None:
    with pytest.raises(
        EngineError,
        match=r"engine replica cannot train this recipe: training.batch must be 1. Got 512. .*coordinates.range",
    ) as caught:
        resolve(changed(Recipe(), {"engine": "replica"}))
    assert "\n" not in str(caught.value)


def test_an_interrupted_evaluation_is_made_when_training_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.training.picture.problem.rows_per_block", lambda *_: 1)
    monkeypatch.setattr("sfumato.training.picture.evaluation.QUIET", 0)
    recipe = resolve(changed(changed(Recipe(), SMALL), {"budget": {"steps": 3}, "evaluation": {"interval": "end"}}))
    stages: list[str] = []
    *_, last = trainer(recipe, picture()).snapshots(lambda: bool(stages), lambda name, *_: stages.append(name))
    assert (last.ended, last.evaluation, last.step) == ("stopped", None, 3)
    resumed = trainer(recipe, picture())
    resumed.load(last.state(), last.seconds)
    (only,) = resumed.snapshots()
    *_, whole = trainer(recipe, picture()).snapshots()
    assert only.ended == whole.ended == "steps"
    assert only.evaluation is not None
    assert whole.evaluation is not None
    assert only.evaluation.mse == whole.evaluation.mse


def test_stopping_a_training_yields_a_painting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.training.picture.problem.rows_per_block", lambda *_: 1)
    *_, last = run({"budget": {"epochs": 10**6}}, stop=lambda: True)
    assert last.ended == "stopped"
    assert last.evaluation is not None


def test_a_long_evaluation_is_announced_before_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.training.picture.problem.LONG_EVALUATION", 0)
    lines: list[str] = []
    with log_to(lines.append):
        run({"budget": {"steps": 1}})
    assert any("to paint all 63 pixels" in line and "--picture.max-side" in line for line in lines)


def test_a_snapshot_can_be_used_while_it_is_the_newest() -> None:
    first, *_, last = run({"budget": {"epochs": 3}, "evaluation": {"interval": "epoch"}})
    for function in (first.painting, first.weights, first.stats, first.canvas, first.state):
        with pytest.raises(SnapshotError, match=r"the snapshot of step 0 must be used before .* Got step 12 meanwhile"):
            function()
    # There is no snapshot after the last one.
    assert last.painting().shape == (9, 7, 3)
    assert all(np.isfinite(array).all() for array in last.weights().values())
    assert last.state()["step"] == 12
