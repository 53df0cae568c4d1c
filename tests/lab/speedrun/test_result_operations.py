"""The count of a training's operations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sfumato import models
from sfumato.lab.speedrun.result import operations
from sfumato.recipe import Recipe, changed, preset
from sfumato.recipe.layers import Operations
from sfumato.training import optimizers
from sfumato.training.optimizers import soap
from sfumato.training.optimizers.muon import orthogonalize

EPOCH = 300 * 429


def recipe(optimizer: str = "adam", engine: str = "fused", **model: Any) -> Recipe:
    changes = {"model": model, "training": {"optimizer": optimizer, "batch": 512}, "engine": engine}
    return changed(preset("fast"), changes)


def test_an_epoch_of_2012_is_what_docs_performance_says() -> None:
    found = operations(changed(preset("blog-2012"), {"engine": "online"}), EPOCH, EPOCH)
    assert found == Operations(EPOCH * 2 * (3 * 271_500 - 600), 0)
    assert found is not None
    assert found.all == pytest.approx(209.5e9, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("model", [{}, {"width": (40, 30), "depth": 2}, {"encoding": "fourier(features=16)"}])
def test_the_network_s_are_those_that_torch_counts(model: dict[str, Any]) -> None:
    one = recipe("sgd", **model)
    network = models.build(one.model, 3, 0, torch.float32, one.coordinates)
    encoding = 10 * 2 * (16 if "encoding" in model else 0)
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(10, 2)).sum().backward()
    found = operations(one, samples=10, steps=1)
    assert found is not None
    # The encoding's product is computed before the clock starts.
    assert found.network + encoding == counter.get_total_flops()


def test_foof_s_by_hand() -> None:
    # One hidden layer of 20 inputs and a bias, 10 units; 4 samples of each batch enter the moments. Inverses are due
    # after steps 1, 2, 3, 5, 8, and 7, 14.
    chosen = recipe("foof(samples=4, update_interval=7)", width=(20, 10), depth=2)
    found = operations(chosen, samples=512 * 15, steps=15)
    whole, update, inverse = 2 * 4 * 21**2, 2 * 21**2 * 10, 21**3
    half = 2 * 4 * (20 * 21 // 2 + 21)
    # Fused takes a batch before the first step: one more forward pass, the moments and the inverse.
    network = 2 * (3 * (2 * 20 + 20 * 10 + 10 * 3) - 2 * 20)
    assert found == Operations(network * 512 * 16, 16 * half + 15 * update + 8 * inverse)
    by_autograd = changed(chosen, {"engine": "autograd"})
    assert operations(by_autograd, 512 * 15, 15) == Operations(
        network * 512 * 15, 15 * whole + 15 * update + 7 * inverse
    )


@pytest.mark.slow
def test_muon_s_are_those_that_torch_counts() -> None:
    with FlopCounterMode(display=False) as counter:
        orthogonalize(torch.rand(30, 40), 3)
    found = operations(recipe("muon(ns_steps=3)", width=(40, 30), depth=2, engine="autograd"), samples=10, steps=6)
    assert found is not None
    assert found.optimizer == 6 * counter.get_total_flops()


@pytest.mark.slow
@pytest.mark.parametrize("longest", [2048, 30])
def test_soap_s_are_those_that_torch_counts(longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap, "MAX_SIDE", longest)
    monkeypatch.setattr("sfumato.recipe.choices.optimizers.MAX_SIDE", longest)
    chosen = recipe("soap(update_interval=3)", width=(40, 30), depth=2)
    network = models.build(chosen.model, 3, 0, torch.float32, chosen.coordinates)
    optimizer = optimizers.build(chosen.training.optimizer, network)
    for parameter in network.parameters():
        parameter.grad = torch.rand(parameter.shape)
    with FlopCounterMode(display=False) as counter:
        for _ in range(11):
            optimizer.step()
    found = operations(chosen, samples=512 * 11, steps=11)
    assert found is not None
    # PyTorch counts products only: neither the QR factorizations of three refreshes nor the first eigenvectors.
    cubes = [size**3 for size in (2, 40, 40, 30, 30, 3) if size <= longest]
    assert found.optimizer - counter.get_total_flops() == sum(3 * (8 * cube // 3) + 9 * cube for cube in cubes)


def test_kfac_s_by_hand() -> None:
    # Layers of 2, 20 and 10 inputs and a bias. Inverses are due before steps 1, 2, 3, 5, 8, and 7, 14.
    found = operations(
        recipe("kfac(samples=4, update_interval=7)", width=(20, 10), depth=2, engine="autograd"), 512 * 15, 15
    )
    moments = 2 * 4 * (3**2 + 20**2 + 21**2 + 10**2 + 11**2 + 3**2)
    update = 2 * (3 * 20 * (3 + 20) + 21 * 10 * (21 + 10) + 11 * 3 * (11 + 3))
    inverses = 3**3 + 20**3 + 21**3 + 10**3 + 11**3 + 3**3
    network = 2 * (3 * (2 * 20 + 20 * 10 + 10 * 3) - 2 * 20) * 512 * 15
    back = 2 * (20 * 10 + 10 * 3) * 512 * 15
    assert found == Operations(network, back + 15 * (moments + update) + 7 * inverses)


def test_shampoo_s_by_hand() -> None:
    # Layers of 2, 20 and 10 inputs and a bias; roots are computed in steps 1, 8 and 15.
    found = operations(recipe("shampoo(update_interval=7)", width=(20, 10), depth=2, engine="autograd"), 512 * 15, 15)
    shapes = ((20, 2), (10, 20), (3, 10))
    sums = sum(2 * m * n * (m + n) + 2 * m**2 for m, n in shapes)
    products = sum(2 * m * n * (m + n) + 2 * m**2 for m, n in shapes)
    roots = sum(11 * (2 * m**3 + n**3) for m, n in shapes)
    network = 2 * (3 * (2 * 20 + 20 * 10 + 10 * 3) - 2 * 20) * 512 * 15
    assert found == Operations(network, 15 * (sums + products) + 3 * roots)


def test_a_full_batch() -> None:
    full = changed(recipe("foof(samples=4)", width=(20, 10), depth=2), {"training": {"batch": "all"}})
    found = operations(full, samples=100, steps=1)
    assert found is not None
    assert found.network == 2 * 100 * 2 * (3 * (2 * 20 + 20 * 10 + 10 * 3) - 2 * 20)


def test_unknown_operations() -> None:
    assert operations(recipe("lbfgs"), 10, 1) is None
    assert operations(recipe(module="nets:Net"), 10, 1) is None
