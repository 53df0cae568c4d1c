"""Trainings of a preset and of its transcription, step by step, from the same or from independent initial weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato.recipe import changed, preset
from sfumato.training import PictureProblem, Trainer, resolve
from transcriptions import networks
from transcriptions.experiments import EXPERIMENTS, Experiment
from transcriptions.networks import Network


class Result(NamedTuple):
    """A training."""

    trained: list[float]
    """PSNR in dB of the unclipped outputs over the training pixels before each step."""
    psnr: float
    """PSNR in dB over all pixels after the last step, of the values that the publication compares."""
    seconds_per_step: float
    """Mean seconds of a step after the first, which loads and compiles; of the first where there is no other."""


class Pair:
    """A preset on a picture, (H, W, C) in [0, 1], and networks for both trainings."""

    def __init__(self, name: str, picture: NDArray[np.float32], steps: int, *, seed: int = 0, **more: object) -> None:
        """Prepare ``steps`` steps in all of preset ``name``; ``more`` are changes of the recipe."""
        changes = {"budget": {"steps": steps}, "evaluation": {"interval": "end"}, "device": "cpu", "seed": seed}
        self.recipe = resolve(changed(preset(name), {**changes, **more}), picture.shape[:2])
        self.experiment: Experiment = EXPERIMENTS[name]
        self.picture, self.steps, self.seed = picture, steps, seed
        self.problem = PictureProblem(self.recipe, picture)
        self.model = self.problem.network(self.recipe)

    def ours(self, advanced: Callable[[], object] = lambda: None) -> Result:
        """Train the preset; ``advanced`` is called after every step."""
        trainer = Trainer(self.recipe, self.problem, self.model)
        channels, trained, clock = self.picture.shape[2], list[float](), Clock()
        for _ in range(self.steps):
            sums, samples = trainer.advance(1)
            trained.append(decibels(sums.squared_error / (samples * channels), 1.0))
            clock.count()
            advanced()
        *_, last = trainer.snapshots()
        assert last.evaluation is not None
        return Result(trained, last.evaluation.psnr, clock.seconds_per_step)

    def network(self, *, same: bool) -> Network:
        """Return the transcription's network: with the preset's initial weights, or with its own."""
        channels = self.picture.shape[2]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1000 + self.seed)
            network = self.experiment.network(channels)
        if same:
            linear = [module for module in self.model.modules() if isinstance(module, torch.nn.Linear)]
            # Before the copy, which would round the weights.
            network = network.to(linear[0].weight.dtype)
            network.copy_from(linear)
            for name, buffer in self.model.named_buffers():
                if name.endswith("frequencies") and buffer.ndim == 2:
                    network.encode = networks.gaussian(buffer.clone())
        return network

    def theirs(
        self, network: Network, dtype: torch.dtype = torch.float32, advanced: Callable[[], object] = lambda: None
    ) -> Result:
        """Train the transcription."""
        experiment, network = self.experiment, network.to(dtype)
        height, width, channels = self.picture.shape
        inputs = experiment.coordinates(height, width).to(dtype)
        values = torch.from_numpy(self.problem.exact)
        every = experiment.every
        rows = torch.arange(height * width).reshape(height, width)[::every, ::every].flatten()
        values = values.reshape(-1, channels).to(dtype)
        targets = 2 * values - 1 if experiment.signed else values
        optimizer = experiment.optimizer(network)
        scheduler = experiment.schedule(optimizer, self.steps)
        trained, clock = list[float](), Clock()
        some_inputs, some_targets = inputs[rows], targets[rows]
        for _ in range(self.steps):
            outputs = network(some_inputs)
            loss = experiment.loss(outputs, some_targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            trained.append(
                decibels(float((outputs.detach() - some_targets).square().mean()), 2.0 if experiment.signed else 1.0)
            )
            clock.count()
            advanced()
        with torch.no_grad():
            painted = torch.cat([network(part) for part in inputs.split(2**16)])
        return Result(trained, self._psnr(painted, values), clock.seconds_per_step)

    def _psnr(self, outputs: Tensor, values: Tensor) -> float:
        painted = (outputs + 1) / 2 if self.experiment.signed else outputs
        painted = painted.clamp(0, 1) if self.experiment.clipped else painted
        return decibels(float((painted - values).square().mean()), 1.0)


class Clock:
    """Times of steps."""

    def __init__(self) -> None:
        self._times = [time.perf_counter()]

    def count(self) -> None:
        """Count a step that has ended."""
        self._times.append(time.perf_counter())

    @property
    def seconds_per_step(self) -> float:
        """Mean seconds of a step, without the first one if there are others."""
        times = self._times[1:] if len(self._times) > 2 else self._times
        return (times[-1] - times[0]) / (len(times) - 1)


def decibels(mse: float, scale: float) -> float:
    """Return the PSNR for a mean squared error of values in a range of length ``scale``."""
    return -10 * math.log10(mse / scale**2)
