"""Sweeps: what is trained, how it is judged, and how it is continued."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato as sf
from sfumato.errors import RecipeError, RunError, SfumatoError
from sfumato.lab.executors import select
from sfumato.lab.experiment import StoppedError
from sfumato.lab.sweep import run as sweeps
from sfumato.lab.sweep import study as studies
from sfumato.lab.sweep.sweep import best_arms, spec_of
from sfumato.lab.sweep.tries import Tries
from sfumato.lab.trial import Key
from sfumato.recipe import Recipe, changed, values
from tests.lab.small_plan import BASE, pictures
from tests.patience import PATIENCE
from tests.small import picture

SMALL: dict[str, Any] = {
    "model": {"depth": 1, "width": 8},
    "training": {"batch": 16, "optimizer": "adam(lr=0.01)"},
    "budget": {"epochs": 2},
}
WIDTHS = {"model.width": "4..40"}

pytestmark = pytest.mark.slow


def sweep(path: Path, space: dict[str, Any] | None = None, **how: Any) -> sf.Sweep:
    return sf.sweep(space or WIDTHS, picture(8, 9), **{"trials": 6, "out": path, "workers": 2, **SMALL, **how})


def test_each_configuration_is_a_training_of_its_recipe(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s", {"model.width": "4..40", "model.activation": "relu,sine(5..40)"}, seeds=2)
    assert len(found.configurations) == 6
    for each in found.configurations:
        assert 4 <= each.parameters["model.width"] <= 40
        assert each.recipe.model.widths == (each.parameters["model.width"],)
        assert ("sine" in str(each.recipe.model.activation)) == ("model.activation.sine" in each.parameters)
        psnrs = []
        for _, seed in found.spec.units:
            last = list(sf.train(picture(8, 9), recipe=each.recipe.model_copy(update={"seed": seed})))[-1]
            assert last.evaluation is not None
            psnrs.append(last.evaluation.psnr)
        assert each.psnr == pytest.approx(np.mean(psnrs), abs=1e-6)
        assert found.folder.painting(each.number).is_file()
    best = found.best(6)
    assert [each.psnr for each in best] == sorted((each.psnr for each in best), reverse=True)
    table = found.table()
    assert table.filter(number=best[0].number)["psnr"] == [best[0].psnr]
    assert table.kinds["model.width"] is int
    # Only those that chose it have the parameter.
    assert {value is None for value in table["model.activation.sine"]} <= {True, False}


# The first trials of each are random: ten of tpe, one of cma-es.
@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 12), ("random", 3), ("sobol", 4), ("cma-es", 6)])
def test_a_sampler_repeats_itself(tmp_path: Path, sampler: str, trials: int) -> None:
    space = {"model.width": "4..40", "training.optimizer": "adam(lr=1e-4..1e-1:log)"}
    how: dict[str, Any] = {"sampler": sampler, "trials": trials, "workers": 1, "budget": {"steps": 1}}
    found = [sweep(tmp_path / name, space, **how) for name in "ab"]
    chosen = [[each.parameters for each in one.configurations] for one in found]
    assert chosen[0] == chosen[1]
    assert len({str(each) for each in chosen[0]}) == trials


def test_a_grid_ends_after_all_combinations(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s", {"model.depth": "1..2", "model.width": "4,9"}, sampler="grid", trials=50, workers=1)
    chosen = {(each.parameters["model.depth"], each.parameters["model.width"]) for each in found.configurations}
    assert chosen == {(1, "4"), (1, "9"), (2, "4"), (2, "9")}
    assert len(found.configurations) == 4


def test_pruned_trainings_end_early(tmp_path: Path) -> None:
    space = {"training.optimizer": "adam(lr=1e-7..1e-2:log)"}
    found = sweep(
        tmp_path / "s", space, pruner="halving", trials=12, workers=1, budget={"epochs": 12}, sampler="random"
    )
    pruned = [each for each in found.configurations if each.pruned]
    whole = [each for each in found.configurations if not each.pruned]
    assert pruned
    assert whole
    assert max(each.results["gflop"] for each in pruned) < min(each.results["gflop"] for each in whole)
    assert not any(each.pruned for each in found.best(12))


def test_several_objectives_give_those_that_none_beats(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s", objectives=("psnr", "parameters"), sampler="random", trials=7)
    pareto = found.pareto()
    for each in found.configurations:
        beaten = any(
            other.psnr >= each.psnr and other.results["parameters"] <= each.results["parameters"] and other != each
            for other in found.configurations
            if (other.psnr, other.results["parameters"]) != (each.psnr, each.results["parameters"])
        )
        assert (each in pareto) == (not beaten)


def test_equal_operations_give_a_larger_network_fewer_epochs(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s", {"model.width": "4,32"}, sampler="grid", equal="operations", trials=2)
    work = {each.parameters["model.width"]: each.results["gflop"] for each in found.configurations}
    assert work["4"] == pytest.approx(work["32"], rel=0.3)
    epochs = {each.parameters["model.width"]: each.recipe.budget.epochs for each in found.configurations}
    assert (epochs["4"] or 0) > 4 * (epochs["32"] or 0)


def test_a_configuration_that_diverges_is_never_among_the_best(tmp_path: Path) -> None:
    space = {"training.optimizer": "adam(lr=0.01),sgd(lr=1e9)"}
    found = sweep(tmp_path / "s", space, sampler="grid", trials=2, objectives=("seconds", "psnr"))
    assert [each.parameters["training.optimizer"] for each in found.best(9)] == ["adam(lr=0.01)"]
    assert found.pareto() == found.best(9)


def test_a_recipe_that_is_drawn_twice_is_among_the_best_once(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s", {"model.width": "4..5"}, trials=6, sampler="random", workers=1)
    assert sorted(each.parameters["model.width"] for each in found.best(9)) == [4, 5]
    assert len(found.configurations) == 6


def test_a_configuration_that_diverges_or_cannot_train_counts_as_the_worst(tmp_path: Path) -> None:
    space = {"training.optimizer": "adam(lr=0.01),sgd(lr=1e9)"}
    found = sweep(tmp_path / "s", space, sampler="grid", trials=2)
    by_name = {each.parameters["training.optimizer"]: each for each in found.configurations}
    assert by_name["sgd(lr=1e9)"].psnr == 0
    assert by_name["sgd(lr=1e9)"].results["status"] == "diverged"
    assert found.best()[0] == by_name["adam(lr=0.01)"]


def test_a_stopped_sweep_goes_on(tmp_path: Path) -> None:
    told: list[int] = []
    with pytest.raises(StoppedError):
        sweep(
            tmp_path / "s", trials=8, watch=lambda done, _: told.append(done), stop=lambda: bool(told) and told[-1] >= 3
        )
    first = sf.load_sweep(tmp_path / "s")
    assert 3 <= len(first.configurations) < 8
    found = sweep(tmp_path / "s", trials=8)
    assert len(found.configurations) == 8
    kept = {each.number: each for each in found.configurations}
    assert all(kept[each.number] == each for each in first.configurations)
    # With as many as there are, nothing is trained.
    assert sweep(tmp_path / "s", trials=5).configurations == found.configurations


KILLED = """
import sys
from pathlib import Path
from tests.lab.sweep.test_run import sweep
watch = lambda done, _: print(done, flush=True)
sweep(Path(sys.argv[1]), trials=8, budget={"epochs": 40}, sampler="random", watch=watch)
"""


def test_a_sweep_that_is_killed_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "s"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 3:
            break
    os.kill(child.pid, signal.SIGKILL)
    child.wait(PATIENCE)
    child.stdout.close()
    before = sf.load_sweep(path)
    assert 3 <= len(before.configurations) < 8
    with studies.opened(before.spec, studies.default_storage(path), before.spec.id) as database:
        # Another process that was killed had begun one.
        database.study.ask()
    found = sweep(path, trials=8, budget={"epochs": 40}, sampler="random")
    assert len(found.configurations) == 8
    assert {each.number: each for each in found.configurations}.items() >= {
        each.number: each for each in before.configurations
    }.items()
    # What was being trained was trained again: no configuration was lost.
    assert len({each.parameters["model.width"] for each in found.configurations}) > 4


def test_a_grid_is_whole_whatever_a_killed_process_had_begun(tmp_path: Path) -> None:
    space = {"model.width": "4..7", "model.depth": "1..2"}
    sweep(tmp_path / "s", space, sampler="grid", trials=2, workers=1)
    found = sf.load_sweep(tmp_path / "s")
    with studies.opened(found.spec, studies.default_storage(tmp_path / "s"), found.spec.id) as database:
        # Killed after it was asked for, and with a part of its parameters.
        database.study.ask()
        database.study.ask().suggest_int("model.width", 4, 7)
    whole = sweep(tmp_path / "s", space, sampler="grid", trials=99)
    chosen = [tuple(each.parameters.values()) for each in whole.configurations]
    assert len(set(map(str, map(sorted, chosen)))) == len(chosen) == 8


def test_sobol_draws_on_where_it_was(tmp_path: Path) -> None:
    space = {"model.width": "4..400", "model.activation": "relu,sine(10..600)"}
    how: dict[str, Any] = {"sampler": "sobol", "workers": 1, "budget": {"steps": 1}}
    for trials in (1, 4, 8):
        found = sweep(tmp_path / "s", space, trials=trials, **how)
    chosen = [str(each.parameters) for each in found.configurations]
    assert len(set(chosen)) == 8


def test_trainings_are_pruned_by_the_part_of_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: dict[str, list[int]] = {}
    original = Tries.report

    def recorded(self: Tries, key: Key, point: Any, passed: int) -> bool:
        reported.setdefault(key.arm, []).append(passed)
        return original(self, key, point, passed)

    monkeypatch.setattr(Tries, "report", recorded)
    space = {"training.batch": "16,all"}
    sweep(tmp_path / "s", space, sampler="grid", trials=2, pruner="median", budget={"epochs": 12}, workers=1)
    small, whole = sorted(reported.values(), key=len, reverse=True)
    # A step of all pixels passes several marks, and is compared with the others at the last of them.
    assert set(whole) < set(small)
    assert len(whole) < len(small)


def test_networks_of_one_s_own_are_trained_in_processes() -> None:
    base = changed(Recipe(), BASE)
    own = changed(base, {"model": {"module": "nets:Net"}})
    here = changed(base, {"model": {"module": "__main__:Net"}})
    for recipe, space, name in (
        (base, {"model.width": "4..40"}, "threads"),
        (base, {"training.optimizer": "adam,soap"}, "processes"),
        (own, {"training.batch": "16..40"}, "processes"),
        (here, {"training.batch": "16..40"}, "here"),
    ):
        spec = spec_of(space, recipe, pictures())
        assert select.local_name(sweeps._recipes(spec)) == name


def test_a_wrong_storage_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="storage must be"):
        sweep(tmp_path / "s", trials=1, storage="postgresql+psycopg://somebody:secret@127.0.0.1:1/none")
    assert not (tmp_path / "s").exists()
    assert len(sweep(tmp_path / "s", trials=1).configurations) == 1


def test_a_password_is_neither_shown_nor_stored(tmp_path: Path) -> None:
    for storage in ("postgresql://me:secret@host/db", "postgresql//me:secret@host/db", "x://me:se@cret@host/db"):
        assert "secret" not in studies.without_password(storage)
        assert "cret" not in studies.without_password(storage)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s?x#%20y", trials=1)
    assert (found.folder.path / "sweep.db").is_file()
    assert sf.load_sweep(found.folder.path).configurations == found.configurations


def test_a_sweep_without_its_database_is_refused(tmp_path: Path) -> None:
    sweep(tmp_path / "s", trials=1)
    (tmp_path / "s" / "sweep.db").unlink()
    with pytest.raises(RunError, match="the file is not there"):
        sf.load_sweep(tmp_path / "s")
    assert not (tmp_path / "s" / "sweep.db").exists()


def test_a_damaged_sweep_is_refused_in_one_line(tmp_path: Path) -> None:
    sweep(tmp_path / "s", trials=1)
    for damage in ("{", "[]", '{"layout": 1}', '{"layout": 1, "storage": 5}'):
        (tmp_path / "s" / "sweep.json").write_text(damage)
        with pytest.raises(RunError, match="sweep") as caught:
            sf.load_sweep(tmp_path / "s")
        assert "\n" not in str(caught.value)


def test_a_sweep_in_which_all_fail_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Any:
        raise RecipeError("engine must be another one.")

    monkeypatch.setattr(Tries, "_recipe", refused)
    with pytest.raises(RunError, match="every configuration failed, 3 of them: engine must be another one"):
        sweep(tmp_path / "s", trials=3)


def test_another_sweep_in_the_folder_is_refused(tmp_path: Path) -> None:
    sweep(tmp_path / "s", trials=1)
    with pytest.raises(RunError, match="holds another sweep, with the id"):
        sweep(tmp_path / "s", {"model.width": "4..41"}, trials=1)
    with pytest.raises(RunError, match="another storage"):
        sweep(tmp_path / "s", trials=1, storage=f"sqlite:///{tmp_path / 'other.db'}")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(RunError, match="must be a folder of a sweep, or empty"):
        sweep(tmp_path / "other", trials=1)
    with pytest.raises(RunError, match="must be the folder of a sweep"):
        sf.load_sweep(tmp_path / "absent")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"sampler": "luck"}, "sampler must be one of tpe, random, sobol, cma-es, grid. Got 'luck'"),
        ({"pruner": "luck"}, "pruner must be one of none, median, halving. Got 'luck'"),
        ({"objectives": ("luck",)}, "objective must be one of psnr, ssim"),
        ({"objectives": ("psnr", "seconds"), "pruner": "median"}, "pruner must be none for several objectives"),
        ({"equal": "samples"}, "equal must be one of epochs, operations, seconds"),
        ({"equal": "seconds"}, "budget.seconds must be given for equal seconds"),
        ({"trials": 0}, "trials must be 1 to"),
        ({"seeds": 0}, "seeds must be 1 to 1000"),
        ({"space": {"data.split": "0.1..0.5"}, "sampler": "grid"}, "must not be grid for a range with fractions"),
        ({"space": {"budget.epochs": "1..5"}}, "must not have the budget"),
    ],
)
def test_sweeps_that_cannot_be_carried_out_are_refused(tmp_path: Path, how: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message.replace("(", r"\(")):
        sweep(tmp_path / "s", **how)
    assert not (tmp_path / "s").exists()


def test_without_optuna_the_way_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SfumatoError, match="pip install 'sfumato"):
        sweep(tmp_path / "s")


def test_a_storage_that_cannot_be_opened_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="storage must be a database that Optuna can open") as caught:
        sweep(tmp_path / "s", storage="postgresql+psycopg://somebody:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_the_best_are_compared_on_fresh_seeds(tmp_path: Path) -> None:
    found = sweep(tmp_path / "s", trials=3)
    arms = best_arms(found, 2)
    assert list(arms) == [f"#{rank} (trial {each.number})" for rank, each in enumerate(found.best(2), start=1)]
    for recipe, each in zip(arms.values(), found.best(2), strict=True):
        assert recipe.seed == found.spec.base.seed
        assert recipe.seed not in {seed for _, seed in found.spec.units}
        assert values(recipe)["model"] == values(each.recipe)["model"]
    with pytest.raises(RecipeError, match="top must be 2 to 256"):
        best_arms(found, 1)
