"""Probe of a network in training: statistics of a copy, on an evenly spaced subset of the picture's pixels."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.models.targets import to_targets, to_values
from sfumato.recipe import Recipe
from sfumato.recipe.training import TargetRange
from sfumato.training import losses
from sfumato.training.health.layers import measure_layers
from sfumato.training.health.network_stats import NetworkStats

PIXELS = 512
"""Number of pixels, as training waits meanwhile: less than a hundredth of an evaluation of 300x429 pixels."""
MAX_LAYERS = 64
"""Maximum number of layers that are measured."""


def grid_indices(height: int, width: int, max_pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of a grid of at most ``max_pixels`` pixels, in the picture's proportions.

    The outermost rows and columns are included; all are, if the picture has no more pixels.
    """
    if height * width <= max_pixels:
        return np.arange(height), np.arange(width)
    scale = math.sqrt(max_pixels / (height * width))
    # A long thin picture keeps at least 2 pixels on its short side.
    rows = min(max(int(height * scale), 2), max_pixels // 2)
    columns = min(max(int(width * scale), 2), max_pixels // rows)
    rows = min(height, max_pixels // columns) if columns == 2 else rows
    return _evenly_spaced(height, rows), _evenly_spaced(width, min(columns, width))


def subsample(
    recipe: Recipe, picture: NDArray[np.floating], max_pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, 2) coordinates and (N, C) colors of at most ``max_pixels`` pixels of a picture (H, W, C)."""
    height, width, channels = picture.shape
    rows, columns = grid_indices(height, width, max_pixels)
    y, x = models.axes(recipe.coordinates, height, width)
    coordinates = np.stack(np.meshgrid(y[rows], x[columns], indexing="ij"), axis=-1).reshape(-1, 2)
    return coordinates, np.asarray(picture[np.ix_(rows, columns)], np.float64).reshape(-1, channels)


def _evenly_spaced(length: int, count: int) -> NDArray[np.int64]:
    return np.linspace(0, length - 1, count).round().astype(np.int64)


class LayerProbe:
    """Probe of the layers of one network. The given model is copied at the first measurement, and never changed."""

    def __init__(self, recipe: Recipe, picture: NDArray[np.floating], model: nn.Module, pixels: int = PIXELS) -> None:
        """Prepare a probe on at most ``pixels`` pixels of ``picture`` (H, W, C)."""
        self._coordinates, self._targets = subsample(recipe, picture, pixels)
        rows, columns = grid_indices(picture.shape[0], picture.shape[1], pixels)
        self._shape = len(rows), len(columns)
        self._is_custom = bool(recipe.model.imports)
        self._loss, self._channel_weights = recipe.training.loss, recipe.training.channel_weights
        self._target_range: TargetRange = recipe.data.target_range
        self._model = model
        self._copy: nn.Module | None = None

    def stats(self, weights: Mapping[str, NDArray[Any]]) -> NetworkStats | None:
        """Return the statistics with the given weights, by the names of the network's ``state_dict``.

        Return None if a custom module cannot be copied or measured.
        """
        if not self._is_custom:
            return self.measure(weights)
        try:
            return self.measure(weights)
        except Exception:
            return None

    def measure(self, weights: Mapping[str, NDArray[Any]]) -> NetworkStats:
        """Return the same, and let exceptions of a custom module through."""
        # A custom module may draw random numbers, which must not change those of the training.
        with torch.random.fork_rng(devices=[]):
            return self._measure(weights)

    def _measure(self, state: Mapping[str, NDArray[Any]]) -> NetworkStats:
        if self._copy is None:
            self._copy = copy.deepcopy(models.unwrap(self._model)).cpu().eval()
            for parameter in self._copy.parameters():
                # Frozen layers are measured too; integer parameters cannot have gradients.
                parameter.requires_grad_(parameter.is_floating_point())
        model = self._copy
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
        dtype = next(each.dtype for each in model.parameters() if each.is_floating_point())
        targets = torch.from_numpy(to_targets(self._targets, self._target_range)).to(dtype)
        weights = None if self._channel_weights is None else torch.tensor(self._channel_weights, dtype=dtype)

        def loss(outputs: torch.Tensor) -> torch.Tensor:
            return losses.total(self._loss, outputs, targets, self._shape, weights)

        layers, outputs = measure_layers(model, torch.from_numpy(self._coordinates).to(dtype), loss, MAX_LAYERS)
        return NetworkStats.of(layers, to_values(outputs.numpy(), self._target_range), self._targets)
