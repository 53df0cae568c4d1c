"""Takes a network's figures as it trains: on a copy, on a fixed few of the picture's pixels."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato import models
from sfumato.recipe import Recipe
from sfumato.training import losses
from sfumato.training.health.layers import measured
from sfumato.training.health.network_stats import NetworkStats
from sfumato.training.health.places import few_pixels

PIXELS = 512
"""Looked at while training waits: less than a hundredth of what an exact evaluation of 300x429 pixels looks at."""

MOST_LAYERS = 64


class LayerProbe:
    """Measures one network. The model that it is given is copied when it is first asked, and never changed."""

    def __init__(self, recipe: Recipe, picture: NDArray[np.floating], model: nn.Module, most: int = PIXELS) -> None:
        """``picture`` (H, W, C); at most so many of its pixels are looked at."""
        self._coordinates, self._targets = few_pixels(recipe, picture, most)
        self._is_own = recipe.model.module is not None
        self._loss = recipe.training.loss
        self._model = model
        self._copy: nn.Module | None = None

    def stats(self, weights: Mapping[str, NDArray[Any]]) -> NetworkStats | None:
        """Of the network with these weights, by the names of its ``state_dict``.

        None where a module of someone's own cannot be copied, or not be looked into.
        """
        if not self._is_own:
            return self.measure(weights)
        try:
            return self.measure(weights)
        except Exception:
            return None

    def measure(self, weights: Mapping[str, NDArray[Any]]) -> NetworkStats:
        """The same, raising whatever a module of someone's own raises."""
        # Such a module may draw random numbers, of which training must not miss any.
        with torch.random.fork_rng(devices=[]):
            return self._measured(weights)

    def _measured(self, weights: Mapping[str, NDArray[Any]]) -> NetworkStats:
        if self._copy is None:
            self._copy = copy.deepcopy(models.unwrap(self._model)).cpu().eval()
            for parameter in self._copy.parameters():
                # Gradients are looked at in layers that are not trained too; whole numbers have none.
                parameter.requires_grad_(parameter.is_floating_point())
        model = self._copy
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        dtype = next(each.dtype for each in model.parameters() if each.is_floating_point())
        targets = torch.from_numpy(self._targets).to(dtype)

        def loss(answers: torch.Tensor) -> torch.Tensor:
            return losses.per_sample(self._loss, answers - targets).sum()

        layers, answers = measured(model, torch.from_numpy(self._coordinates).to(dtype), loss, MOST_LAYERS)
        return NetworkStats.of(layers, answers.numpy(), self._targets)
