"""A sweep that Optuna has written, and one that it is writing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.lab.sweep import folder as lab_folder
from sfumato.lab.sweep import spec as lab_spec
from sfumato.lab.sweep import study as lab_study
from sfumato.studio.sweeps import spec_file
from tests.lab.sweep.test_run import sweep
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

SPACE = {
    "model.width": "4..40:log",
    "model.activation": "relu,sine(5..40)",
    "training.optimizer": "adam(lr=0.01),sgd(lr=1e9)",
}


def test_the_names_are_those_of_the_lab() -> None:
    assert (spec_file.SPEC, spec_file.PAINTINGS) == (lab_folder.SPEC, lab_folder.PAINTINGS)
    assert spec_file.DATABASE == lab_study.DATABASE
    assert spec_file.BETTER == lab_spec.OBJECTIVES
    assert lab_spec.LAYOUT == 1
    assert lab_study.TRIALS == "trials"


def of_page(found: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the parameters of each configuration by number, as Optuna has them."""
    return {
        number: {
            axis["name"]: axis["values"][at] if axis["choices"] is None else axis["choices"][axis["values"][at]]
            for axis in found["axes"]
            if axis["values"][at] is not None
        }
        for at, number in enumerate(found["number"])
    }


def test_the_page_has_what_was_tried(studio: TestClient, tmp_path: Path) -> None:
    made = sweep(tmp_path / "sweeps" / "one", SPACE, trials=16, objectives=("psnr", "parameters"), sampler="random")
    found = studio.get("/api/sweeps/one").json()
    assert (found["tried"], found["wanted"], found["live"]) == (16, 16, False)
    parameters = of_page(found)
    for at, each in enumerate(made.configurations):
        assert parameters[each.number] == pytest.approx(each.parameters)
        status = found["states"][found["state"][at]]
        assert status == each.results["status"]
        psnr = found["results"]["psnr"][at]
        assert psnr is None if status == "diverged" else psnr == pytest.approx(each.psnr, rel=1e-5)
    assert found["counts"]["diverged"] > 0
    # The lab names each recipe once.
    recipes = {each.number: each.results["recipe"] for each in made.configurations}
    assert {recipes[number] for number in found["front"]} == {each.results["recipe"] for each in made.pareto()}
    assert found["curve"]["value"][-1] == pytest.approx(made.best()[0].psnr, rel=1e-5)
    best = made.best()[0]
    (one,) = studio.get(f"/api/sweeps/one/configurations?numbers={best.number}").json()
    assert one["recipe"] == best.results["recipe"]
    assert studio.get(one["painting"]).content == made.folder.painting(best.number).read_bytes()


def test_a_pruned_configuration_is_told_apart(studio: TestClient, tmp_path: Path) -> None:
    space = {"training.optimizer": "adam(lr=1e-7..1e-2:log)"}
    options: Any = {"pruner": "halving", "trials": 16, "workers": 1, "budget": {"epochs": 12}, "sampler": "random"}
    made = sweep(tmp_path / "sweeps" / "one", space, **options)
    found = studio.get("/api/sweeps/one").json()
    assert found["counts"]["pruned"] == sum(each.pruned for each in made.configurations) > 0
    at = found["state"].index(found["states"].index("pruned"))
    assert found["results"]["psnr"][at] > 0


def test_a_running_sweep_is_seen_and_not_disturbed(studio: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "sweeps" / "one"
    made: list[sf.Sweep] = []
    thread = threading.Thread(target=lambda: made.append(sweep(path, trials=30)))
    thread.start()
    tried: list[int] = []
    lives: list[bool] = []
    try:
        while thread.is_alive():
            answer = studio.get("/api/sweeps/one")
            # Before it has begun there is none; while it commits, its database is locked.
            assert answer.status_code in (200, 404, 409, 503), answer.text
            if answer.status_code == 200:
                tried.append(answer.json()["tried"])
                lives.append(answer.json()["live"])
            listed = studio.get("/api/sweeps").json()["sweeps"]
            assert len(listed) <= 1
    finally:
        thread.join(PATIENCE)
    assert len(made[0].configurations) == 30
    assert tried == sorted(tried)
    assert any(0 < count < 30 for count in tried)
    assert lives[0]
    found = studio.get("/api/sweeps/one").json()
    assert (found["tried"], found["live"]) == (30, False)
    assert sorted(of_page(found)) == [each.number for each in sf.load_sweep(path).configurations]
