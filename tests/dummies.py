"""A dummy member of every family, written as CONTRIBUTING.md says, for tests/test_components.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from sfumato.models.activations import Implementation
from sfumato.recipe import choices
from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.layers import (
    CompiledMemory,
    LinearLayer,
    Memory,
    NetworkSize,
    Operations,
    StepEstimate,
    TrainingWork,
)
from sfumato.training import losses, samplers
from sfumato.training.engines.fused.encoder import CompiledEncoding
from sfumato.training.engines.fused.forward_backward import Network, layer_table
from sfumato.training.engines.fused.layout import Field as Column
from sfumato.training.engines.fused.layout import Layout
from sfumato.training.engines.fused.optimizer import CompiledOptimizer, Preconditioner, Rule
from sfumato.training.engines.fused.reduction import reduce_gradients_in_place, share
from sfumato.training.engines.fused.thread_context import ThreadContext, set_partial_sum, total_of_partial_sums
from sfumato.training.kernels.memory import vector
from sfumato.training.optimizers.parameters import hidden_matrices

IN_THIS_FILE = f"{__name__}:{{}}".format


@dataclass(frozen=True, config=CONFIG)
class Bent(choices.Activation, name="bent", implementation=IN_THIS_FILE("BENT")):
    """a x + b x^2 / (1 + x^2), with two parameters."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None

    a: float = Field(default=0.5, description="slope far from 0")
    b: float = Field(default=1.5, description="height of the bend")

    def initialization(self) -> choices.Initialization:
        """Return Glorot's initialization, for signals in both directions."""
        return choices.Glorot()


BENT = Implementation(
    tensor=lambda x, a, b: a * x + b * x * x / (1 + x * x),
    value=lambda x, a, b: a * x + b * x * x / (1 + x * x),
    derivative=lambda x, y, a, b: a + 2 * b * x / ((1 + x * x) * (1 + x * x)),
)


@dataclass(frozen=True, config=CONFIG)
class Learned(choices.Encoding, name="learned", implementation=IN_THIS_FILE("build_learned")):
    """Sines of weighted sums whose weights are trained; not compiled."""

    trainable: ClassVar[bool] = True

    features: int = Field(default=6, ge=1, description="inputs made")

    def outputs(self, inputs: int) -> int:
        """Return the number of sines."""
        return self.features

    def multiply_adds(self, inputs: int) -> int:
        """Return the multiply-adds of the weighted sums."""
        return inputs * self.features

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of the weights."""
        return {"weight": (self.features, inputs)}


class LearnedSines(nn.Module):
    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, coordinates: Tensor) -> Tensor:
        return torch.sin(coordinates @ self.weight.T)


def build_learned(choice: Learned, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    return LearnedSines(torch.from_numpy(random.standard_normal((choice.features, inputs))))


@dataclass(frozen=True, config=CONFIG)
class Lattice(
    choices.Encoding,
    name="lattice",
    implementation=IN_THIS_FILE("build_lattice"),
):
    """Values at grid points, interpolated bilinearly, times a factor per feature; compiled."""

    trainable: ClassVar[bool] = True
    compiled: ClassVar[str] = IN_THIS_FILE("LATTICE")
    dimensions: ClassVar[int | None] = 2

    side: int = Field(default=3, ge=1, description="squares along each side")
    features: int = Field(default=5, ge=1, description="inputs made")

    def outputs(self, inputs: int) -> int:
        """Return the number of features."""
        return self.features

    def multiply_adds(self, inputs: int) -> int:
        """Return the multiply-adds of the interpolation."""
        return 4 * self.features

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the factors and the values."""
        return {"factors": (self.features,), "values": (self.side + 1, self.side + 1, self.features)}


class LatticeValues(nn.Module):
    def __init__(self, factors: Tensor, values: Tensor) -> None:
        super().__init__()
        self.factors, self.values = nn.Parameter(factors), nn.Parameter(values)

    def forward(self, coordinates: Tensor) -> Tensor:
        side = len(self.values) - 1
        positions = (coordinates + 1) * (side / 2)
        cells = positions.floor().long().clamp(0, side - 1)
        (r, c), (u, v) = cells.T, (positions - cells).T.unsqueeze(2)
        above = (1 - v) * self.values[r, c] + v * self.values[r, c + 1]
        below = (1 - v) * self.values[r + 1, c] + v * self.values[r + 1, c + 1]
        return self.factors * ((1 - u) * above + u * below)


def build_lattice(choice: Lattice, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    shapes = choice.shapes(inputs)
    factors, values = random.uniform(0.5, 1.5, shapes["factors"]), random.standard_normal(shapes["values"])
    return LatticeValues(torch.from_numpy(factors), torch.from_numpy(values))


def interpolate(coordinates: Any, features: Any, parameters: Any, constants: Any) -> None:
    side, count = int(constants[0]), int(constants[1])
    for s in range(len(coordinates)):
        y, x = (coordinates[s, 0] + 1) * np.float32(side / 2), (coordinates[s, 1] + 1) * np.float32(side / 2)
        r, c = min(max(int(y), 0), side - 1), min(max(int(x), 0), side - 1)
        u, v = y - np.float32(r), x - np.float32(c)
        first = count + (r * (side + 1) + c) * count
        below = first + (side + 1) * count
        one = np.float32(1)
        for f in range(count):
            upper = (one - v) * parameters[first + f] + v * parameters[first + count + f]
            lower = (one - v) * parameters[below + f] + v * parameters[below + count + f]
            features[s, f] = parameters[f] * ((one - u) * upper + u * lower)


def scatter(
    coordinates: Any, feature_grads: Any, parameters: Any, gradients: Any, touched: Any, constants: Any
) -> None:
    touched[:] = 1
    side, count = int(constants[0]), int(constants[1])
    for s in range(len(coordinates)):
        y, x = (coordinates[s, 0] + 1) * np.float32(side / 2), (coordinates[s, 1] + 1) * np.float32(side / 2)
        r, c = min(max(int(y), 0), side - 1), min(max(int(x), 0), side - 1)
        u, v = y - np.float32(r), x - np.float32(c)
        first = count + (r * (side + 1) + c) * count
        below = first + (side + 1) * count
        one = np.float32(1)
        for f in range(count):
            upper = (one - v) * parameters[first + f] + v * parameters[first + count + f]
            lower = (one - v) * parameters[below + f] + v * parameters[below + count + f]
            grad = feature_grads[s, f]
            gradients[f] += grad * ((one - u) * upper + u * lower)
            grad *= parameters[f]
            gradients[first + f] += grad * (one - u) * (one - v)
            gradients[first + count + f] += grad * (one - u) * v
            gradients[below + f] += grad * u * (one - v)
            gradients[below + count + f] += grad * u * v


LATTICE = CompiledEncoding(interpolate, scatter, lambda module: (len(module.values) - 1, len(module.factors)))


@dataclass(frozen=True, config=CONFIG)
class Cauchy(choices.Loss, name="cauchy", implementation=IN_THIS_FILE("cauchy")):
    """log(1 + error^2 / 2); not compiled."""


cauchy = losses.Implementation(tensor=lambda errors: torch.log1p(errors**2 / 2))


@dataclass(frozen=True, config=CONFIG)
class Redescending(choices.Loss, name="redescending", implementation=IN_THIS_FILE("redescending")):
    """s^2 e^2 / (2 (s^2 + e^2)), whose derivative falls beyond s / sqrt(3) (Geman and McClure 1985)."""

    compiled: ClassVar[bool] = True
    scale: float = Field(default=0.2, gt=0, description="error beyond which samples count less")


redescending = losses.Implementation(
    tensor=lambda errors, s: s**2 * errors**2 / (2 * (s**2 + errors**2)),
    value=lambda error, s: s * s * error * error / (2 * (s * s + error * error)),
    derivative=lambda error, s: s**4 * error / (s * s + error * error) ** 2,
)


@dataclass(frozen=True, config=CONFIG)
class Signs(choices.ElementwiseOptimizer, name="signs", implementation=IN_THIS_FILE("build_signs")):
    """A step of fixed size along the sign of each gradient; not compiled."""

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the signs."""
        return Memory(network.parameters)


class SignDescent(torch.optim.Optimizer):
    def __init__(self, parameters: Any, lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float]) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad.sign()
        return loss


def build_signs(choice: Signs, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    return SignDescent(model.parameters(), choice.lr)


@dataclass(frozen=True, config=CONFIG)
class Bounded(choices.ElementwiseOptimizer, name="bounded", implementation=IN_THIS_FILE("build_bounded")):
    """Steps along the mean m of the gradients, m / (1 + |m|); compiled."""

    compiled: ClassVar[str] = IN_THIS_FILE("compile_bounded")

    decay: float = Field(default=0.8, ge=0, lt=1, description="decay of the mean of the gradients")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the means and the updates."""
        return Memory(2 * network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of the means."""
        return CompiledMemory(state=network.padded_weights)


class BoundedDescent(torch.optim.Optimizer):
    def __init__(self, parameters: Any, choice: Bounded) -> None:
        super().__init__(parameters, {"lr": choice.lr})
        self.decay = choice.decay

    @torch.no_grad()
    def step(self, closure: Callable[[], float]) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                mean = self.state[parameter].setdefault("mean", torch.zeros_like(parameter))
                mean.lerp_(parameter.grad, 1 - self.decay)
                parameter -= group["lr"] * mean / (1 + mean.abs())
        return loss


def build_bounded(choice: Bounded, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    return BoundedDescent(model.parameters(), choice)


def bounded(weights: Any, gradients: Any, state: Any, parameters: Any, rate: float, step: int) -> None:
    means, new, lr = state[0], np.float32(1 - parameters[0]), np.float32(rate)
    for i in range(len(weights)):
        means[i] += new * (gradients[i] - means[i])
        weights[i] -= lr * means[i] / (np.float32(1) + abs(means[i]))


def compile_bounded(choice: Bounded, layout: Layout) -> CompiledOptimizer:
    return CompiledOptimizer(Rule(bounded, lambda _: choice.lr, (choice.decay,), ("means",)))


@dataclass(frozen=True, config=CONFIG)
class Normed(choices.Optimizer, name="normed", implementation=IN_THIS_FILE("build_normed")):
    """Gradients of hidden matrices divided by their Frobenius norms, plain gradient descent for the rest; compiled."""

    hooks_layers: ClassVar[bool] = False
    compiled: ClassVar[str] = IN_THIS_FILE("compile_normed")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the updates."""
        return Memory(network.parameters)

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory:
        """Return the memory of the updates."""
        return CompiledMemory(state=0, updates=network.padded_weights)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Return the operations of the passes; norms are not matrix products."""
        return Operations(work.passes(work.samples), 0)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return the operations of the norms per step."""
        return StepEstimate(4 * sum(layer.weights for layer in layers))


class NormedDescent(torch.optim.Optimizer):
    def __init__(self, hidden: list[nn.Parameter], rest: list[nn.Parameter], lr: float) -> None:
        groups = [{"params": hidden, "normed": True}, {"params": rest, "normed": False}]
        super().__init__([group for group in groups if group["params"]], {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float]) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                size = parameter.grad.norm() if group["normed"] else 1.0
                parameter -= group["lr"] * parameter.grad / size
        return loss


def build_normed(choice: Normed, model: nn.Module, threads: int) -> torch.optim.Optimizer:
    hidden = hidden_matrices(model)
    rest = [parameter for parameter in model.parameters() if all(parameter is not each for each in hidden)]
    return NormedDescent(hidden, rest, choice.lr)


def plain(weights: Any, gradients: Any, state: Any, parameters: Any, rate: float, step: int) -> None:
    lr = np.float32(rate)
    for i in range(len(weights)):
        weights[i] -= lr * gradients[i]


class NormedFields(NamedTuple):
    lr: float
    updates: int


FAN_IN, ROWS, COLUMNS, WEIGHTS = (int(each) for each in (Column.FAN_IN, Column.ROWS, Column.COLUMNS, Column.WEIGHTS))


def accumulate(net: Network, thread: ThreadContext, fields: NormedFields, layer: int, step: int) -> None:
    row = layer_table(net)[layer]
    begin, end = share(row[ROWS], thread.rank, thread.threads)
    count = max(min(end, row[FAN_IN]) - begin, 0) * row[COLUMNS]
    gradients = reduce_gradients_in_place(thread, row[WEIGHTS] + begin * row[COLUMNS], count)
    squares = 0.0
    for i in range(count):
        squares += gradients[i] * gradients[i]
    set_partial_sum(thread, layer, 0, squares)


def precondition(net: Network, thread: ThreadContext, fields: NormedFields, step: int, phase: int) -> int:
    for layer in range(1, net.layers - 1):
        row = layer_table(net)[layer]
        begin, end = share(row[ROWS], thread.rank, thread.threads)
        count = max(min(end, row[FAN_IN]) - begin, 0) * row[COLUMNS]
        position = row[WEIGHTS] + begin * row[COLUMNS]
        gradients, updates = (
            vector(thread.gradients + 4 * position, count),
            vector(fields.updates + 4 * position, count),
        )
        scale = np.float32(1 / np.sqrt(total_of_partial_sums(thread, layer, 0)))
        for i in range(count):
            updates[i] = scale * gradients[i]
    return phase


def apply_update(net: Network, thread: ThreadContext, fields: NormedFields, layer: int, lr_factor: float) -> None:
    row = layer_table(net)[layer]
    begin, end = share(row[ROWS], thread.rank, thread.threads)
    position, count = row[WEIGHTS] + begin * row[COLUMNS], max(min(end, row[FAN_IN]) - begin, 0) * row[COLUMNS]
    weights, updates = vector(net.weights + 4 * position, count), vector(fields.updates + 4 * position, count)
    rate = np.float32(fields.lr * lr_factor)
    for i in range(count):
        weights[i] -= rate * updates[i]


def compile_normed(choice: Normed, layout: Layout) -> CompiledOptimizer:
    hidden = Preconditioner(
        fields=NormedFields,
        accumulate=accumulate,
        precondition=precondition,
        apply_update=apply_update,
        preconditions_biases=False,
        parameters=(choice.lr,),
        scratch={"updates": layout.parameters},
    )
    return CompiledOptimizer(Rule(plain, lambda _: choice.lr), hidden)


@dataclass(frozen=True, config=CONFIG)
class Backwards(choices.Sampler, name="backwards", implementation=IN_THIS_FILE("backwards")):
    """Pixels from the last to the first, after a number of them that come first."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False

    first: int = Field(default=0, ge=0, description="number of pixels that come first")


def backwards_order(choice: Backwards, context: samplers.Context, epoch: int) -> NDArray[np.int64]:
    return np.roll(np.arange(context.samples)[::-1], choice.first)


backwards = samplers.seeded(backwards_order)


MEMBERS: tuple[type[choices.Choice], ...] = (
    Bent,
    Learned,
    Lattice,
    Cauchy,
    Redescending,
    Signs,
    Bounded,
    Normed,
    Backwards,
)
