"""What the fused engine's optimiser remembers, and what it does between the compiled stretches of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato.parallel import spread
from sfumato.recipe import choices
from sfumato.training.engines import fused_update
from sfumato.training.engines.fused_foof import Foof
from sfumato.training.engines.fused_layout import Layout
from sfumato.training.engines.fused_muon import Muon
from sfumato.training.engines.fused_update import Rule
from sfumato.training.engines.memory import zeros
from sfumato.training.optimizers import adam_step, foof, muon

COMPILED = (choices.SGD, choices.Adam, choices.AdamW, choices.RMSprop, choices.Foof, choices.Muon)
"""The optimisers that there are here."""


class Optimizer:
    """One of `COMPILED`, for the layers of one network."""

    def __init__(self, choice: choices.Optimizer, layers: Sequence[nn.Linear], layout: Layout) -> None:
        self._choice = choice
        self._layout = layout
        self.state = _state(choice, layout)
        """Blocks of numbers by name, all that must be kept to go on."""
        self.rule = _rule(choice, layers, self.state)
        self._updates = layout.block() if isinstance(choice, choices.Foof) else None
        self.foof = self._compiled_foof()
        self.muon = self._compiled_muon()

    def _compiled_foof(self) -> Foof:
        choice = self._choice
        if not isinstance(choice, choices.Foof) or self._updates is None:
            return Foof(rate=0.0, momentum=0.0, samples=0, moments=0, inverse=0, momenta=0, updates=0)
        return Foof(
            rate=choice.lr,
            momentum=choice.momentum,
            samples=choice.samples,
            moments=self.state["moments"].ctypes.data,
            inverse=self.state["inverse"].ctypes.data,
            momenta=self.state["momenta"].ctypes.data,
            updates=self._updates.ctypes.data,
        )

    def _compiled_muon(self) -> Muon:
        choice = self._choice
        if not isinstance(choice, choices.Muon):
            return Muon(rate=0.0, momentum=0.0, nesterov=False, iterations=0, coefficients=muon.COEFFICIENTS, momenta=0)
        return Muon(
            rate=choice.lr,
            momentum=choice.momentum,
            nesterov=choice.nesterov,
            iterations=choice.iterations,
            coefficients=muon.COEFFICIENTS,
            momenta=self.state["momenta"].ctypes.data,
        )

    @property
    def needs_room(self) -> bool:
        """Whether matrices are made orthogonal."""
        return isinstance(self._choice, choices.Muon)

    @property
    def looks_first(self) -> bool:
        """Whether a step without effect must come before the first, to know the inputs."""
        return isinstance(self._choice, choices.Foof)

    def forget_but_inputs(self) -> None:
        """Undo all that the step without effect has left, except for what was learned of the inputs."""
        for name, block in self.state.items():
            if name != "inverse":
                block.fill(0)

    def steps_until_pause(self, step: int) -> int | None:
        """How many steps may follow without a break after ``step``, or None: any number."""
        if not isinstance(self._choice, choices.Foof):
            return None
        ahead = 1
        while not foof.due(step + ahead, self._choice.every):
            ahead += 1
        return ahead

    def pause(self, threads: int) -> None:
        """What is to be done at the end of `steps_until_pause`: invert the moments."""
        if not isinstance(self._choice, choices.Foof):
            return
        damping = self._choice.damping
        hidden = [layer for layer in range(len(self._layout.table)) if self._layout.is_hidden(layer)]
        moments = [torch.from_numpy(self._layout.moments_of(self.state["moments"], layer)) for layer in hidden]
        found = spread(lambda one: foof.invert(one, damping), moments, threads) if moments else []
        for layer, inverse in zip(hidden, found, strict=True):
            if inverse is not None:
                self._layout.moments_of(self.state["inverse"], layer)[:] = inverse.numpy()

    def kept(self, step: int, count: int) -> NDArray[np.float64]:
        """(count,) of the moments, for the steps after ``step``."""
        if not isinstance(self._choice, choices.Foof):
            return np.ones(count)
        return np.array([foof.kept(step + ahead, self._choice.decay) for ahead in range(1, count + 1)])


def _state(choice: choices.Optimizer, layout: Layout) -> dict[str, NDArray[np.float32]]:
    match choice:
        case choices.SGD():
            names = ["momenta"] if choice.momentum > 0 else []
        case choices.RMSprop():
            names = ["momenta", "squares"] if choice.momentum > 0 else ["squares"]
        case _:
            names = ["momenta", "squares"]
    blocks = {name: layout.block() for name in names}
    if isinstance(choice, choices.Foof):
        blocks |= {"moments": zeros(layout.moments), "inverse": zeros(layout.moments)}
    return blocks


def _rule(choice: choices.Optimizer, layers: Sequence[nn.Linear], state: dict[str, NDArray[np.float32]]) -> Rule:
    rates = np.full(len(layers), choice.lr)
    momentum, decay, eps, weight_decay, nesterov = 0.0, 0.0, 0.0, 0.0, False
    match choice:
        case choices.SGD():
            kind, momentum, nesterov = fused_update.SGD, choice.momentum, choice.nesterov
            if choice.fan_in_scaling:
                rates = np.array([choice.lr / math.sqrt(layer.in_features + 1) for layer in layers])
        case choices.Adam() | choices.AdamW():
            kind, momentum, decay, eps = fused_update.ADAM, choice.beta1, choice.beta2, choice.eps
            weight_decay = choice.weight_decay if isinstance(choice, choices.AdamW) else 0.0
        case choices.RMSprop():
            kind, momentum, decay, eps = fused_update.RMSPROP, choice.momentum, choice.decay, choice.eps
        case choices.Foof() | choices.Muon():
            kind, rates = fused_update.ADAM, np.full(len(layers), choice.adam_lr)
            momentum, decay, eps = adam_step.BETA1, adam_step.BETA2, adam_step.EPS
        case _:
            raise TypeError(f"no compiled {choice}")
    first, second = (state[name].ctypes.data if name in state else 0 for name in ("momenta", "squares"))
    return Rule(kind, rates, momentum, decay, eps, weight_decay, nesterov, first, second)
