"""Why an engine cannot train a recipe. Apart from the engines, so that asking loads no compiled code."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from sfumato.recipe import Recipe, choices

Requirement = tuple[bool, str, str, object]
"""Whether it holds; the field, what it must be, what it is."""


def compiler_is_off() -> bool:
    """Tell whether Numba was told to compile nothing: its functions would run in Python, if at all."""
    return os.environ.get("NUMBA_DISABLE_JIT", "").strip() not in ("", "0")


def _compiled(requirements: Callable[[Recipe], list[str]]) -> Callable[[Recipe], list[str]]:
    """The requirements of an engine that is compiled."""

    def reasons(recipe: Recipe) -> list[str]:
        on = (not compiler_is_off(), "NUMBA_DISABLE_JIT", "0 or not set: the engine is compiled", "another value")
        return _broken([on]) + requirements(recipe)

    return reasons


def replica(recipe: Recipe) -> list[str]:
    """Everything in the recipe that the 2012 program did otherwise."""
    model, training = recipe.model, recipe.training
    sgd = training.optimizer
    is_its_sgd = isinstance(sgd, choices.SGD) and sgd.momentum == 0 and not sgd.nesterov and sgd.fan_in_scaling
    return _broken(
        [
            (training.batch == 1, "training.batch", "1", training.batch),
            (isinstance(training.order, choices.Shuffled), "training.order", "shuffled", training.order),
            (is_its_sgd, "training.optimizer", "sgd(fan_in_scaling=true) without momentum", sgd),
            (training.schedule == choices.Constant(), "training.schedule", "constant", training.schedule),
            (isinstance(training.loss, choices.Squared), "training.loss", "squared", training.loss),
            (training.held_out == 0, "training.held_out", "0", training.held_out),
            (isinstance(model.activation, choices.LeakyReLU), "model.activation", "leaky_relu", model.activation),
            (model.module is None, "model.module", "none", model.module),
            (model.output == "linear", "model.output", "linear", model.output),
            (isinstance(model.shape, choices.Straight), "model.shape", "plain", model.shape),
            (isinstance(model.encoding, choices.Plain), "model.encoding", "none", model.encoding),
            (isinstance(model.init, choices.Gaussian), "model.init", "gaussian", model.init),
            (model.biases, "model.biases", "true", model.biases),
            (recipe.coordinates.range == "unit", "coordinates.range", "unit", recipe.coordinates.range),
            (recipe.coordinates.at == "corners", "coordinates.at", "corners", recipe.coordinates.at),
            (recipe.dtype != "float32", "dtype", "float64", recipe.dtype),
            (recipe.device != "cuda", "device", "cpu", recipe.device),
        ]
    )


def online(recipe: Recipe) -> list[str]:
    """What in the recipe is not one-sample-at-a-time SGD in float32 on the CPU."""
    training = recipe.training
    sgd = training.optimizer
    is_plain = isinstance(sgd, choices.SGD) and sgd.momentum == 0 and not sgd.nesterov
    return _broken(
        [
            (training.batch == 1, "training.batch", "1", training.batch),
            (is_plain, "training.optimizer", "sgd without momentum", sgd),
            (recipe.model.module is None, "model.module", "none", recipe.model.module),
            (isinstance(recipe.model.shape, choices.Straight), "model.shape", "plain", recipe.model.shape),
            (recipe.dtype != "float64", "dtype", "float32", recipe.dtype),
            (recipe.device != "cuda", "device", "cpu", recipe.device),
        ]
    )


def fused(recipe: Recipe) -> list[str]:
    """What in the recipe is not mini-batch training of an MLP in float32 on the CPU, by a compiled optimiser."""
    training = recipe.training
    known = not isinstance(training.optimizer, choices.Rprop | choices.LBFGS | choices.SOAP | choices.KFAC)
    return _broken(
        [
            (training.batch != 1, "training.batch", "2 or more", training.batch),
            (known, "training.optimizer", "sgd, adam, adamw, rmsprop, foof or muon", training.optimizer),
            (recipe.model.module is None, "model.module", "none", recipe.model.module),
            (recipe.dtype != "float64", "dtype", "float32", recipe.dtype),
            (recipe.device != "cuda", "device", "cpu", recipe.device),
        ]
    )


def autograd(recipe: Recipe) -> list[str]:
    """Only a device that is not there."""
    available = recipe.device != "cuda" or torch.cuda.is_available()
    return _broken([(available, "device", "cpu on this machine, which has no CUDA device", recipe.device)])


REFUSALS: dict[str, Callable[[Recipe], list[str]]] = {
    "replica": _compiled(replica),
    "online": _compiled(online),
    "fused": _compiled(fused),
    # The same kernel, on one thread.
    "stacked": _compiled(fused),
    "autograd": autograd,
}
"""The reasons of each engine, by its name."""


def _broken(required: list[Requirement]) -> list[str]:
    return [f"{field} must be {rule}. Got {value}." for holds, field, rule, value in required if not holds]
