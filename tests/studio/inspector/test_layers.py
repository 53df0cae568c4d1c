"""Statistics of layers."""

from __future__ import annotations

import math

import pytest

from sfumato.models import mlp
from sfumato.recipe import Coordinates, Model
from sfumato.studio.inspector import layers


@pytest.mark.parametrize("units", [1, 100, 3000, 65536])
@pytest.mark.parametrize("shape", [(300, 200), (2, 2), (2, 60_000_000)])
def test_histograms_of_wide_layers_have_few_samples(units: int, shape: tuple[int, int]) -> None:
    samples = layers.sample_shape(shape, units)
    assert min(samples) >= 2
    assert max(samples) <= layers.SIDE
    assert units * math.prod(samples) <= layers.MAX_OUTPUTS


def test_inputs_of_a_dense_network_are_units_of_all_layers_below_and_coordinates() -> None:
    model = mlp(Model.of({"width": (2, 3, 4), "connectivity": "dense"}), 3, 1)
    found = layers.unit(model, Coordinates(), (8, 8), 3, 1)["inputs"]
    rest = [{name: value for name, value in each.items() if name != "weight"} for each in found]
    expected = [
        *({"unit": unit} for unit in range(3)),
        *({"layer": 1, "unit": unit} for unit in range(2)),
        *({"coordinate": name} for name in ("row", "column")),
    ]
    row = model.linear_layers()[2].weight[1].tolist()
    assert [expected[index] for index in sorted(range(7), key=lambda index: -abs(row[index]))] == rest
