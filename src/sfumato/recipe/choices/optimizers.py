"""Optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Value
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
"""Longest side of a matrix that is preconditioned. SOAP leaves a longer side unchanged, as in the paper, and K-FAC
leaves a layer with a longer side to Adam: the moments and their factors would be too large."""

EARLY_STEPS = (1, 2, 3, 5, 8)
"""Early steps after which moments are inverted off schedule, because at first they change quickly."""


ADAM_BETA2 = 0.99
"""Default of `adam_beta2`, below Adam's usual 0.999, because these runs have a few hundred steps."""
_ADDED: Mapping[str, Value] = {"adam_beta2": ADAM_BETA2}

ADAM_EPS = 1e-8
"""Default of `adam_eps`."""


def _adam_beta2() -> Any:
    return Field(default=ADAM_BETA2, ge=0, lt=1, description="decay of the mean of Adam's squared gradients")


def inversion_is_due(step: int, interval: int) -> bool:
    """Tell whether FOOF and K-FAC invert the moments after this step, counted from 1."""
    return step in EARLY_STEPS or step % interval == 0


def _inversions(steps: int, interval: int) -> int:
    return sum(inversion_is_due(step, interval) for step in range(1, steps + 1))


@dataclass(frozen=True, config=CONFIG)
class SGD(ElementwiseOptimizer, name="sgd", implementation="sfumato.training.optimizers.pytorch:sgd"):
    """Stochastic gradient descent; with fan_in_scaling each layer's rate is lr / sqrt(fan_in + 1), as in 2012."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.sgd:build"

    lr: float = Field(default=0.1, ge=0, description="learning rate")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="momentum coefficient")
    nesterov: bool = Field(default=False, description="Nesterov momentum")
    fan_in_scaling: bool = Field(default=False, description="division of each layer's rate by sqrt(fan_in + 1)")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the update and the momentum."""
        return Memory((2 if self.momentum > 0 else 1) * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of the momentum."""
        return CompiledMemory(state=network.padded_weights if self.momentum > 0 else 0)


@dataclass(frozen=True, config=CONFIG)
class Adam(ElementwiseOptimizer, name="adam", implementation="sfumato.training.optimizers.pytorch:adam"):
    """Adam (Kingma and Ba 2015)."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.adam:build"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of the squared gradients")
    eps: float = Field(default=1e-8, gt=0, description="number added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of two moments, and as much again for an update."""
        return Memory(4 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of two moments."""
        return CompiledMemory(state=2 * network.padded_weights)


@dataclass(frozen=True, config=CONFIG)
class AdamW(ElementwiseOptimizer, name="adamw", implementation="sfumato.training.optimizers.pytorch:adamw"):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.adam:build_adamw"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    weight_decay: float = Field(
        default=0.01, ge=0, description="decay per step as a fraction of each weight, times the rate"
    )
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="decay of the mean of the squared gradients")
    eps: float = Field(default=1e-8, gt=0, description="number added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of two moments, and as much again for an update."""
        return Memory(4 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of two moments."""
        return CompiledMemory(state=2 * network.padded_weights)


@dataclass(frozen=True, config=CONFIG)
class LazyAdam(ElementwiseOptimizer, name="lazy_adam"):
    """Adam that leaves a weight and its state unchanged in steps in which its gradient is 0.

    As in Instant-NGP (Mueller et al. 2022), whose constants are the defaults, each weight has a count of its own
    updates, for the correction of its moments. It trains the tables of grid encodings.
    """

    compiled: ClassVar[str] = "sfumato.training.engines.fused.lazy_adam:build"

    lr: float = Field(default=0.01, ge=0, description="learning rate")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the squared gradients")
    eps: float = Field(default=1e-15, gt=0, description="number added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of two moments and the counts, and as much again for an update."""
        return Memory(6 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of two moments and the counts."""
        return CompiledMemory(state=3 * network.padded_weights)


@dataclass(frozen=True, config=CONFIG)
class RMSprop(ElementwiseOptimizer, name="rmsprop", implementation="sfumato.training.optimizers.pytorch:rmsprop"):
    """RMSprop (Tieleman and Hinton 2012)."""

    compiled: ClassVar[str] = "sfumato.training.engines.fused.rmsprop:build"

    lr: float = Field(default=0.001, ge=0, description="learning rate")
    decay: float = Field(default=0.99, ge=0, lt=1, description="decay of the mean of the squared gradients")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="momentum coefficient")
    eps: float = Field(default=1e-8, gt=0, description="number added to the root of the mean square")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of mean square and momentum, and as much again for an update."""
        return Memory(4 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of mean square and momentum."""
        return CompiledMemory(state=network.padded_weights * (2 if self.momentum > 0 else 1))


@dataclass(frozen=True, config=CONFIG)
class Rprop(ElementwiseOptimizer, name="rprop", implementation="sfumato.training.optimizers.pytorch:rprop"):
    """Resilient backpropagation by the signs of full-batch gradients (Riedmiller and Braun 1993)."""

    lr: float = Field(default=0.01, gt=0, description="initial update size")
    increase: float = Field(default=1.2, gt=1, description="factor of the update size while the sign is unchanged")
    decrease: float = Field(default=0.5, gt=0, lt=1, description="factor of the update size when the sign changes")
    smallest: float = Field(default=1e-6, gt=0, description="smallest update size")
    largest: float = Field(default=50.0, gt=0, description="largest update size")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the last gradients and update sizes, and as much again for an update."""
        return Memory(4 * network.parameters)

    def slower(self) -> Self:
        """Return it with smaller initial and largest update sizes; the largest size matters more."""
        return replace(self, lr=min(self._lower_rate(), 0.001), largest=0.01)

    def growth_note(self) -> str:
        """Return a sentence on the largest update: updates grow while the sign of the gradient is unchanged."""
        return f"Rprop's steps may grow up to {self.largest:g}."


@dataclass(frozen=True, config=CONFIG)
class LBFGS(Optimizer, name="lbfgs", implementation="sfumato.training.optimizers.pytorch:lbfgs"):
    """Limited-memory BFGS, for large or full batches (Liu and Nocedal 1989)."""

    hooks_layers: ClassVar[bool] = False

    lr: float = Field(default=1.0, ge=0, description="learning rate")
    history: int = Field(default=10, ge=1, le=1000, description="number of stored pairs of steps and gradient changes")
    max_iter: int = Field(default=10, ge=1, le=1000, description="iterations per step")
    line_search: Literal["strong_wolfe", "none"] = Field(
        default="strong_wolfe", description="line search: strong_wolfe or none"
    )

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the stored pairs and of the line search."""
        return Memory((2 * self.history + 8) * network.parameters)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Return None: the number of evaluations by the line search is not known."""
        return None

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of one forward and backward pass per iteration."""
        return StepEstimate(0, passes=self.max_iter)


@dataclass(frozen=True, config=CONFIG)
class Muon(Optimizer, name="muon"):
    """Orthogonalized momentum for hidden matrices, Adam for the other parameters (Jordan et al. 2024)."""

    hooks_layers: ClassVar[bool] = False
    compiled: ClassVar[str] = "sfumato.training.engines.fused.muon:build"
    added_fields: ClassVar[Mapping[str, Value]] = {**_ADDED, "adam_eps": ADAM_EPS, "norm": "schatten8"}

    lr: float = Field(default=0.05, ge=0, description="learning rate of the hidden matrices")
    momentum: float = Field(default=0.95, ge=0, lt=1, description="momentum coefficient")
    nesterov: bool = Field(default=True, description="Nesterov momentum")
    ns_steps: int = Field(default=5, ge=1, le=20, description="Newton-Schulz iterations per step")
    adam_lr: float = Field(
        default=0.005, ge=0, description="learning rate of Adam for the first and last layer and the biases"
    )
    adam_beta2: float = _adam_beta2()
    adam_eps: float = Field(default=ADAM_EPS, gt=0, description="number added to the root of Adam's mean square")
    norm: Literal["schatten8", "frobenius"] = Field(
        default="schatten8",
        description="norm that the momentum is divided by before the iterations: schatten8 (a tight bound of the "
        "largest singular value) or frobenius (Jordan's)",
    )

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of momentum or Adam's moments, and the products of the largest matrix."""
        return Memory(2 * network.parameters + 6 * network.largest_layer)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of momentum and moments, and per thread the products of one matrix."""
        sides = [
            (round_up(max(each.inputs, each.units)), round_up(min(each.inputs, each.units))) for each in network.inner
        ]
        products = max((2 * (tall + short) * short for tall, short in sides), default=0)
        return CompiledMemory(state=2 * network.padded_weights, per_thread=products)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count three matrix products per Newton-Schulz iteration."""
        operations = 0
        for layer in work.inner:
            small, large = sorted((layer.inputs, layer.units))
            operations += self.ns_steps * (2 * 2 * small**2 * large + 2 * small**3)
        return Operations(work.passes(work.samples), work.steps * operations)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the products of the default number of iterations."""
        return StepEstimate(
            sum(30 * max(each.inputs, each.units) * min(each.inputs, each.units) ** 2 for each in layers[1:-1])
        )


@dataclass(frozen=True, config=CONFIG)
class FOOF(Optimizer, name="foof"):
    """Hidden-layer gradients times the inverse second moments of their inputs, else Adam (Benzing 2022)."""

    hooks_layers: ClassVar[bool] = True
    compiled: ClassVar[str] = "sfumato.training.engines.fused.foof:build"
    added_fields: ClassVar[Mapping[str, Value]] = _ADDED

    lr: float = Field(default=0.1, ge=0, description="norm of a hidden layer's update relative to an orthogonal matrix")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="momentum coefficient")
    damping: float = Field(default=1e-5, gt=0, description="damping of the moments relative to their mean eigenvalue")
    samples: int = Field(default=128, ge=1, description="samples per step for the moments")
    decay: float = Field(default=0.95, ge=0, lt=1, description="decay of the moments")
    update_interval: int = Field(default=20, ge=1, description="steps between inversions of the moments")
    adam_lr: float = Field(default=0.005, ge=0, description="learning rate of Adam for the first and last layer")
    adam_beta2: float = _adam_beta2()

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of momentum or Adam's moments, input moments and inverses, and concurrent inversions."""
        squares = [(layer.inputs + 1) ** 2 for layer in network.inner]
        numbers = 2 * network.parameters + 2 * sum(squares) + 3 * network.largest_layer
        return Memory(numbers, float64=4 * max(squares, default=0))

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the same memory; products with the inverses are stored for all layers until the weights change."""
        squares = [layer.padded_inputs**2 for layer in network.inner]
        return CompiledMemory(
            state=2 * network.padded_weights + 2 * sum(squares),
            updates=network.padded_weights if squares else 0,
            refresh_float64=4 * min(threads, len(squares)) * max(squares) + sum(squares) if squares else 0,
        )

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the moments, their inverses by Cholesky factorization (n^3 in all), and products with the gradient.

        The engine autograd takes the inputs of the first step from that step itself; compiled engines run one more
        batch before it.
        """
        extra_batches = int(work.compiled)
        inversions = _inversions(work.steps, self.update_interval) + extra_batches
        operations = 0
        for layer in work.inner:
            size = layer.inputs + layer.biases
            # Moments are symmetric, and compiled engines compute only one half of them.
            moments = min(self.samples, work.batch) * size * (size + 1 if work.compiled else 2 * size)
            update = 2 * size**2 * layer.units
            operations += (work.steps + extra_batches) * moments + work.steps * update + inversions * size**3
        return Operations(work.passes(work.samples + extra_batches * work.batch), operations)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the inversions of the moments."""
        return StepEstimate(sum(8 * (layer.inputs + 1) ** 3 for layer in layers[1:-1]))


@dataclass(frozen=True, config=CONFIG)
class SOAP(Optimizer, name="soap"):
    """Adam in the eigenvectors of both second moments of a matrix's gradients (Vyas et al. 2024)."""

    hooks_layers: ClassVar[bool] = False

    lr: float = Field(default=0.003, ge=0, description="learning rate")
    beta1: float = Field(default=0.95, ge=0, lt=1, description="decay of the mean of the gradients")
    beta2: float = Field(
        default=0.95, ge=0, lt=1, description="decay of the mean of the squared gradients and their products"
    )
    eps: float = Field(default=1e-8, gt=0, description="number added to the root of the mean square")
    update_interval: int = Field(default=10, ge=1, description="steps between updates of the eigenvector basis")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of Adam's moments, and of the moments and bases of both sides."""
        squares = [side**2 for layer in network.layers for side in _short_sides(layer)]
        numbers = 2 * network.parameters + 2 * sum(squares) + 6 * network.largest_layer
        return Memory(numbers, float64=4 * max(squares, default=0))

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the products into the basis and back, the moments, and at each interval a step of orthogonal iteration
        with Householder QR.

        The first step updates no weights and computes the eigenvectors: 9 n^3 (Golub and Van Loan 2013, "Matrix
        Computations", 8.3).
        """
        operations = 0
        for layer in work.layers:
            sides = _short_sides(layer)
            products = sum(2 * side * layer.weights for side in sides)
            refresh = 2 * products + sum(2 * side**3 + 8 * side**3 // 3 for side in sides)
            first = products + sum(9 * side**3 for side in sides)
            operations += first + (work.steps - 1) * 3 * products + (work.steps - 1) // self.update_interval * refresh
        return Operations(work.passes(work.samples), operations)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the eigenvectors of both sides."""
        return StepEstimate(sum(20 * side**3 for layer in layers for side in _short_sides(layer)))


@dataclass(frozen=True, config=CONFIG)
class KFAC(Optimizer, name="kfac"):
    """Gradients times the inverse second moments of inputs and preactivation gradients (Martens and Grosse 2015)."""

    hooks_layers: ClassVar[bool] = True
    added_fields: ClassVar[Mapping[str, Value]] = _ADDED

    lr: float = Field(default=0.01, ge=0, description="root mean square change of the outputs per step")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="momentum coefficient")
    damping: float = Field(default=1e-5, gt=0, description="damping of the Fisher matrix, divided between its factors")
    samples: int = Field(default=128, ge=1, description="samples per step for the moments")
    decay: float = Field(default=0.95, ge=0, lt=1, description="decay of the moments")
    update_interval: int = Field(default=20, ge=1, description="steps between inversions of the moments")
    adam_lr: float = Field(
        default=0.005, ge=0, description="learning rate of Adam for parameters outside of linear layers"
    )
    adam_beta2: float = _adam_beta2()

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of momentum or Adam's moments, and of both factors' moments and inverses."""
        squares = [
            (layer.inputs + 1) ** 2 + layer.units**2
            for layer in network.layers
            if max(layer.inputs + 1, layer.units) <= MAX_SIDE
        ]
        numbers = 2 * network.parameters + 2 * sum(squares) + 4 * network.largest_layer
        return Memory(numbers, float64=4 * max(squares, default=0))

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the moments of inputs and preactivation gradients, their inverses by Cholesky factorization, and
        products with the gradient; one more backward pass with random signs reaches all layers but the first.
        """
        inversions = _inversions(work.steps, self.update_interval)
        operations = work.backward()
        for layer in work.layers:
            if max(layer.units, layer.inputs + 1) <= MAX_SIDE:
                sizes = (layer.units, layer.inputs + layer.biases)
                moments = sum(2 * min(self.samples, work.batch) * size**2 for size in sizes)
                update = sum(2 * size * sizes[0] * sizes[1] for size in sizes)
                operations += work.steps * (moments + update) + inversions * sum(size**3 for size in sizes)
        return Operations(work.passes(work.samples), operations)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the inversions of both sides."""
        return StepEstimate(sum(20 * side**3 for layer in layers for side in _short_sides(layer)))


def _short_sides(layer: LinearLayer) -> list[int]:
    return [side for side in (layer.units, layer.inputs) if side <= MAX_SIDE]
