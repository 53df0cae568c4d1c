"""Networks of the user's own: given to fit, or named in the recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sfumato as sf
from sfumato import models
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


class Own(nn.Module):
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
    own = Own()
    before = models.outputs(own, np.zeros((1, 2)))
    run = sf.fit(own, picture(), runs=tmp_path, **{**TRAINED, "budget": {"epochs": 40}})
    assert run.recipe.engine == "autograd"
    assert run.recipe.model.module == "tests.test_own_network:Own"
    assert not np.allclose(models.outputs(own, np.zeros((1, 2))), before)
    assert run.metrics[-1]["mse"] < run.metrics[0]["mse"]
    assert (run.folder / "learning.mp4").exists()
    grid = models.grid(run.recipe.coordinates, 9, 7)
    painting = np.clip(models.outputs(own, grid).reshape(9, 7, 3), 0, 1)
    assert np.abs(painting - run.painting).max() < 1 / 255


@pytest.mark.slow
def test_a_fit_is_resumed_with_its_module(tmp_path: Path) -> None:
    def own() -> Own:
        torch.manual_seed(1)
        return Own()

    whole = sf.fit(own(), picture(), runs=tmp_path / "a", film="none", **TRAINED)
    part = sf.fit(own(), picture(), runs=tmp_path / "b", film="none", stop=lambda: True, **TRAINED)
    again = own()
    resumed = sf.resume(part.folder, module=again, film="none")
    assert resumed.metrics[-1]["mse"] == whole.metrics[-1]["mse"]
    with pytest.raises(sf.RunError, match="must be one of this recipe"):
        sf.resume(
            sf.fit(own(), picture(), runs=tmp_path / "c", film="none", stop=lambda: True, **TRAINED).folder,
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
        ("my_nets:Wide", "answers 3 samples with (3, 7)"),
        ("my_nets:Empty", "must have parameters to train"),
    ],
)
def test_what_is_no_network_is_refused_in_one_line(folder: Path, module: str, message: str) -> None:
    with pytest.raises(sf.RecipeError) as caught:
        sf.paint(picture(), runs=folder / "runs", **{**TRAINED, "model": {"module": module}})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "runs").exists()


def test_fit_needs_a_module() -> None:
    with pytest.raises(sf.RecipeError, match="Got str"):
        sf.fit("resnet", "cat")  # pyright: ignore[reportArgumentType]


def test_other_engines_refuse_it() -> None:
    with pytest.raises(sf.EngineError, match="model.module must be none"):
        next(sf.train("blog-2012", picture(), engine="online", model={"module": "a:B"}))
