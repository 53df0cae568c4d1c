"""What is counted as the work of a training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sfumato import models
from sfumato.lab.speedrun.operations import Operations, operations
from sfumato.recipe import Recipe, changed, preset
from sfumato.training.optimizers.muon import orthogonalise

EPOCH = 300 * 429


def recipe(optimizer: str = "adam", engine: str = "fused", **model: Any) -> Recipe:
    changes = {"model": model, "training": {"optimizer": optimizer, "batch": 512}, "engine": engine}
    return changed(preset("fast"), changes)


def test_an_epoch_of_2012_is_what_docs_performance_says() -> None:
    found = operations(changed(preset("blog-2012"), {"engine": "online"}), EPOCH, EPOCH)
    assert found == Operations(EPOCH * 2 * (3 * 271_500 - 600), 0)
    assert found is not None
    assert found.all == pytest.approx(209.5e9, rel=1e-3)


@pytest.mark.parametrize("model", [{}, {"width": (40, 30), "depth": 2}, {"encoding": "fourier(features=16)"}])
def test_the_network_s_are_those_that_torch_counts(model: dict[str, Any]) -> None:
    one = recipe("sgd", **model)
    network = models.build(one.model, 3, 0, torch.float32, one.coordinates)
    encoding = 10 * 2 * (16 if "encoding" in model else 0)
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(10, 2)).sum().backward()
    found = operations(one, samples=10, steps=1)
    assert found is not None
    # The encoding's product is made before the clock starts.
    assert found.network + encoding == counter.get_total_flops()


def test_foof_s_by_hand() -> None:
    # One hidden layer of 20 inputs and a bias, 10 units; 4 samples of each batch are looked at. Inverses are due after
    # steps 1, 2, 3, 5, 8, and 7, 14.
    chosen = recipe("foof(samples=4, every=7)", width=(20, 10), depth=2)
    found = operations(chosen, samples=512 * 15, steps=15)
    moments, update, inverse = 2 * 4 * 21**2, 2 * 21**2 * 10, 21**3
    # Fused looks at a batch before the first step: once more through the network, the moments and the inverse.
    network = 2 * (3 * (2 * 20 + 20 * 10 + 10 * 3) - 2 * 20)
    assert found == Operations(network * 512 * 16, 16 * moments + 15 * update + 8 * inverse)
    by_autograd = changed(chosen, {"engine": "autograd"})
    assert operations(by_autograd, 512 * 15, 15) == Operations(
        network * 512 * 15, 15 * moments + 15 * update + 7 * inverse
    )


def test_muon_s_are_those_that_torch_counts() -> None:
    with FlopCounterMode(display=False) as counter:
        orthogonalise(torch.rand(30, 40), 3)
    found = operations(recipe("muon(iterations=3)", width=(40, 30), depth=2, engine="autograd"), samples=10, steps=6)
    assert found is not None
    assert found.optimizer == 6 * counter.get_total_flops()


def test_a_full_batch() -> None:
    full = changed(recipe("foof(samples=4)", width=(20, 10), depth=2), {"training": {"batch": "all"}})
    found = operations(full, samples=100, steps=1)
    assert found is not None
    assert found.network == 2 * 100 * 2 * (3 * (2 * 20 + 20 * 10 + 10 * 3) - 2 * 20)


def test_what_is_not_known() -> None:
    assert operations(recipe("lbfgs"), 10, 1) is None
    assert operations(recipe(module="nets:Net"), 10, 1) is None
