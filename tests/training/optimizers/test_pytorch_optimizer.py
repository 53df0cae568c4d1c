"""Comparisons of the optimizers of pytorch-optimizer with the library in a plain loop, and with formulas in NumPy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pytorch_optimizer as library
import torch
from torch import nn

from sfumato.errors import EngineError
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.choices.optimizer import Optimizer
from sfumato.training.engines import choose
from sfumato.training.optimizers import AveragingOptimizer, build
from tests.training.optimizers.test_optimizers import gradient_of, task

CASES: list[tuple[choices.Optimizer, type[torch.optim.Optimizer], dict[str, Any]]] = [
    (
        choices.Adan(lr=0.01, beta1=0.95, beta2=0.9, beta3=0.98, eps=1e-7, weight_decay=0.02),
        library.Adan,
        {"lr": 0.01, "betas": (0.95, 0.9, 0.98), "eps": 1e-7, "weight_decay": 0.02},
    ),
    (
        choices.Lion(lr=0.002, beta1=0.8, beta2=0.95, weight_decay=0.1),
        library.Lion,
        {"lr": 0.002, "betas": (0.8, 0.95), "weight_decay": 0.1},
    ),
    (
        choices.Apollo(lr=0.002, beta=0.8, eps=1e-3),
        library.ApolloDQN,
        {"lr": 0.002, "beta": 0.8, "eps": 1e-3, "warmup_steps": 0},
    ),
    (
        choices.ScheduleFree(lr=0.02, beta1=0.8, beta2=0.98, eps=1e-6, weight_decay=0.05),
        library.ScheduleFreeAdamW,
        {"lr": 0.02, "betas": (0.8, 0.98), "eps": 1e-6, "weight_decay": 0.05},
    ),
]


def test_every_optimizer_of_the_library_has_a_row() -> None:
    of_library = {member for member in Optimizer.members.values() if member.library == "pytorch_optimizer"}
    assert {type(choice) for choice, _, _ in CASES} == of_library


@pytest.mark.parametrize(("choice", "kind", "options"), CASES, ids=[choice.name for choice, _, _ in CASES])
def test_twenty_steps_equal_the_library_in_a_plain_loop(
    choice: choices.Optimizer, kind: Callable[..., torch.optim.Optimizer], options: dict[str, Any]
) -> None:
    model, loss = task()
    plain, plain_loss = task()
    optimizer, reference = build(choice, model), kind(list(plain.parameters()), **options)
    start = [parameter.detach().clone() for parameter in model.parameters()]
    for step in range(20):
        for group in (*optimizer.param_groups, *reference.param_groups):
            group["lr"] = options["lr"] * (1 - step / 40)
        optimizer.step(loss)
        plain_loss()
        reference.step()
    for ours, theirs, first in zip(model.parameters(), plain.parameters(), start, strict=True):
        assert torch.equal(ours, theirs)
        assert (ours - first).abs().max() > 1e-3


Update = Callable[[np.ndarray, np.ndarray, dict[str, Any], int], np.ndarray]


def _adan(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    # Algorithm 1 of arXiv 2208.06677, whose betas are one minus these, with the corrections of its program.
    difference = g - s.get("g", g)
    s["m"] = 0.95 * s.get("m", 0) + 0.05 * g
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * difference
    s["n"] = 0.98 * s.get("n", 0) + 0.02 * (g + 0.9 * difference) ** 2
    s["g"] = g
    root = np.sqrt(s["n"] / (1 - 0.98**t)) + 1e-7
    return (w - 0.01 * (s["m"] / (1 - 0.95**t) + 0.9 * s["v"] / (1 - 0.9**t)) / root) / (1 + 0.01 * 0.02)


def _lion(w: np.ndarray, g: np.ndarray, s: dict[str, Any], t: int) -> np.ndarray:
    m = s.get("m", 0)
    s["m"] = 0.95 * m + 0.05 * g
    return w - 0.002 * (np.sign(0.8 * m + 0.2 * g) + 0.1 * w)


@pytest.mark.parametrize(
    ("choice", "update"),
    [(CASES[0][0], _adan), (CASES[1][0], _lion)],
    ids=["adan", "lion"],
)
def test_twenty_steps_equal_the_papers_formula(choice: choices.Optimizer, update: Update) -> None:
    model, loss = task()
    optimizer = build(choice, model)
    parameters = list(model.parameters())
    expected = [parameter.detach().numpy().copy() for parameter in parameters]
    states: list[dict[str, Any]] = [{} for _ in parameters]
    for t in range(1, 21):
        loss()
        gradients = [gradient_of(parameter) for parameter in parameters]
        expected = [update(w, g, s, t) for w, g, s in zip(expected, gradients, states, strict=True)]
        optimizer.step()
    for w, parameter in zip(expected, parameters, strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), w, rtol=1e-7, atol=1e-9)


def test_schedule_free_equals_the_papers_formula() -> None:
    model, loss = task()
    choice = choices.ScheduleFree(lr=0.02, beta1=0.8, beta2=0.98, eps=1e-6)
    optimizer = build(choice, model)
    assert isinstance(optimizer, AveragingOptimizer)
    parameters = list(model.parameters())
    z = [parameter.detach().clone() for parameter in parameters]
    x, square = [each.clone() for each in z], [torch.zeros_like(each) for each in z]
    for t in range(1, 21):
        # Algorithm 1 of arXiv 2405.15682: gradients at y; z takes Adam's steps without momentum; x is its average.
        for parameter, last, average in zip(parameters, z, x, strict=True):
            torch.testing.assert_close(parameter.detach(), 0.2 * last + 0.8 * average)
        loss()
        for k, parameter in enumerate(parameters):
            g = parameter.grad
            assert g is not None
            square[k] = 0.98 * square[k] + 0.02 * g**2
            z[k] = z[k] - 0.02 * g / ((square[k] / (1 - 0.98**t)).sqrt() + 1e-6)
            x[k] = (1 - 1 / t) * x[k] + z[k] / t
        optimizer.step()
    trained = [parameter.detach().clone() for parameter in parameters]
    with optimizer.evaluation_weights():
        for parameter, average, y in zip(parameters, x, trained, strict=True):
            torch.testing.assert_close(parameter.detach(), average)
            assert (parameter.detach() - y).abs().max() > 1e-3
    assert all(torch.equal(parameter, y) for parameter, y in zip(parameters, trained, strict=True))


def test_gradients_may_be_one_tensor() -> None:
    module = nn.Module()
    module.a, module.b = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
    optimizer = build(choices.ScheduleFree(lr=0.1), module)
    gradient = torch.tensor([1.0, 2.0, 3.0])
    for parameter in module.parameters():
        parameter.grad = gradient
    optimizer.step()
    assert torch.equal(module.a, module.b)
    assert module.a.abs().min() > 0
    assert gradient.tolist() == [1, 2, 3]


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = changed(Recipe(), {"training": {"optimizer": "lion"}})
    assert choose(recipe) == "autograd"
    monkeypatch.setitem(sys.modules, "pytorch_optimizer", None)
    with pytest.raises(EngineError, match=r"training\.optimizer lion needs .* pip install 'sfumato\[optimizers\]'"):
        choose(recipe)
    assert choose(Recipe()) == "fused"
