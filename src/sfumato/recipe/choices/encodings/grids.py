"""Trained encodings: grids of features, interpolated at the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Value
from sfumato.recipe.choices.encodings.encoding import COORDINATES, Encoding
from sfumato.recipe.choices.optimizer import Optimizer
from sfumato.recipe.choices.optimizers import LazyAdam

Interpolation = Literal["linear", "smoothstep"]


class GridLevel(NamedTuple):
    """A grid of (resolution + 1) x (resolution + 1) points over the range of the inputs, and its rows of the table."""

    resolution: int
    """Number of cells along each side."""
    offset: int
    """The level's first row."""
    rows: int
    """Number of rows: one per point, or a power of two that the points are hashed to."""
    hashed: bool


@dataclass(frozen=True, config=CONFIG)
class _Grid(Encoding):
    """Encoding by a table of features, which Adam trains as in Instant-NGP: see `LazyAdam`."""

    trainable: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.grid:GRID"
    dimensions: ClassVar[int | None] = COORDINATES
    added_fields: ClassVar[Mapping[str, Value]] = {"include_inputs": False}

    @property
    def includes_inputs(self) -> bool:
        """Whether the inputs are features, too."""
        raise NotImplementedError

    @property
    def row_features(self) -> int:
        """Number of features of a point."""
        raise NotImplementedError

    @property
    def table_lr(self) -> float:
        """Learning rate of the table."""
        raise NotImplementedError

    def grid_levels(self) -> tuple[GridLevel, ...]:
        """Return the levels, the coarsest first."""
        raise NotImplementedError

    def optimizer(self) -> Optimizer | None:
        """Return Adam with the constants of Instant-NGP, at the grid's own rate."""
        return LazyAdam(lr=self.table_lr)

    def outputs(self, inputs: int) -> int:
        """Return the number of features of all levels, and of the inputs where they are included."""
        return self.row_features * len(self.grid_levels()) + self.includes_inputs * inputs

    def multiply_adds(self, inputs: int) -> int:
        """Return the multiply-adds of the interpolation: one per corner of a cell and feature."""
        return 2**inputs * self.row_features * len(self.grid_levels())

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of the table."""
        last = self.grid_levels()[-1]
        return {"table": (last.offset + last.rows, self.row_features)}


@dataclass(frozen=True, config=CONFIG)
class DenseGrid(_Grid, name="dense_grid"):
    """Trained features at the points of one grid, interpolated in its cells."""

    resolution: int = Field(default=128, ge=1, le=8192, description="number of cells along each side")
    features: Literal[1, 2, 4, 8, 16] = Field(default=16, description="number of features per grid point")
    interpolation: Interpolation = Field(
        default="linear", description="weights of a cell's corners: linear, or smoothstep without kinks"
    )
    lr: float = Field(default=0.01, ge=0, description="learning rate of the features")
    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    @property
    def includes_inputs(self) -> bool:
        """Whether the inputs are features, too."""
        return self.include_inputs

    @property
    def row_features(self) -> int:
        """Number of features of a point."""
        return self.features

    @property
    def table_lr(self) -> float:
        """Learning rate of the table."""
        return self.lr

    def grid_levels(self) -> tuple[GridLevel, ...]:
        """Return the one level."""
        return (GridLevel(self.resolution, 0, (self.resolution + 1) ** COORDINATES, hashed=False),)

    def smoother(self) -> Encoding | None:
        """Return one of half the resolution, or None where it has few cells."""
        return replace(self, resolution=self.resolution // 2) if self.resolution > 3 else None


@dataclass(frozen=True, config=CONFIG)
class HashGrid(_Grid, name="hash_grid"):
    """Trained features at several resolutions, the finer ones in hash tables (Instant-NGP, Mueller et al. 2022).

    The resolutions grow by a constant factor. A level whose points fit into the table's size has one row per point.
    """

    levels: int = Field(default=12, ge=1, le=32, description="number of resolutions")
    features: Literal[1, 2, 4, 8, 16] = Field(default=2, description="number of features per grid point")
    log2_table_size: int = Field(default=14, ge=1, le=24, description="log2 of the largest number of rows per level")
    base_resolution: int = Field(default=16, ge=1, le=8192, description="cells along each side in the coarsest level")
    finest_resolution: int = Field(default=512, ge=1, le=65536, description="cells along each side in the finest level")
    interpolation: Interpolation = Field(
        default="linear", description="weights of a cell's corners: linear, or smoothstep without kinks"
    )
    lr: float = Field(default=0.01, ge=0, description="learning rate of the features")
    include_inputs: bool = Field(default=False, description="the inputs as features, too")

    @property
    def includes_inputs(self) -> bool:
        """Whether the inputs are features, too."""
        return self.include_inputs

    @property
    def row_features(self) -> int:
        """Number of features of a point."""
        return self.features

    @property
    def table_lr(self) -> float:
        """Learning rate of the table."""
        return self.lr

    def grid_levels(self) -> tuple[GridLevel, ...]:
        """Return the levels by the paper's equations 2 and 3: N_l = floor(N_min b^l), b^(L - 1) = N_max / N_min."""
        size, offset = 2**self.log2_table_size, 0
        found: list[GridLevel] = []
        for number in range(self.levels):
            growth = (self.finest_resolution / self.base_resolution) ** (number / max(self.levels - 1, 1))
            # The last level's product is a whole number but for rounding.
            resolution = int(self.base_resolution * growth * (1 + 1e-12))
            points = (resolution + 1) ** COORDINATES
            found.append(GridLevel(resolution, offset, min(points, size), hashed=points > size))
            offset += found[-1].rows
        return tuple(found)

    def smoother(self) -> Encoding | None:
        """Return one of half the finest resolution, or None where that would be below the coarsest."""
        finest = self.finest_resolution // 2
        return replace(self, finest_resolution=finest) if finest >= self.base_resolution else None
