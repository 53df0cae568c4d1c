"""The optimizer Shampoo, which decomposes the second moments of each matrix's gradients."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.optimizer import Optimizer
from sfumato.recipe.layers import LinearLayer, Memory, NetworkSize, Operations, StepEstimate, TrainingWork


@dataclass(frozen=True, config=CONFIG)
class Shampoo(Optimizer, name="shampoo"):
    """Gradients times the inverse fourth roots of the sums of G G^T and G^T G (Gupta et al. 2018)."""

    hooks_layers: ClassVar[bool] = False

    lr: float = Field(default=0.03, ge=0, description="learning rate")
    eps: float = Field(default=1e-6, gt=0, description="initial diagonal of the sums")
    update_interval: int = Field(default=1, ge=1, description="steps between inverse roots of the sums")

    def memory(self, network: NetworkSize) -> Memory:
        """Return the memory of the sums and their roots, gradients and updates, and one decomposition in float64."""
        squares = [side**2 for layer in network.layers for side in _sides(layer)]
        largest = max(squares, default=0)
        return Memory(2 * network.parameters + 2 * sum(squares) + largest, float64=4 * largest)

    def operations(self, work: TrainingWork) -> Operations | None:
        """Count the sums, products with their roots, and at each interval an eigendecomposition per side.

        That takes 9 n^3 (Golub and Van Loan 2013, "Matrix Computations", 8.3), and the root another product.
        """
        refreshes = -(-work.steps // self.update_interval)
        operations = 0
        for layer in work.layers:
            weights = 4 * layer.weights * (layer.inputs + layer.units)
            biases = 4 * layer.units**2 if layer.biases else 0
            roots = sum(11 * side**3 for side in _sides(layer))
            operations += work.steps * (weights + biases) + refreshes * roots
        return Operations(work.passes(work.samples), operations)

    def step_estimate(self, layers: tuple[LinearLayer, ...]) -> StepEstimate:
        """Return an estimate of the decompositions."""
        return StepEstimate(sum(11 * side**3 for layer in layers for side in _sides(layer)))


def _sides(layer: LinearLayer) -> list[int]:
    return [layer.units, layer.inputs] + ([layer.units] if layer.biases else [])
