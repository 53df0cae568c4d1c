"""Feature grids against the equations of Instant-NGP, written out point by point."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from sfumato.models import build_uninitialized, encodings
from sfumato.models import mlp as build
from sfumato.models.encodings.grid import FeatureGrid
from sfumato.recipe import Coordinates, Model, choices

GRIDS = [
    choices.DenseGrid(resolution=5, features=4),
    choices.DenseGrid(resolution=1, features=1, interpolation="smoothstep"),
    choices.HashGrid(levels=4, features=2, log2_table_size=6, base_resolution=3, finest_resolution=21),
    choices.HashGrid(levels=3, log2_table_size=5, base_resolution=9, finest_resolution=40, interpolation="smoothstep"),
    choices.HashGrid(levels=1, features=8, log2_table_size=3, base_resolution=6),
    choices.HashGrid(levels=2, log2_table_size=5, base_resolution=3, finest_resolution=9, include_inputs=True),
    choices.DenseGrid(resolution=3, features=2, include_inputs=True),
]


def grid_of(choice: choices.Encoding, ends: tuple[float, float] = (-1.0, 1.0), seed: int = 0) -> FeatureGrid:
    module = encodings.build(choice, 2, np.random.default_rng(seed), ends)
    assert isinstance(module, FeatureGrid)
    return module.double()


def exact_resolutions(levels: int, base: int, finest: int) -> list[int]:
    """Return the largest whole numbers n with n <= base (finest / base)^(l / (levels - 1)), by whole numbers alone."""
    found = []
    for level in range(levels):
        last = max(levels - 1, 1)
        bound = base ** (last - level) * finest**level
        n = 1
        while (n + 1) ** last <= bound:
            n += 1
        found.append(n)
    return found


def features_at(choice: choices.Encoding, table: np.ndarray, y: float, x: float) -> list[float]:
    """Return the features of a position, 0 to 1 along each side."""
    if isinstance(choice, choices.HashGrid):
        resolutions = exact_resolutions(choice.levels, choice.base_resolution, choice.finest_resolution)
        size = 2**choice.log2_table_size
    else:
        assert isinstance(choice, choices.DenseGrid)
        resolutions, size = [choice.resolution], 2**31
    found: list[float] = []
    first = 0
    for n in resolutions:
        row, column = min(int(y * n), n - 1), min(int(x * n), n - 1)
        total = np.zeros(table.shape[1])
        for down, right in itertools.product((0, 1), (0, 1)):
            v, u = y * n - row, x * n - column
            if choice.interpolation == "smoothstep":
                v, u = 3 * v**2 - 2 * v**3, 3 * u**2 - 2 * u**3
            point = (row + down) * (n + 1) + column + right
            if (n + 1) ** 2 > size:
                point = ((column + right) ^ ((row + down) * 2654435761 % 2**32)) % size
            total += (v if down else 1 - v) * (u if right else 1 - u) * table[first + point]
        found += list(total)
        first += min((n + 1) ** 2, size)
    assert first == len(table)
    return found


@pytest.mark.parametrize("choice", GRIDS, ids=str)
@pytest.mark.parametrize("ends", [(-1.0, 1.0), (0.0, 1.0)])
def test_features_equal_the_equations(choice: choices.Encoding, ends: tuple[float, float]) -> None:
    grid = grid_of(choice, ends)
    with torch.no_grad():
        grid.table.copy_(torch.randn(grid.table.shape, generator=torch.Generator().manual_seed(1)))
    unit = np.vstack([np.random.default_rng(2).uniform(0, 1, (200, 2)), [[0, 0], [1, 1], [0, 1], [0.5, 1]]])
    inputs = ends[0] + (ends[1] - ends[0]) * unit
    found = grid(torch.from_numpy(inputs)).detach().numpy()
    expected = np.array([features_at(choice, grid.table.detach().numpy(), y, x) for y, x in unit])
    if grid.include_inputs:
        expected = np.hstack([inputs, expected])
    assert expected.shape[1] == choice.outputs(2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_resolutions_grow_by_a_constant_factor() -> None:
    for levels, base, finest in ((16, 16, 2048), (16, 16, 524288 // 8), (12, 16, 768), (1, 16, 512), (2, 3, 7)):
        choice = choices.HashGrid(levels=levels, base_resolution=base, finest_resolution=finest)
        found = [level.resolution for level in choice.grid_levels()]
        if finest < 10_000:
            assert found == exact_resolutions(levels, base, finest)
        assert found[0] == base
        assert found[-1] == (finest if levels > 1 else base)


def test_gradients_equal_finite_differences() -> None:
    for choice in GRIDS:
        grid = grid_of(choice)
        x = torch.from_numpy(np.random.default_rng(3).uniform(-1, 1, (7, 2)))

        def features(table: torch.Tensor, grid: FeatureGrid = grid, x: torch.Tensor = x) -> torch.Tensor:
            return torch.func.functional_call(grid, {"table": table}, (x,))

        assert torch.autograd.gradcheck(features, (grid.table.detach().clone().requires_grad_(),))


def test_inputs_beyond_the_range_have_the_features_of_its_border() -> None:
    grid = grid_of(GRIDS[2])
    outside, border = torch.tensor([[-3.0, 0.2], [0.3, 7.0]]), torch.tensor([[-1.0, 0.2], [0.3, 1.0]])
    torch.testing.assert_close(grid(outside.double()), grid(border.double()), rtol=0, atol=1e-15)


def test_the_initial_table_is_uniform_between_1e_4() -> None:
    table = grid_of(choices.DenseGrid(resolution=99)).table
    assert 0.99e-4 < float(table.detach().abs().max()) <= 1e-4
    assert float(table.detach().std()) == pytest.approx(1e-4 / 3**0.5, rel=0.02)
    assert not torch.equal(table, grid_of(choices.DenseGrid(resolution=99), seed=1).table)


def test_a_grid_covers_the_range_of_the_coordinates() -> None:
    for kind, low in (("unit", 0.0), ("signed", -1.0)):
        coordinates = Coordinates(range=kind)
        model = Model.of({"width": 4, "depth": 1, "encoding": "dense_grid(3)"})
        for network in (
            build(model, 3, 0, coordinates=coordinates),
            build_uninitialized(model, 3, 0, coordinates=coordinates),
        ):
            grid = network.get_submodule("encode")
            assert isinstance(grid, FeatureGrid)
            assert grid.ends == (low, 1.0)


def test_a_grid_covers_both_axes_where_the_aspect_is_kept() -> None:
    model = Model.of({"depth": 1, "width": 4, "encoding": "dense_grid(4)"})
    for aspect, end in ((2.5, 4.0), (0.4, 1.0)):
        network = build(model, 3, seed=0, coordinates=Coordinates(aspect=aspect))
        assert isinstance(network.encode, FeatureGrid)
        assert network.encode.ends == (-1.0, end)


def test_smoother_grids_are_coarser() -> None:
    coarser = choices.HashGrid(base_resolution=16, finest_resolution=64).smoother()
    assert isinstance(coarser, choices.HashGrid)
    assert coarser.finest_resolution == 32
    assert choices.HashGrid(base_resolution=16, finest_resolution=31).smoother() is None
    assert choices.DenseGrid(resolution=9).smoother() == choices.DenseGrid(resolution=4)
    assert choices.DenseGrid(resolution=3).smoother() is None
