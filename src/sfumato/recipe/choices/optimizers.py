"""How a gradient becomes an update."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.optimizer import ElementwiseOptimizer, Optimizer
from sfumato.recipe.layers import (
    CompiledMemory,
    LinearLayer,
    Memory,
    NetworkSize,
    Operations,
    StepEstimate,
    TrainingWork,
    round_up,
)

MAX_SIDE = 2048
"""SOAP leaves a longer side of a matrix as it is, as in the paper, and K-FAC leaves a layer with one to Adam: moments
and their factors would be too large."""

EARLY_STEPS = (1, 2, 3, 5, 8)
"""Steps after which moments are inverted though none are due: at first they change quickly."""


def inversion_is_due(step: int, every: int) -> bool:
    """Tell whether the moments are inverted after this step (from 1), by FOOF and K-FAC."""
    return step in EARLY_STEPS or step % every == 0


def _inversions(steps: int, every: int) -> int:
    return sum(inversion_is_due(step, every) for step in range(1, steps + 1))


@dataclass(frozen=True, config=CONFIG)
class SGD(ElementwiseOptimizer, name="sgd"):
    """Plain gradient descent; with fan_in_scaling each layer's rate is lr / sqrt(fan_in + 1), the 2012 rule."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.sgd:build"

    lr: float = Field(default=0.1, ge=0, description="learning rate")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="part of the last update that is kept")
    nesterov: bool = Field(default=False, description="look ahead along the momentum")
    fan_in_scaling: bool = Field(default=False, description="divide each layer's rate by sqrt(fan_in + 1)")

    def memory(self, network: NetworkSize) -> Memory:
        """The update, and the momentum."""
        return Memory((2 if self.momentum > 0 else 1) * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """The momentum."""
        return CompiledMemory(state=network.padded_weights if self.momentum > 0 else 0)


@dataclass(frozen=True, config=CONFIG)
class Adam(ElementwiseOptimizer, name="adam"):
    """Kingma and Ba 2015."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.adam:build"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of their squares")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Two moments, and as much again on the way to an update."""
        return Memory(4 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Two moments."""
        return CompiledMemory(state=2 * network.padded_weights)


@dataclass(frozen=True, config=CONFIG)
class AdamW(ElementwiseOptimizer, name="adamw"):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.adam:build_adamw"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    weight_decay: float = Field(default=0.01, ge=0, description="part of a weight that is taken away, times the rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of their squares")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Two moments, and as much again on the way to an update."""
        return Memory(4 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Two moments."""
        return CompiledMemory(state=2 * network.padded_weights)


@dataclass(frozen=True, config=CONFIG)
class RMSprop(ElementwiseOptimizer, name="rmsprop"):
    """Tieleman and Hinton 2012."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.rmsprop:build"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    decay: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the squared gradients")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="part of the last update that is kept")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Mean square and momentum, and as much again on the way to an update."""
        return Memory(4 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Mean square and momentum."""
        return CompiledMemory(state=network.padded_weights * (2 if self.momentum > 0 else 1))


@dataclass(frozen=True, config=CONFIG)
class Rprop(ElementwiseOptimizer, name="rprop"):
    """Resilient backpropagation, by the signs of full-batch gradients (Riedmiller and Braun 1993)."""

    lr: float = Field(default=0.01, gt=0, description="first update of every weight")
    increase: float = Field(default=1.2, gt=1, description="factor of the update while the sign stays")
    decrease: float = Field(default=0.5, gt=0, lt=1, description="factor of the update when the sign turns")
    smallest: float = Field(default=1e-6, gt=0, description="smallest update")
    largest: float = Field(default=50.0, gt=0, description="largest update")

    def memory(self, network: NetworkSize) -> Memory:
        """Last gradients and sizes of updates, and as much again on the way to an update."""
        return Memory(4 * network.parameters)

    def slower(self) -> Self:
        """What an update may grow to decides, not what it starts with."""
        return replace(self, lr=min(self._lower_rate(), 0.001), largest=0.01)

    def growth_note(self) -> str:
        """Updates grow for as long as the gradient keeps its sign."""
        return f"Rprop's steps may grow up to {self.largest:g}."


@dataclass(frozen=True, config=CONFIG)
class LBFGS(Optimizer, name="lbfgs"):
    """Limited-memory BFGS, for large or full batches (Liu and Nocedal 1989)."""

    hooks_layers: ClassVar[bool] = False

    lr: float = Field(default=1.0, ge=0, description="learning rate")
    history: int = Field(default=10, ge=1, le=1000, description="pairs of steps remembered")
    iterations: int = Field(default=10, ge=1, le=1000, description="inner iterations a step")
    line_search: Literal["strong_wolfe", "none"] = Field(default="strong_wolfe", description="strong_wolfe or none")

    def memory(self, network: NetworkSize) -> Memory:
        """Pairs of steps and gradients, and those of the line search."""
        return Memory((2 * self.history + 8) * network.parameters)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Its line search computes as often as it likes."""
        return None

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Each inner iteration goes through the network once."""
        return StepEstimate(0, passes=self.iterations)


@dataclass(frozen=True, config=CONFIG)
class Muon(Optimizer, name="muon"):
    """Orthogonalized momentum for the hidden matrices, Adam for the rest (Jordan et al. 2024)."""

    hooks_layers: ClassVar[bool] = False
    compiled: ClassVar[str] = "sfumato.training.engines.fused.muon:build"

    lr: float = Field(default=0.05, ge=0, description="learning rate of the hidden matrices")
    momentum: float = Field(default=0.95, ge=0, lt=1, description="part of the last update that is kept")
    nesterov: bool = Field(default=True, description="look ahead along the momentum")
    iterations: int = Field(default=5, ge=1, le=20, description="Newton-Schulz iterations a step")
    adam_lr: float = Field(default=0.005, ge=0, description="Adam's rate for first and last layer and biases")

    def memory(self, network: NetworkSize) -> Memory:
        """Momentum or Adam's moments, and the products of the largest matrix."""
        return Memory(2 * network.parameters + 6 * network.largest_layer)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Momentum and moments; on each thread the products of one matrix."""
        sides = [
            (round_up(max(each.inputs, each.units)), round_up(min(each.inputs, each.units))) for each in network.inner
        ]
        products = max((2 * (tall + short) * short for tall, short in sides), default=0)
        return CompiledMemory(state=2 * network.padded_weights, per_thread=products)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Three products per Newton-Schulz iteration."""
        found = 0
        for layer in work.inner:
            small, large = sorted((layer.inputs, layer.units))
            found += self.iterations * (2 * 2 * small**2 * large + 2 * small**3)
        return Operations(work.passes(work.samples), work.steps * found)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """The products of the usual number of iterations."""
        return StepEstimate(
            sum(30 * max(each.inputs, each.units) * min(each.inputs, each.units) ** 2 for each in layers[1:-1])
        )


@dataclass(frozen=True, config=CONFIG)
class Foof(Optimizer, name="foof"):
    """Gradients of hidden layers divided by the second moments of their inputs; Adam for the rest (Benzing 2022)."""

    hooks_layers: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.foof:build"

    lr: float = Field(default=0.1, ge=0, description="size of a hidden layer's update, in parts of an orthogonal one")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="part of the last gradients that is kept")
    damping: float = Field(default=1e-5, gt=0, description="added to the moments, in parts of their mean eigenvalue")
    samples: int = Field(default=128, ge=1, description="inputs of a step whose moments are taken")
    decay: float = Field(default=0.95, ge=0, lt=1, description="part of the last moments that is kept")
    every: int = Field(default=20, ge=1, description="steps between two inversions of the moments")
    adam_lr: float = Field(default=0.005, ge=0, description="Adam's rate for first and last layer")

    def memory(self, network: NetworkSize) -> Memory:
        """Momentum or Adam's moments, moments of the inputs and their inverses, several inverted at once."""
        squares = [(layer.inputs + 1) ** 2 for layer in network.inner]
        numbers = 2 * network.parameters + 2 * sum(squares) + 3 * network.largest_layer
        return Memory(numbers, float64=4 * max(squares, default=0))

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """The same; the products with the inverses are computed for all layers before the weights change."""
        squares = [layer.padded_inputs**2 for layer in network.inner]
        return CompiledMemory(
            state=2 * network.padded_weights + 2 * sum(squares),
            updates=network.padded_weights if squares else 0,
            refresh_float64=4 * min(threads, len(squares)) * max(squares) + sum(squares) if squares else 0,
        )

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the moments, their inverses by Cholesky factorization (n^3 in all), and products with the gradient.

        Engine autograd knows the inputs of the first step from that step itself; compiled ones look at a batch before.
        """
        looks = int(work.compiled)
        inversions = _inversions(work.steps, self.every) + looks
        found = 0
        for layer in work.inner:
            size = layer.inputs + layer.biases
            # Moments are symmetric, and compiled engines compute one half of them.
            moments = min(self.samples, work.batch) * size * (size + 1 if work.compiled else 2 * size)
            update = 2 * size**2 * layer.units
            found += (work.steps + looks) * moments + work.steps * update + inversions * size**3
        return Operations(work.passes(work.samples + looks * work.batch), found)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Inverses of the moments."""
        return StepEstimate(sum(8 * (layer.inputs + 1) ** 3 for layer in layers[1:-1]))


@dataclass(frozen=True, config=CONFIG)
class SOAP(Optimizer, name="soap"):
    """Adam in the eigenvectors of both second moments of a matrix's gradients (Vyas et al. 2024)."""

    hooks_layers: ClassVar[bool] = False

    lr: float = Field(default=0.003, ge=0, description="learning rate")
    beta1: float = Field(default=0.95, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.95, ge=0, lt=1, description="decay of the mean of their squares and products")
    eps: float = Field(default=1e-8, gt=0, description="added to the root of the mean square")
    every: int = Field(default=10, ge=1, description="steps between two turns of the basis towards the eigenvectors")

    def memory(self, network: NetworkSize) -> Memory:
        """Adam's moments, and both sides' moments and bases."""
        squares = [side**2 for layer in network.layers for side in _short_sides(layer)]
        numbers = 2 * network.parameters + 2 * sum(squares) + 6 * network.largest_layer
        return Memory(numbers, float64=4 * max(squares, default=0))

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the products into the basis and back, the moments, and now and then a step of orthogonal iteration
        by Householder's factors.

        The first step only looks, and finds the eigenvectors: 9 n^3, Golub and Van Loan 2013, "Matrix Computations",
        8.3.
        """
        found = 0
        for layer in work.layers:
            sides = _short_sides(layer)
            products = sum(2 * side * layer.weights for side in sides)
            refresh = 2 * products + sum(2 * side**3 + 8 * side**3 // 3 for side in sides)
            look = products + sum(9 * side**3 for side in sides)
            found += look + (work.steps - 1) * 3 * products + (work.steps - 1) // self.every * refresh
        return Operations(work.passes(work.samples), found)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Eigenvectors of both sides."""
        return StepEstimate(sum(20 * side**3 for layer in layers for side in _short_sides(layer)))


@dataclass(frozen=True, config=CONFIG)
class KFAC(Optimizer, name="kfac"):
    """Gradients divided by the second moments of a layer's inputs and of its errors (Martens and Grosse 2015)."""

    hooks_layers: ClassVar[bool] = True

    lr: float = Field(default=0.003, ge=0, description="by how much a step is to change the outputs, root mean square")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="part of the last gradients that is kept")
    damping: float = Field(default=1e-9, gt=0, description="added to the Fisher matrix, divided between its factors")
    samples: int = Field(default=128, ge=1, description="samples of a step whose moments are taken")
    decay: float = Field(default=0.95, ge=0, lt=1, description="part of the last moments that is kept")
    every: int = Field(default=20, ge=1, description="steps between two inversions of the moments")
    adam_lr: float = Field(default=0.005, ge=0, description="Adam's rate for what is not a linear layer")

    def memory(self, network: NetworkSize) -> Memory:
        """Momentum or Adam's moments, and both factors' moments and inverses."""
        squares = [
            (layer.inputs + 1) ** 2 + layer.units**2
            for layer in network.layers
            if max(layer.inputs + 1, layer.units) <= MAX_SIDE
        ]
        numbers = 2 * network.parameters + 2 * sum(squares) + 4 * network.largest_layer
        return Memory(numbers, float64=4 * max(squares, default=0))

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the moments of inputs and errors, their inverses by Cholesky factorization, and products with the
        gradient; errors of random signs go back through all layers but the first."""
        inversions = _inversions(work.steps, self.every)
        found = work.backward()
        for layer in work.layers:
            if max(layer.units, layer.inputs + 1) <= MAX_SIDE:
                sizes = (layer.units, layer.inputs + layer.biases)
                moments = sum(2 * min(self.samples, work.batch) * size**2 for size in sizes)
                update = sum(2 * size * sizes[0] * sizes[1] for size in sizes)
                found += work.steps * (moments + update) + inversions * sum(size**3 for size in sizes)
        return Operations(work.passes(work.samples), found)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Inverses of both sides."""
        return StepEstimate(sum(20 * side**3 for layer in layers for side in _short_sides(layer)))


def _short_sides(layer: LinearLayer) -> list[int]:
    return [side for side in (layer.units, layer.inputs) if side <= MAX_SIDE]
