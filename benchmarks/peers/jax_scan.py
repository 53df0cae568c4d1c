"""JAX with all steps of a round inside one compiled `jax.lax.scan`: data resident, weights donated."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from settings import Problem

from peers import Side, torch_network
from sfumato.recipe import choices


def prepare(problem: Problem, threads: int) -> Side:
    """Return the side. The number of threads is that of the process's cores."""
    # Imported by name, since JAX is an extra, and type checks must work without it.
    jax: Any = importlib.import_module("jax")
    jnp = jax.numpy
    features, targets = jnp.array(problem.features), jnp.array(problem.targets, jnp.float32)
    rate = torch_network.rate(problem)
    activations = [_activation(jnp, each) for each in problem.recipe.model.activations]

    def loss(weights: Any, x: Any, y: Any) -> Any:
        for (weight, bias), activate in zip(weights[:-1], activations, strict=True):
            x = activate(x @ weight + bias)
        weight, bias = weights[-1]
        errors = x @ weight + bias - y
        return 0.5 / len(y) * jnp.sum(errors * errors)

    def step(weights: Any, samples: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, features[samples], targets[samples])
        return jax.tree.map(lambda w, g: w - rate * g, weights, gradients), value

    def steps(weights: Any, pixels: Any) -> Any:
        weights, values = jax.lax.scan(step, weights, pixels)
        return weights, values.sum()

    run = jax.jit(steps, donate_argnums=0)
    now: list[Any] = []

    def restart() -> None:
        now[:] = [[(jnp.array(weight.T), jnp.array(bias)) for weight, bias in problem.weights]]

    def train(pixels: NDArray[np.int64]) -> float:
        now[0], total = jax.block_until_ready(run(now[0], jnp.asarray(pixels, jnp.int32)))
        return float(total) * pixels.shape[1]

    restart()
    return Side(restart, train)


def _activation(jnp: Any, choice: choices.Activation) -> Any:
    match choice:
        case choices.LeakyReLU():
            return lambda x: jnp.where(x >= 0, x, choice.negative_slope * x)
        case choices.Sine():
            return lambda x: jnp.sin(choice.omega * x)
        case choices.GaussianActivation():
            return lambda x: jnp.exp(-0.5 / (choice.width * choice.width) * x * x)
        case _:
            raise RuntimeError(f"the peers have no activation {choice}")
