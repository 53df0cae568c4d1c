"""Custom networks: passed to fit, or named in the recipe."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sfumato as sf
from sfumato import models
from sfumato.cli.main import main
from tests.runs import made
from tests.small import SMALL, picture

CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4, channels=3):
        super().__init__()
        self.first = nn.Linear(2, width)
        self.last = nn.Linear(width, channels)
    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))

class Failing(Net):
    def forward(self, x):
        raise RuntimeError("no\\nway")

class Wide(Net):
    def __init__(self):
        super().__init__(channels=7)

class Empty(nn.Module):
    def forward(self, x):
        return torch.zeros(len(x), 3)

not_a_class = print
"""

TRAINED = {**SMALL, "model": {}, "training": {"batch": 16, "optimizer": "adam(lr=0.02)", "schedule": "constant"}}


class Custom(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 12), nn.BatchNorm1d(12), nn.Tanh(), nn.Linear(12, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my_nets.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "my_nets", raising=False)
    return tmp_path


@pytest.mark.slow
def test_fit_trains_the_module_in_place(tmp_path: Path) -> None:
    torch.manual_seed(1)
    custom = Custom()
    before = models.outputs(custom, np.zeros((1, 2)))
    run = sf.fit(custom, picture(), runs=tmp_path, **{**TRAINED, "budget": {"epochs": 40}})
    assert run.recipe.engine == "autograd"
    assert run.recipe.model.module == "tests.test_custom_network:Custom"
    assert not np.allclose(models.outputs(custom, np.zeros((1, 2))), before)
    assert run.metrics[-1]["mse"] < run.metrics[0]["mse"]
    assert (run.folder / "learning.mp4").exists()
    grid = models.grid(run.recipe.coordinates, 9, 7)
    painting = np.clip(models.outputs(custom, grid).reshape(9, 7, 3), 0, 1)
    assert np.abs(painting - run.painting).max() < 1 / 255


@pytest.mark.slow
def test_a_fit_is_resumed_with_its_module(tmp_path: Path) -> None:
    def custom() -> Custom:
        torch.manual_seed(1)
        return Custom()

    whole = sf.fit(custom(), picture(), runs=tmp_path / "a", film="none", **TRAINED)
    part = sf.fit(custom(), picture(), runs=tmp_path / "b", film="none", stop=lambda: True, **TRAINED)
    again = custom()
    resumed = sf.resume(part.folder, module=again, film="none")
    assert resumed.metrics[-1]["mse"] == whole.metrics[-1]["mse"]
    with pytest.raises(sf.RunError, match="must be one of this recipe"):
        sf.resume(
            sf.fit(custom(), picture(), runs=tmp_path / "c", film="none", stop=lambda: True, **TRAINED).folder,
            module=nn.Linear(2, 3),
        )


@pytest.mark.slow
def test_by_name(folder: Path) -> None:
    changes = {**TRAINED, "model": {"module": "my_nets:Net(width=9)"}}
    run = sf.paint(picture(), runs=folder / "runs", **changes)
    model, _ = sf.load_run(run.folder).model()
    assert [tuple(parameter.shape) for parameter in model.parameters()] == [(9, 2), (9,), (3, 9), (3,)]
    again = sf.paint(picture(), runs=folder / "runs", **changes)
    assert again.metrics[-1]["mse"] == run.metrics[-1]["mse"]
    other = sf.paint(picture(), runs=folder / "runs", **{**changes, "seed": 4})
    assert other.metrics[-1]["mse"] != run.metrics[-1]["mse"]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("my_nets", "package.module:Class"),
        ("no_such_nets:Net", "Importing no_such_nets raises ModuleNotFoundError"),
        ("my_nets:Missing", "derived from torch.nn.Module"),
        ("my_nets:not_a_class", "derived from torch.nn.Module"),
        ("os:system('true')", "derived from torch.nn.Module"),
        ("my_nets:Net(widht=3)", "raises TypeError"),
        ("my_nets:Failing", "raises RuntimeError: no way"),
        ("my_nets:Wide", "returns shape (3, 7) for 3 samples"),
        ("my_nets:Empty", "must have parameters to train"),
    ],
)
def test_a_wrong_module_is_refused_in_one_line(folder: Path, module: str, message: str) -> None:
    with pytest.raises(sf.RecipeError) as caught:
        sf.paint(picture(), runs=folder / "runs", **{**TRAINED, "model": {"module": module}})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "runs").exists()


class Drawing(nn.Module):
    """A network that draws random numbers, counts its calls in a buffer that is not saved, and shares a weight."""

    def __init__(self) -> None:
        super().__init__()
        middle, self.again = nn.Linear(8, 8), nn.Linear(8, 8)
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.3), middle, nn.Tanh(), nn.Linear(8, 3))
        self.again.weight = middle.weight
        self.register_buffer("steps", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.steps += 1
        hidden = self.again(torch.tanh(self.layers[0](x)) + 0.01 * torch.randn(len(x), 8))
        return self.layers(x) + self.layers[4](hidden) * (1 + 0.01 * self.steps)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam(lr=0.02)", "foof", "kfac"])
def test_its_random_numbers_are_reproducible_resumed_and_separate_from_the_caller_s(
    tmp_path: Path, optimizer: str
) -> None:
    changes = {**TRAINED, "training": {**TRAINED["training"], "optimizer": optimizer}, "budget": {"epochs": 2}}

    def drawing() -> Drawing:
        torch.manual_seed(1)
        return Drawing()

    module = drawing()
    before = torch.get_rng_state()
    whole = sf.fit(module, picture(), runs=tmp_path / "a", film="none", **changes)
    assert torch.equal(torch.get_rng_state(), before)
    pickle.dumps(module)
    module = drawing()
    torch.manual_seed(99)
    part = sf.fit(module, picture(), runs=tmp_path / "b", film="none", stop=iter([False, True]).__next__, **changes)
    torch.manual_seed(100)
    resumed = sf.resume(part.folder, module=drawing(), film="none")
    assert resumed.metrics[-1]["mse"] == whole.metrics[-1]["mse"]


@pytest.mark.parametrize("batch", [31, 1])
def test_a_batch_that_it_cannot_train_on_is_refused_before_it_is_changed(tmp_path: Path, batch: int) -> None:
    module, target = Custom(), picture()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    changes = {**TRAINED, "training": {"batch": batch, "optimizer": "adam"}}
    # 63 pixels: two batches of 31, and one of 1.
    with pytest.raises(sf.RecipeError, match="Expected more than 1 value per channel") as caught:
        sf.fit(module, target, runs=tmp_path / "runs", **changes)
    assert ("choose another training.batch, such as 32" in str(caught.value)) == (batch == 31)
    with pytest.raises(sf.RecipeError, match="Expected more than 1 value per channel"):
        sf.check(picture=target, module=module, **changes)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_lazy_layers_are_initialized_from_the_seed(tmp_path: Path) -> None:
    def trained(seed: int) -> sf.Run:
        module = nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(3))
        return sf.fit(module, picture(), runs=tmp_path, film="none", **{**TRAINED, "seed": seed})

    one, other, another = trained(1), trained(1), trained(2)
    assert one.metrics[-1]["mse"] < one.metrics[0]["mse"]
    assert one.metrics[-1]["mse"] == other.metrics[-1]["mse"] != another.metrics[-1]["mse"]
    one.model(model=nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(3)))


@pytest.mark.slow
def test_frozen_parameters_are_unchanged(tmp_path: Path) -> None:
    for optimizer in ("foof", "sgd(fan_in_scaling=true)"):
        frozen = nn.Linear(8, 8).requires_grad_(False)
        module, before = nn.Sequential(nn.Linear(2, 8), frozen, nn.Linear(8, 3)), frozen.weight.clone()
        sf.fit(module, picture(), runs=tmp_path, film="none", **{**TRAINED, "training": {"optimizer": optimizer}})
        assert torch.equal(frozen.weight, before)
        assert not frozen.weight.requires_grad


@pytest.fixture
def run_of_script(tmp_path: Path) -> Path:
    run = sf.fit(Custom(), picture(), runs=tmp_path / "runs", film="none", stop=lambda: True, **TRAINED)
    facts = json.loads((run.folder / "run.json").read_text())
    facts["recipe"]["model"]["module"] = "__main__:Custom"
    (run.folder / "run.json").write_text(json.dumps(facts))
    return run.folder


@pytest.mark.slow
@pytest.mark.parametrize("command", ["film", "render", "resume"])
def test_the_class_of_a_script_is_named_with_a_flag(
    run_of_script: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(run_of_script)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "module=Custom(...) in Python" in error
    assert "--module nets:Custom" in error
    assert main([command, str(run_of_script), "--module", "tests.test_custom_network:Drawing"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([command, str(run_of_script), "--module", "tests.test_custom_network:Custom"]) == 0


@pytest.mark.slow
def test_a_module_is_only_for_runs_of_a_custom_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["film", str(made.run(tmp_path, "run", facts={"resumed": [], "result": None})), "--module", "nets:Net"])
        == 2
    )
    assert "--module is for runs of a custom network" in capsys.readouterr().err


def test_fit_needs_a_module() -> None:
    with pytest.raises(sf.RecipeError, match="Got str"):
        sf.fit("resnet", "cat")  # pyright: ignore[reportArgumentType]


def test_other_engines_refuse_it() -> None:
    with pytest.raises(sf.EngineError, match="model.module must be none"):
        next(sf.train(picture(), recipe="blog-2012", engine="online", model={"module": "a:B"}))
