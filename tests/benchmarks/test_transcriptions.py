"""Presets of publications train as transcriptions of the papers in plain PyTorch do, from the same initial weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from transcriptions.comparison import Pair
from transcriptions.experiments import EXPERIMENTS

from sfumato.recipe.engines import FUSED
from sfumato.recipe.presets import PUBLISHED, preset

pytestmark = pytest.mark.slow

STEPS = 20
SIZE = (14, 20)
NOT_TRANSCRIBED = {"evos"}
"""Presets whose steps depend on random numbers that two programs draw differently."""


def picture(name: str) -> NDArray[np.float32]:
    """Return a smooth picture of 8-bit values, (H, W, C)."""
    rows, columns = np.meshgrid(*(np.linspace(0, 3, side) for side in SIZE), indexing="ij")
    channels = [np.sin(rows * k + columns) for k in range(1, 2 if name == "siren" else 4)]
    return (np.rint(127.5 + 127 * np.stack(channels, axis=2)) / 255).astype(np.float32)


def real(parameter: torch.Tensor) -> torch.Tensor:
    """Return the numbers of a parameter, of complex ones both parts."""
    values = parameter.detach()
    return torch.view_as_real(values) if values.is_complex() else values


def test_every_publication_has_a_transcription() -> None:
    assert set(EXPERIMENTS) == set(PUBLISHED) - NOT_TRANSCRIBED


# FINER's factor |z| + 1 has a kink, which magnifies rounding errors.
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_steps_are_those_of_the_transcription(name: str) -> None:
    pair = Pair(name, picture(name), STEPS, engine="autograd", dtype="float64", threads=1)
    network = pair.network(same=True).double()
    ours, theirs = pair.ours(), pair.theirs(network, torch.float64)
    assert ours.trained == pytest.approx(theirs.trained, abs=1e-3 if name == "finer" else 1e-4)
    assert ours.psnr == pytest.approx(theirs.psnr, abs=1e-3 if name == "finer" else 1e-4)
    assert abs(ours.psnr - ours.trained[0]) > 0.1


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if not FUSED.unsupported(preset(name))])
def test_compiled_steps_are_those_of_the_transcription(name: str) -> None:
    pair = Pair(name, picture(name), STEPS, engine="fused", threads=1)
    network = pair.network(same=True)
    ours, theirs = pair.ours(), pair.theirs(network)
    assert ours.trained == pytest.approx(theirs.trained, abs=0.05)
    assert ours.psnr == pytest.approx(theirs.psnr, abs=0.05)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_initial_weights_have_the_distribution_of_the_transcription(name: str) -> None:
    pairs = [Pair(name, picture(name), 1, seed=seed) for seed in range(4)]
    ours = [[p.detach().numpy().ravel() for p in pair.model.parameters()] for pair in pairs]
    theirs = [[real(p).numpy().ravel() for p in pair.network(same=False).parameters()] for pair in pairs]
    for mine, other in zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True):
        _, probability = map(float, stats.ks_2samp(np.concatenate(mine), np.concatenate(other)))
        assert probability > 1e-4
