"""The speed of every compiled component in the fused engine against a plain PyTorch loop.

    python benchmarks/components_vs_eager.py [activation encoding/hash_grid ...] [--rounds 5] [--threads 1 2]
        [--seconds 0.3] [--write]

Each row is the default network and batch with one component replaced; an activation brings its initialization. Both
sides start from the same weights, train on the same pixels, and alternate within a round. The loop is written by hand
around PyTorch's modules: encodings that are not trained are computed once, optimizers are PyTorch's own in their
fastest form where there is one, else the project's eager ones. A component whose losses differ by more than rounding
gets no ratio, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import hardware
import numpy as np
import results_file
import torch
from agreement import disagreement
from alternation import Quartiles, alternate, quartiles, ratios
from numpy.typing import NDArray
from settings import COLUMNS, ROWS

from sfumato import models
from sfumato.models import LayeredNetwork
from sfumato.recipe import Recipe, changed, choices
from sfumato.recipe.engines import FUSED
from sfumato.training import losses, optimizers
from sfumato.training.engines import Task, find
from sfumato.training.engines.requirements import resolve

NAME = "components_vs_eager"
TOLERANCE = 1e-3
"""Relative tolerance of a round's sum of losses: elementwise functions differ by more than products do, and optimizers
that divide by small moments magnify it."""

FIELDS: dict[str, tuple[str, type[choices.Choice]]] = {
    "activation": ("model.activation", choices.Activation),
    "connectivity": ("model.connectivity", choices.Connectivity),
    "encoding": ("model.encoding", choices.Encoding),
    "normalization": ("model.normalization", choices.Normalization),
    "loss": ("training.loss", choices.Loss),
    "optimizer": ("training.optimizer", choices.Optimizer),
}
"""Families whose members change what a step computes, with the recipe's fields."""


class Side(NamedTuple):
    """One side of the comparison."""

    restart: Callable[[], None]
    """Reset to the initial weights."""
    train: Callable[[NDArray[np.int64]], float]
    """(steps, batch) pixels -> the sum of the samples' losses, each before its own step."""


def recipes(wanted: list[str]) -> Iterator[tuple[str, Recipe]]:
    """Return the recipe of every component that the fused engine trains, by the name ``family/member``."""
    for family, (field, kind) in FIELDS.items():
        for member in kind.members.values():
            name = f"{family}/{member.name}"
            if wanted and family not in wanted and name not in wanted:
                continue
            recipe = _recipe(field, member)
            if recipe is not None and not FUSED.unsupported(recipe):
                yield name, recipe


def _recipe(field: str, member: type[choices.Choice]) -> Recipe | None:
    section, key = field.split(".")
    if issubclass(member, choices.Activation | choices.Loss) and not member.compiled:
        return None
    changes: dict[str, dict[str, Any]] = {
        "model": {"init": "gaussian(1)"},
        # At a larger rate the kinks and waves of activations magnify rounding within a round.
        "training": {"optimizer": "sgd(lr=0.001)", "schedule": "constant"},
    }
    component = changes[section][key] = member()
    if isinstance(component, choices.Optimizer):
        changes[section][key] = dataclasses.replace(component, lr=component.lr / 100)
    if isinstance(component, choices.Activation):
        changes["model"]["init"] = component.initialization()
    if isinstance(component, choices.Connectivity) and "init" in component.determines:
        del changes["model"]["init"]
    settings = {"dtype": "float32", "device": "cpu", "engine": "fused"}
    return changed(Recipe(), {**changes, **settings})


def fused(task: Task) -> Side:
    """Return the side of the engine."""
    engine = find("fused")(task)
    first = engine.state()
    return Side(
        lambda: engine.load(first),
        lambda pixels: engine.advance(pixels.ravel(), np.ones(len(pixels))).loss,
    )


def eager(task: Task) -> Side:
    """Return the side of the loop."""
    training, model = task.recipe.training, task.model
    assert isinstance(model, LayeredNetwork)
    inputs, targets = torch.from_numpy(task.coordinates).float(), torch.from_numpy(task.targets).float()
    if not any(parameter.requires_grad for parameter in model.encode.parameters()):
        with torch.inference_mode():
            inputs = model.encode(inputs)
        inputs = inputs.clone()
        model.encode = torch.nn.Identity()
    network, used = copy.deepcopy(model), list[torch.optim.Optimizer]()

    def restart() -> None:
        network.load_state_dict(model.state_dict())
        used[:] = _optimizers(task.recipe, network)

    def train(pixels: NDArray[np.int64]) -> float:
        torch.set_num_threads(task.threads)
        total = torch.zeros(())
        for samples in torch.from_numpy(pixels):
            loss = losses.per_sample(training.loss, network(inputs[samples]), targets[samples]).sum()
            for optimizer in used:
                optimizer.zero_grad()
            (loss / len(samples)).backward()
            for optimizer in used:
                optimizer.step()
            total += loss.detach()
        return float(total)

    return Side(restart, train)


def _optimizers(recipe: Recipe, network: LayeredNetwork) -> list[torch.optim.Optimizer]:
    """Return PyTorch's own optimizer in its fastest form, or the project's; and that of a trained encoding."""
    choice = recipe.training.optimizer
    weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
    of_encoding = recipe.model.encoding.optimizer()
    encoding: list[torch.optim.Optimizer] = []
    if of_encoding is not None:
        encoding = [optimizers.build(of_encoding, network.encode)]
        weights = [parameter for layer in network.linear_layers() for parameter in layer.parameters()]
    match choice:
        case choices.SGD():
            first = torch.optim.SGD(weights, lr=choice.lr, momentum=choice.momentum, fused=True)
        case choices.Adam():
            betas = choice.beta1, choice.beta2
            first = torch.optim.Adam(weights, lr=choice.lr, betas=betas, eps=choice.eps, fused=True)
        case _:
            first = optimizers.build(choice, network)
    return [first, *encoding]


def measure(recipe: Recipe, threads: int, rounds: int, seconds: float) -> tuple[dict[str, list[float]], int, str]:
    """Return the seconds of every round by side, the steps of a round, and why there is no ratio, if so."""
    recipe = resolve(recipe.model_copy(update={"threads": threads}), (ROWS, COLUMNS))
    coordinates = models.grid(recipe.coordinates, ROWS, COLUMNS)
    targets = 0.5 + 0.4 * np.sin(coordinates @ np.array([[9.0, 4.0, 1.0], [2.0, 7.0, 12.0]]))
    batch = recipe.training.batch
    assert isinstance(batch, int)

    def task() -> Task:
        model = models.build(recipe.model, 3, recipe.seed, coordinates=recipe.coordinates)
        return Task(recipe, coordinates, targets, model, threads)

    sides = {"fused": fused(task()), "PyTorch eager": eager(task())}
    order = np.random.default_rng(7).permutation(ROWS * COLUMNS)

    def pixels(number: int, steps: int) -> NDArray[np.int64]:
        return np.resize(np.roll(order, -number * steps * batch), steps * batch).reshape(steps, batch)

    sums: dict[str, list[float]] = {name: [] for name in sides}

    def turn(name: str, number: int, steps: int) -> float:
        sides[name].restart()
        samples = pixels(number, steps)
        before = time.perf_counter()
        sums[name].append(sides[name].train(samples))
        return time.perf_counter() - before

    # The first rounds warm up, and set the number of steps.
    turn("fused", 0, 2)
    turn("PyTorch eager", 0, 2)
    steps = max(2, min(100, round(2 * seconds / turn("fused", 0, 2))))
    for values in sums.values():
        values.clear()
    measured = alternate({name: (lambda number, name=name: turn(name, number, steps)) for name in sides}, rounds)
    for number in range(rounds):
        reasons = disagreement({name: values[number] for name, values in sums.items()}, "PyTorch eager", TOLERANCE)
        if reasons:
            return measured, steps, next(iter(reasons.values()))
    return measured, steps, ""


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("components", nargs="*", metavar="FAMILY[/MEMBER]", help=", ".join(FIELDS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=0.3, help="of a round of the fused engine")
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    found, failed = dict[str, dict[str, Any]](), False
    for name, recipe in recipes(arguments.components):
        for threads in arguments.threads:
            measured, steps, reason = measure(recipe, threads, arguments.rounds, arguments.seconds)
            label = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
            if reason:
                failed = True
                print(f"{label:44} NO RESULT: {reason}", flush=True)
                continue
            quotient: Quartiles = ratios(measured["PyTorch eager"], measured["fused"])
            milliseconds = {side: quartiles(values).median / steps * 1e3 for side, values in measured.items()}
            print(f"{label:44} {quotient:.2f} times as fast as PyTorch eager, n = {quotient.n}; ", end="")
            print(", ".join(f"{side} {value:.2f} ms per step" for side, value in milliseconds.items()), flush=True)
            found[label] = {
                "times_as_fast": quotient.rounded(3),
                "milliseconds_per_step": {side: round(value, 3) for side, value in milliseconds.items()},
                "steps_per_round": steps,
            }
    if arguments.write:
        results_file.merge(NAME, {**found, "machine": hardware.circumstances()})
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
