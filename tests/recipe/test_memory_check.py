"""Recipes that do not fit into memory are rejected before anything is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sfumato as sf
from sfumato import memory
from sfumato.cli import main
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed, memory_check, memory_estimate
from sfumato.recipe.memory_estimate import Size
from tests.small import SMALL, picture

BOUND = memory_check.Bound(2_000_000_000, "which is the bound of this test")


@pytest.mark.parametrize(
    ("changes", "size", "field", "remedy"),
    [
        ({"model": {"width": 65536}}, Size(300, 429), "model.width", "use at most"),
        ({"model": {"width": 15000, "depth": 3}}, Size(300, 429), "model.width", "use at most"),
        ({"model": {"width": (9000, 20000, 10)}}, Size(300, 429), "model.width", "smaller or fewer layers"),
        ({"model": {"depth": 1000, "width": 999}}, Size(300, 429), "model.depth", "use at most"),
        (
            {"training": {"optimizer": "lbfgs(history=1000)"}, "model": {"width": 900}},
            Size(90, 90), "training.optimizer", "adam",
        ),
        ({"model": {"encoding": "fourier(features=20000)"}}, Size(300, 429), "model.encoding", "fewer features"),
        ({}, Size(16000, 16000), "picture.max_side", "use at most"),
        (
            {"engine": "autograd", "training": {"batch": "all", "optimizer": "adam"}},
            Size(1000, 1000), "training.batch", "use at most",
        ),
    ],
)  # fmt: skip
def test_the_field_of_most_memory_is_named(changes: dict[str, Any], size: Size, field: str, remedy: str) -> None:
    recipe = changed(Recipe(), {"threads": 2, **changes})
    with pytest.raises(RecipeError) as caught:
        memory_check.require("training", memory_estimate.training, recipe, size, BOUND)
    line = str(caught.value)
    assert line.startswith(f"{field} must leave training within 2 GB of memory, which is the bound of this test. Got ")
    assert remedy in line
    assert "\n" not in line


def test_the_suggested_value_fits() -> None:
    recipe = changed(Recipe(), {"threads": 2, "model": {"width": 30000}})
    with pytest.raises(RecipeError, match="use at most") as caught:
        memory_check.require("training", memory_estimate.training, recipe, Size(300, 429), BOUND)
    width = int(str(caught.value).rpartition("use at most ")[2].rstrip("."))
    memory_check.require(
        "training", memory_estimate.training, changed(recipe, {"model": {"width": width}}), Size(300, 429), BOUND
    )


HUGE: dict[str, Any] = {"model": {"width": 65536}}


@pytest.mark.slow
@pytest.mark.parametrize(
    "use",
    [
        lambda: sf.check(picture=picture(), **HUGE),
        lambda: sf.paint(picture(), live=False, **HUGE),
        lambda: next(sf.train(picture=picture(), **HUGE)),
        lambda: next(sf.train_many(picture(), recipes=[HUGE])),
        lambda: next(sf.train_many(picture(), recipes=[{"model": {"width": 2000}}] * 2000)),
    ],
    ids=["check", "paint", "train", "train_many", "many"],
)
def test_nothing_is_built_or_written(use: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory, "available", lambda: 4_000_000_000)
    with pytest.raises(RecipeError, match=r"of memory, 80% of the 4 GB that is available\. Got .* takes about"):
        use()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_custom_network_counts_by_its_parameters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch

    monkeypatch.setattr(memory, "available", lambda: 100_000_000)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3_000_000), torch.nn.Linear(3_000_000, 3))
    with pytest.raises(RecipeError, match="of memory"):
        sf.fit(module, picture(), runs=tmp_path / "runs", live=False, **{**SMALL, "model": {}})
    assert not (tmp_path / "runs").exists()


def test_compare_trains_fewer_networks_at_once_before_it_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sfumato.lab import experiment
    from sfumato.lab.arms import Picture
    from sfumato.lab.compare import plan_of

    arms = {name: changed(Recipe(), {"model": {"width": 1000}, "seed": seed}) for seed, name in enumerate("ab")}
    plan = plan_of(arms, [Picture("cat", picture())], seeds=2, tune=False)
    one = memory_estimate.training(arms["a"].model_copy(update={"threads": 1}), Size(7, 9, 3), writes_run=False)
    for available, workers in ((100 * one, 8), (3 * one, 2), (1.3 * one, 1)):
        monkeypatch.setattr(memory, "available", lambda available=available: int(available))
        assert experiment._worker_count(plan, (picture(),), 8) == workers
    monkeypatch.setattr(memory, "available", lambda: one)
    with pytest.raises(RecipeError, match=r"^arm a: model\.width must leave a trial within"):
        sf.compare(arms, {"source": "camera", "max_side": 16}, out=tmp_path / "out", seeds=2)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_describe_reports_that_the_training_does_not_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 4_000_000_000)
    assert main.main(["describe", "--model.width", "65536"]) == 0
    output = capsys.readouterr().out
    assert "memory          about" in output
    assert "does not fit here. model.width must leave training within" in output
    assert main.main(["describe"]) == 0
    assert "fit" not in capsys.readouterr().out
