"""The speed of the engine ``concurrent`` on many networks over training them one after another.

    python benchmarks/concurrent_vs_eager.py [--rounds 21] [--networks 32] [--width 32] [--batch 256] [--steps 20]
        [--without-pytorch] [--write]

All sides train the same networks (4 hidden layers, leaky ReLU, plain SGD; each its own seed, initialization and
learning rate) on the same pixels, alternately within every round. The peer is the fastest side that uses PyTorch, one
network after another: the engine ``autograd``, or a hand-written loop, on one thread or two. ``batched`` trains all at
once by batched products with a hand-derived gradient, on preallocated buffers. On a machine with other load give it
real-time priority: `chrt -f 10 python ...`.
"""

from __future__ import annotations

import argparse
import copy
import functools
import itertools
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import hardware
import numpy as np
import results_file
import torch
from agreement import disagreement
from alternation import Quartiles, alternate, quartiles, ratios
from numpy.typing import NDArray
from torch import Tensor, nn

import sfumato as sf
from sfumato import models
from sfumato.models.mlp import MLP
from sfumato.recipe import Recipe, changed
from sfumato.training.engines import Engine, Shared, Task
from sfumato.training.engines.autograd import Autograd
from sfumato.training.engines.concurrent import Concurrent
from sfumato.training.engines.fused.engine import Fused

NAME = "concurrent_vs_eager"
SLOPE = 0.01
CORES = 2
CONCURRENT = f"concurrent, {CORES} threads"
TOLERANCE = 1e-4
"""Relative tolerance of one network's loss over a round: the least stable of 32 magnifies rounding to 2e-5."""
PAUSE = 0.02
"""Seconds between turns: a pool's threads may spin for some milliseconds after their work."""


class Side(NamedTuple):
    """One side of the comparison."""

    restart: Callable[[], None]
    """Reset to the initial weights, which are the same on every side."""
    train: Callable[[NDArray[np.int64]], list[float]]
    """(K, pixels) -> the sum of squared errors of each network."""


class Problem(NamedTuple):
    """The training problem of all sides."""

    recipes: list[Recipe]
    coordinates: NDArray[np.float64]
    targets: NDArray[np.float64]
    networks: list[MLP]
    batch: int

    def task(self, k: int, threads: int, shared: Shared | None = None) -> Task:
        """Return the task of one network."""
        model = copy.deepcopy(self.networks[k])
        return Task(self.recipes[k], self.coordinates, self.targets, model, threads, shared or Shared())

    def rate(self, k: int) -> float:
        """Return the learning rate of one network."""
        return self.recipes[k].training.optimizer.lr

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Return inputs and colors."""
        return torch.from_numpy(self.coordinates).float(), torch.from_numpy(self.targets).float()


def problem(networks: int, width: int, batch: int) -> Problem:
    """Return networks that differ in seed, initialization and learning rate."""
    picture = sf.load_picture("cat")
    recipes = [
        changed(
            Recipe(),
            {
                "model": {
                    "depth": 4,
                    "width": width,
                    "activation": f"leaky_relu({SLOPE})",
                    "init": f"gaussian({1 + k / 100})",
                },
                "training": {"batch": batch, "optimizer": f"sgd(lr={0.02 + k / 2000})", "schedule": "constant"},
                "dtype": "float32",
                "device": "cpu",
                "seed": k,
            },
        )
        for k in range(networks)
    ]
    models_ = [models.mlp(recipe.model, 3, recipe.seed, torch.float32) for recipe in recipes]
    coordinates = models.grid(recipes[0].coordinates, *picture.shape[:2])
    return Problem(recipes, coordinates, picture.reshape(-1, 3).astype(np.float64), models_, batch)


def engines(problem: Problem, kind: type[Engine], threads: int) -> Side:
    """Return the side that trains one network after another, each on ``threads`` threads."""
    made = [kind(problem.task(k, threads)) for k in range(len(problem.recipes))]
    first = [engine.state() for engine in made]

    def train(pixels: NDArray[np.int64]) -> list[float]:
        torch.set_num_threads(threads)
        rates = np.ones(pixels.shape[1] // problem.batch)
        return [engine.advance(samples, rates).squared_error for engine, samples in zip(made, pixels, strict=True)]

    return Side(lambda: restore(made, first), train)


def concurrent(problem: Problem, threads: int) -> Side:
    """Return the side that divides the networks between the threads of a pool."""
    shared = Shared()
    made = [Concurrent(problem.task(k, 1, shared)) for k in range(len(problem.recipes))]
    first = [engine.state() for engine in made]
    pool = ThreadPoolExecutor(threads)

    def train(pixels: NDArray[np.int64]) -> list[float]:
        rates = np.ones(pixels.shape[1] // problem.batch)
        return list(pool.map(lambda engine, samples: engine.advance(samples, rates).squared_error, made, pixels))

    return Side(lambda: restore(made, first), train)


def restore(made: list[Engine] | list[Concurrent], states: list[dict[str, NDArray[np.generic]]]) -> None:
    """Reset every engine to its state."""
    for engine, state in zip(made, states, strict=True):
        engine.load(state)


def by_hand(problem: Problem, threads: int) -> Side:
    """Return a hand-written loop with PyTorch's fastest SGD."""
    inputs, colors = problem.tensors()
    made: list[tuple[nn.Module, torch.optim.Optimizer]] = []

    def restart() -> None:
        made.clear()
        for k, network in enumerate(problem.networks):
            layers = copy.deepcopy(network.linear_layers())
            modules = [module for layer in layers[:-1] for module in (layer, nn.LeakyReLU(SLOPE, inplace=True))]
            module = nn.Sequential(*modules, layers[-1])
            made.append((module, torch.optim.SGD(module.parameters(), lr=problem.rate(k), fused=True)))

    def train(pixels: NDArray[np.int64]) -> list[float]:
        torch.set_num_threads(threads)
        totals: list[float] = []
        for (module, optimizer), samples in zip(made, torch.from_numpy(pixels), strict=True):
            total = torch.zeros(())
            for batch in samples.split(problem.batch):
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(module(inputs[batch]), colors[batch]) * (colors.shape[1] / 2)
                loss.backward()
                optimizer.step()
                total += loss.detach()
            totals.append(2 * problem.batch * float(total))
        return totals

    return Side(restart, train)


def batched(problem: Problem, threads: int) -> Side:
    """Return the side of batched products: activations (K, batch, units), weights (K, inputs, outputs)."""
    inputs, colors = problem.tensors()
    count, batch = len(problem.networks), problem.batch
    layers = list(zip(*(network.linear_layers() for network in problem.networks), strict=True))
    first = [
        (torch.stack([one.weight.detach().T for one in layer]), torch.stack([one.bias.detach()[None] for one in layer]))
        for layer in layers
    ]
    weights = [(weight.clone(), bias.clone()) for weight, bias in first]
    preactivations = [torch.empty(count, batch, weight.shape[2]) for weight, _ in first]
    deltas, outputs, changes = (
        [torch.empty_like(one) for one in preactivations],
        [torch.empty_like(one) for one in preactivations],
        [torch.empty_like(weight) for weight, _ in first],
    )
    rates = torch.tensor([problem.rate(k) for k in range(count)])[:, None, None]
    leaky_relu_backward = torch.ops.aten.leaky_relu_backward.grad_input

    def restart() -> None:
        for now, then in zip(weights, first, strict=True):
            now[0].copy_(then[0])
            now[1].copy_(then[1])

    def step(pixels: Tensor) -> Tensor:
        below = [inputs[pixels]]
        for k, (weight, bias) in enumerate(weights):
            torch.baddbmm(bias, below[k], weight, out=preactivations[k])
            if k < len(weights) - 1:
                below.append(torch.ops.aten.leaky_relu.out(preactivations[k], SLOPE, out=outputs[k]))
        torch.sub(preactivations[-1], colors[pixels], out=deltas[-1])
        errors = (deltas[-1] * deltas[-1]).sum(dim=(1, 2))
        deltas[-1] /= batch
        for k in reversed(range(len(weights))):
            weight, bias = weights[k]
            torch.bmm(below[k].transpose(1, 2), deltas[k], out=changes[k])
            if k > 0:
                torch.bmm(deltas[k], weight.transpose(1, 2), out=deltas[k - 1])
                leaky_relu_backward(deltas[k - 1], preactivations[k - 1], SLOPE, False, grad_input=deltas[k - 1])
            bias -= rates * deltas[k].sum(dim=1, keepdim=True)
            weight -= changes[k].mul_(rates)
        return errors

    def train(pixels: NDArray[np.int64]) -> list[float]:
        torch.set_num_threads(threads)
        total = torch.zeros(count)
        with torch.inference_mode():
            for some in torch.from_numpy(pixels).split(batch, dim=1):
                total += step(some)
        return total.tolist()

    return Side(restart, train)


KINDS = ("PyTorch", "fused in turn", "batched")
"""Prefixes of the names of the sides that ``concurrent`` is compared with."""


def sides(problem: Problem, *, pytorch: bool) -> dict[str, Side]:
    """Return all sides by name, optionally without those that use PyTorch."""
    made = {CONCURRENT: concurrent(problem, CORES)}
    for threads in range(1, CORES + 1):
        made[f"fused in turn, {threads} threads"] = engines(problem, Fused, threads)
        if not pytorch:
            continue
        made[f"PyTorch by hand, {threads} threads"] = by_hand(problem, threads)
        made[f"PyTorch engine autograd, {threads} threads"] = engines(problem, Autograd, threads)
        made[f"batched, {threads} threads"] = batched(problem, threads)
    return made


def measure(compared: dict[str, Side], task: Problem, rounds: int, steps: int) -> dict[str, list[float]]:
    """Return the seconds of every round by side; exit where a network's losses differ by more than rounding."""
    random = np.random.default_rng(1)
    pixels = random.integers(0, len(task.targets), (rounds + 1, len(task.recipes), steps * task.batch))
    errors: dict[str, NDArray[np.float64]] = {name: np.empty((rounds + 1, len(task.recipes))) for name in compared}

    def turn(name: str, number: int) -> float:
        compared[name].restart()
        time.sleep(PAUSE)
        before = time.perf_counter()
        errors[name][number] = compared[name].train(pixels[number])
        return time.perf_counter() - before

    # The first round warms up and does not count.
    seconds = alternate({name: functools.partial(turn, name) for name in compared}, rounds + 1)
    for number, k in itertools.product(range(rounds + 1), range(len(task.recipes))):
        losses = {name: float(found[number, k]) for name, found in errors.items()}
        for name, reason in disagreement(losses, CONCURRENT, TOLERANCE).items():
            sys.exit(f"no result: {name}, network {k}: {reason}")
    return {name: values[1:] for name, values in seconds.items()}


def compare(seconds: dict[str, list[float]]) -> dict[str, Quartiles]:
    """Return the speed of ``concurrent`` over the fastest side of each kind, chosen anew in every round."""
    found: dict[str, Quartiles] = {}
    for kind in KINDS:
        if values := [values for name, values in seconds.items() if name.startswith(kind)]:
            found[f"{CONCURRENT} over the fastest of {kind}"] = ratios(
                np.min(values, axis=0).tolist(), seconds[CONCURRENT]
            )
    return found


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--networks", type=int, default=32)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--without-pytorch", action="store_true", help="compare with the engine fused alone")
    parser.add_argument("--write", action="store_true", help=f"write this row of {NAME}.json")
    arguments = parser.parse_args()
    task = problem(arguments.networks, arguments.width, arguments.batch)
    compared = sides(task, pytorch=not arguments.without_pytorch)
    seconds = measure(compared, task, arguments.rounds, arguments.steps)
    all_steps = arguments.steps * arguments.networks
    step_times = {name: round(quartiles(values).median / all_steps * 1e6, 1) for name, values in seconds.items()}
    for name, microseconds in step_times.items():
        print(f"{name}: {microseconds} us per step of one network")
    for what, quotient in compare(seconds).items():
        print(f"{what}: {quotient:.2f}, n = {quotient.n}")
    if arguments.write:
        row = {
            "steps_per_round": arguments.steps,
            "microseconds_per_step_of_one_network": step_times,
            "times_as_fast": {what: quotient.rounded(2) for what, quotient in compare(seconds).items()},
            **hardware.circumstances(),
        }
        title = f"{arguments.networks} networks, 4x{arguments.width}, batch {arguments.batch}"
        results_file.merge(NAME, {title: row})


if __name__ == "__main__":
    main()
