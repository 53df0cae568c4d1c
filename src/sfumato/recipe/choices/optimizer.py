"""What every optimizer states about itself."""

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
    """An optimizer; every one has a learning rate."""

    hooks_layers: ClassVar[bool]
    """Whether it looks at what the samples of a batch leave in the layers, so that a batch cannot be divided."""

    compiled: ClassVar[str] = ""
    """Where its compiled form is, as ``module:attribute``; empty where there is none. One that has it states its
    `compiled_memory`."""

    lr: float = Field(default=0.001, ge=0, description="learning rate")

    @classmethod
    def compiled_implementation(cls) -> Any:
        """Import and return the compiled form, as `sfumato.training.engines.fused.optimizer` describes it."""
        return load(cls.compiled)

    def memory(self, network: NetworkSize) -> Memory:
        """Return what it keeps, and takes for a step, with automatic differentiation."""
        raise NotImplementedError

    def compiled_memory(self, network: NetworkSize, threads: int) -> CompiledMemory | None:
        """Return the same of its compiled form; None where it has none."""
        return None

    def operations(self, work: TrainingWork) -> Operations | None:
        """Return the floating-point operations of a training's matrix products; None where they are not known."""
        raise NotImplementedError

    def step_estimate(self, layers: tuple[Layer, ...]) -> StepEstimate:
        """Return what a step costs at most, about; the costs of an elementwise one are not worth counting."""
        raise NotImplementedError

    def slower(self) -> Self:
        """Return it with a lower rate: its default, or a tenth of its own where that is not far above the default."""
        return replace(self, lr=one_digit(self._lower_rate()))

    def faster(self) -> Self:
        """Return it with a higher rate: its default, or ten times its own where that is not below the default."""
        default = type(self)().lr
        return replace(self, lr=one_digit(default if self.lr < default else 10 * self.lr))

    def growth_note(self) -> str:
        """Return a sentence on how large updates may grow whatever the gradient; empty where they may not."""
        return ""

    def _lower_rate(self) -> float:
        default = type(self)().lr
        return default if self.lr > 2 * default else self.lr / 10


@dataclass(frozen=True, config=CONFIG)
class ElementwiseOptimizer(Optimizer):
    """A weight's update follows from its own gradients alone, without a product of matrices."""

    hooks_layers: ClassVar[bool] = False

    def operations(self, work: TrainingWork) -> Operations | None:
        """Those of the network."""
        return Operations(work.passes(work.samples), 0)

    def step_estimate(self, layers: tuple[Layer, ...]) -> StepEstimate:
        """None."""
        return StepEstimate(0)
