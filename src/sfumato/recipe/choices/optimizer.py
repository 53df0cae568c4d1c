"""The base classes of optimizers, with the facts that every optimizer states about itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.formatting import one_digit
from sfumato.recipe.choices.choice import CONFIG, Choice, load
from sfumato.recipe.layers import CompiledMemory, Memory, NetworkSize, Operations, StepEstimate, TrainingWork
from sfumato.recipe.layers import LinearLayer as Layer


@dataclass(frozen=True, config=CONFIG)
class Optimizer(
    Choice,
    family="optimizer",
    implementations="sfumato.training.optimizers.{name}:build",
    facts=("hooks_layers", "memory", "operations", "step_estimate"),
    compiled_facts=("compiled_memory",),
):
    """Optimizer; every one has a learning rate."""

    hooks_layers: ClassVar[bool]
    """Whether it reads layer inputs or gradients of the samples of a batch, so that a batch cannot be divided."""

    compiled: ClassVar[str] = ""
    """Its compiled form, as ``module:attribute``; empty where there is none. An optimizer that has one states its
    `compiled_memory`."""

    averages_weights: ClassVar[bool] = False
    """Whether it makes an average of the weights, which evaluations use in place of the weights themselves."""

    differentiates_gradients: ClassVar[bool] = False
    """Whether it differentiates gradients again in some steps, so that a batch cannot be divided."""

    uses_gradients: ClassVar[bool] = True
    """Whether it uses gradients, not the values of the loss alone."""

    library: ClassVar[str] = ""
    """Module of an optional dependency that implements it; empty where there is none."""
    extra: ClassVar[str] = ""
    """Extra of this package that installs the ``library``."""

    lr: float = Field(default=0.001, ge=0, description="learning rate")

    @classmethod
    def compiled_implementation(cls) -> Any:
        """Import and return the compiled form, as `sfumato.training.engines.fused.optimizer` describes it."""
        return load(cls.compiled)

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of its state and of a step with automatic differentiation."""
        raise NotImplementedError

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory | None:
        """Return the memory of its compiled form, or None where it has none."""
        return None

    def operations(self, work: TrainingWork) -> Operations | None:
        """Return the floating-point operations of a training's matrix products, or None where they are not known."""
        raise NotImplementedError

    def step_estimate(self, layers: tuple[Layer, ...]) -> StepEstimate:
        """Return an approximate upper bound on the cost of a step; elementwise operations are not counted."""
        raise NotImplementedError

    def slower(self) -> Self:
        """Return it with a lower rate: the default if the rate is over twice as high, else a tenth of the rate."""
        return replace(self, lr=one_digit(self._lower_rate()))

    def faster(self) -> Self:
        """Return it with a higher rate: the default if the rate is lower, else ten times the rate."""
        default = type(self)().lr
        return replace(self, lr=one_digit(default if self.lr < default else 10 * self.lr))

    def growth_note(self) -> str:
        """Return a sentence on how large updates may grow regardless of the gradient, or "" where they do not."""
        return ""

    def _lower_rate(self) -> float:
        default = type(self)().lr
        return default if self.lr > 2 * default else self.lr / 10


@dataclass(frozen=True, config=CONFIG)
class ElementwiseOptimizer(Optimizer):
    """Optimizer whose update of a weight depends on that weight's gradients alone, without matrix products."""

    hooks_layers: ClassVar[bool] = False

    def operations(self, work: TrainingWork) -> Operations | None:
        """Return the operations of the network alone."""
        return Operations(work.passes(work.samples), 0)

    def step_estimate(self, layers: tuple[Layer, ...]) -> StepEstimate:
        """Return an estimate of 0 operations."""
        return StepEstimate(0)
