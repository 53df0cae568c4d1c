"""Statistics of layers."""

from __future__ import annotations

import math

import pytest

from sfumato.studio.inspector import layers


@pytest.mark.parametrize("units", [1, 100, 3000, 65536])
@pytest.mark.parametrize("shape", [(300, 200), (2, 2), (2, 60_000_000)])
def test_histograms_of_wide_layers_have_few_samples(units: int, shape: tuple[int, int]) -> None:
    samples = layers.sample_shape(shape, units)
    assert min(samples) >= 2
    assert max(samples) <= layers.SIDE
    assert units * math.prod(samples) <= layers.MAX_OUTPUTS
