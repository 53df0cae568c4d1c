"""Activations of the user's own: the same training as ours of the same formula, one line for what cannot be trained."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import sfumato as sf
from sfumato import models, trust
from sfumato.cli.main import main
from sfumato.errors import RecipeError
from sfumato.models.activations import build
from sfumato.recipe import Model, Recipe, changed, choices, from_string, to_string, to_toml, values
from sfumato.recipe.description import describe
from sfumato.recipe.engines import ENGINES, auto
from tests.small import SMALL, picture

CODE = """
import torch
from torch import nn

def wave(x):
    return torch.sin(3.0 * x)

def other(x):
    return torch.cos(3.0 * x)

class Wave(nn.Module):
    def __init__(self, omega):
        super().__init__()
        self.omega = omega

    def forward(self, x):
        return torch.sin(self.omega * x)

def make(omega=3.0):
    return lambda x: torch.sin(omega * x)

def noisy(x):
    return torch.sin(3.0 * x) + 0.1 * torch.rand_like(x)

def half(x):
    return x[:, ::2]

def flat(x):
    return torch.sin(x.detach())

def rounded(x):
    class Round(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.round()
    return Round.apply(x)

def raises(x):
    raise ValueError("two" + chr(10) + "lines")

def listed(x):
    return [x]

def double(x):
    return x.double()

def text(x):
    return torch.sin("x")

number = 3
"""


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with a file nets.py, which may be imported."""
    (tmp_path / "nets.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    names = re.findall(r"^(?:def |class )?(\w+)", CODE, re.MULTILINE)
    monkeypatch.setattr(trust, "_ALLOWED", {f"nets:{name}" for name in names})
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    trust.allow("torch.nn:PReLU")
    trust.allow("nets:nothing")
    trust.allow("no_such_file:f")
    return tmp_path


def trained(activation: str, **model: object) -> dict[str, np.ndarray]:
    """Return the weights after a few epochs in the engine autograd."""
    run = sf.paint(picture(), film="none", **{**SMALL, "model": {**SMALL["model"], "activation": activation, **model}})
    network, _ = run.model()
    return {name: each.detach().numpy() for name, each in network.state_dict().items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "own", ["nets:wave", "nets:Wave(omega=3.0)", "nets:Wave(3.0)", "nets:make()", "nets:make(3.0)"]
)
def test_it_trains_as_ours_of_the_same_formula(nets: Path, own: str) -> None:
    expected, found = trained("sine(3)"), trained(own)
    assert list(found) == list(expected)
    for name, weights in expected.items():
        np.testing.assert_array_equal(found[name], weights)
    assert any((weights != expected[name]).any() for name, weights in trained("nets:other").items())


@pytest.mark.slow
def test_each_layer_may_have_another_one(nets: Path) -> None:
    expected, found = trained("sine(3),relu"), trained("nets:wave,relu")
    for name, weights in expected.items():
        np.testing.assert_array_equal(found[name], weights)


def test_the_recipe_keeps_its_text() -> None:
    text = "nets.waves:Wave(omega=3.0, kind=even),relu,pkg:f"
    recipe = changed(Recipe(), {"model": {"depth": 3, "activation": text}})
    assert recipe.model.imports == ("nets.waves:Wave(omega=3.0, kind=even)", "pkg:f")
    for again in (from_string(to_string(recipe)), Recipe.of(values(recipe)), changed(Recipe(), _toml(recipe))):
        assert again == recipe
        assert str(again.model.activations[0]) == "nets.waves:Wave(omega=3.0, kind=even)"
    # Nothing is imported to describe it.
    assert describe(recipe).parameters == describe(changed(recipe, {"model": {"activation": "relu"}})).parameters
    assert auto(recipe).name == "autograd"
    assert "Got nets.waves:Wave(omega=3.0" in " ".join(ENGINES["fused"].unsupported(recipe))


def _toml(recipe: Recipe) -> dict[str, object]:
    import tomllib

    return tomllib.loads(to_toml(recipe))


@pytest.mark.parametrize("text", ["nets:wa ve", ":x", "nets:", "a:b:c", "nets/a:f", "nets:f(", "nets:f(open('x'))"])
def test_a_malformed_name_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="must be written like"):
        Model.of({"activation": text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nets:nothing", "nets has no nothing"),
        ("nets:number", "number is int, which cannot be called"),
        ("no_such_file:f", "Importing no_such_file raises ModuleNotFoundError"),
        ("nets:Wave", "raises TypeError: .* missing 1 required positional argument"),
        ("nets:half", r"same shape and type. 'nets:half' returns shape \(3, 3\) for \(3, 5\)"),
        ("nets:listed", "returns list"),
        ("nets:double", "returns float64 for float32"),
        ("nets:raises", "raises ValueError: two lines"),
        ("nets:flat", "must be differentiable by PyTorch. 'nets:flat' returns a result without a gradient"),
        ("nets:rounded", "must be differentiable by PyTorch. 'nets:rounded' raises NotImplementedError"),
        ("torch.nn:PReLU", "must have neither parameters nor buffers"),
    ],
)
def test_one_that_cannot_be_trained_is_refused_in_one_line(nets: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        build(choices.CustomActivation(text))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("model.activation must ")


def test_one_that_was_not_named_is_not_imported(nets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_ALLOWED", set())
    with pytest.raises(RecipeError, match=r"must be named by you .* --allow nets:wave with a run"):
        models.build(Model.of({"activation": "nets:wave"}), 3, 0)
    assert "nets" not in sys.modules


def test_only_names_in_the_changes_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_ALLOWED", set())
    own = choices.CustomActivation("a.b:f(x=1)")
    trust.allow_named_in({"model": {"activation": "relu,c:d(2),sine(3)", "module": "e:F(width=3)"}})
    trust.allow_named_in({"model": {"activation": [own, choices.ReLU()]}})
    trust.allow_named_in({"model": {"activation": "relu"}, "picture": {"source": "c:x"}})
    assert trust.allowed() == ("a.b:f", "c:d", "e:F")


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["nets:wave", "nets:noisy"])
def test_a_run_resumes_to_the_same_bits(nets: Path, activation: str) -> None:
    recipe = {**SMALL, "model": {**SMALL["model"], "activation": activation}, "budget": {"epochs": 30}}
    whole = sf.paint(picture(), film="none", **recipe)
    stopped = sf.paint(picture(), film="none", stop=lambda: True, **recipe)
    assert stopped.status == "stopped"
    assert stopped.metrics[-1]["epoch"] < 30
    resumed = sf.resume(stopped.folder, film="none")
    expected, found = (each.model()[0].state_dict() for each in (whole, resumed))
    for name, weights in expected.items():
        assert torch.equal(found[name], weights), name


@pytest.mark.slow
def test_commands_about_a_run_need_its_name(
    nets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = {**SMALL, "model": {**SMALL["model"], "activation": "nets:wave"}}
    run = sf.paint(picture(), film="none", **recipe)
    monkeypatch.setattr(trust, "_ALLOWED", set())
    assert main(["render", str(run.folder)]) == 2
    assert "--allow nets:wave with a run" in capsys.readouterr().err
    assert main(["render", str(run.folder), "--allow", "nets"]) == 2
    assert "--allow must be given a class or function, package.module:name. Got 'nets'" in capsys.readouterr().err
    assert main(["render", str(run.folder), "--neurons", "1", "--allow", "nets:wave"]) == 0
