"""Separable CMA-ES (Ros and Hansen 2008, "A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity").

An evolution strategy needs no gradients: a step is a generation. It draws a population of weights around their mean,
from normal distributions with a variance for each weight, computes the loss of each member on the step's batch, and
moves the mean and adapts the variances towards the better half. The program is that of the library cmaes
(https://github.com/CyberAgentAILab/cmaes), in float64. Draws are seeded by the number of the generation.

The number of generations grows with the number of weights, so that networks above `MAX_PARAMETERS` are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato.errors import RecipeError
from sfumato.recipe import choices
from sfumato.recipe.choices.cmaes_optimizer import MAX_PARAMETERS


class SepCMA(torch.optim.Optimizer):
    """Separable CMA-ES for all parameters; between steps they are the mean of the distribution.

    The library's state is in the group, as PyTorch would round its float64 to the parameters' type when it is loaded.
    """

    def __init__(self, model: nn.Module, choice: choices.SepCMA) -> None:
        super().__init__(model.parameters(), {"lr": choice.lr, "evolution": {}})
        self._choice = choice

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Compute the loss of the mean, then of a population, and move the mean; return its loss before."""
        if closure is None:
            raise TypeError("CMA-ES needs a closure that returns the loss")
        group = self.param_groups[0]
        parameters: list[nn.Parameter] = group["params"]
        loss = closure()
        evolution = _restored(group["evolution"]) if group["evolution"] else self._begun(parameters)
        evolution.reseed_rng(evolution.generation)
        solutions: list[tuple[NDArray[np.float64], float]] = []
        for _ in range(evolution.population_size):
            candidate = evolution.ask()
            _assign(parameters, candidate)
            value = float(closure())
            solutions.append((candidate, value if math.isfinite(value) else math.inf))
        evolution.tell(solutions)
        _assign(parameters, evolution.mean)
        group["evolution"] = _saved(evolution)
        return loss

    def _begun(self, parameters: list[nn.Parameter]) -> Any:
        import cmaes

        mean = torch.cat([parameter.detach().flatten() for parameter in parameters]).cpu().double().numpy()
        population = self._choice.population_of(len(mean))
        evolution = cmaes.SepCMA(mean.copy(), self._choice.lr, population_size=population)
        state = evolution.__getstate__()
        # The library leaves this array uninitialized; a checkpoint must have the same bits every time.
        evolution.__setstate__(state | {"_funhist_values": np.zeros_like(state["_funhist_values"])})
        return evolution


def _assign(parameters: list[nn.Parameter], values: NDArray[np.float64]) -> None:
    pieces = torch.from_numpy(values).split([parameter.numel() for parameter in parameters])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.copy_(piece.reshape(parameter.shape))


def _saved(evolution: Any) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for name, value in evolution.__getstate__().items():
        if isinstance(value, np.ndarray):
            state[name] = torch.from_numpy(value.copy())
        else:
            # Numbers of NumPy among them, which cannot be saved as JSON.
            state[name] = value.item() if isinstance(value, np.generic) else value
    return state


def _restored(state: dict[str, Any]) -> Any:
    import cmaes

    evolution = cmaes.SepCMA.__new__(cmaes.SepCMA)
    arrays = {name: value.numpy().copy() for name, value in state.items() if isinstance(value, torch.Tensor)}
    evolution.__setstate__(state | arrays)
    return evolution


def build(choice: choices.SepCMA, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    """Return it with all parameters in one group. Raise RecipeError for a network that is too large.

    A generation draws x_i = m + sigma sqrt(c) z_i, z_i normal, and sets m = sum of w_i x_i over the better half.
    """
    count = sum(parameter.numel() for parameter in model.parameters())
    if count > MAX_PARAMETERS:
        raise RecipeError(
            f"training.optimizer must be another than sep_cma for networks of more than {MAX_PARAMETERS:,} parameters: "
            f"without gradients they would not be trained in a reasonable time. Got {count:,} parameters; choose "
            "smaller ones, such as --model.depth 2 --model.width 16."
        )
    return SepCMA(model, choice)
