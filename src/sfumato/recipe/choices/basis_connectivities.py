"""Connectivities with a learned function on every connection (Kolmogorov-Arnold networks)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG
from sfumato.recipe.choices.connectivities import Connectivity


@dataclass(frozen=True, config=CONFIG)
class BasisConnectivity(Connectivity):
    """Layers that sum learned functions of their inputs: y_j = sum over i of f_ji(x_i), each f_ji a sum over a basis.

    So a layer is linear in the basis functions of its inputs, and has no activation.
    """

    determines: ClassVar[tuple[str, ...]] = ("activation", "normalization", "init", "biases")

    @property
    def functions(self) -> int:
        """Number of basis functions of an input."""
        raise NotImplementedError

    @property
    def saved_per_unit(self) -> int:
        """Numbers per unit and sample that automatic differentiation stores: the functions, and factors of each."""
        return 4 * self.functions

    @property
    def noun(self) -> str:
        """What a drawing calls the functions."""
        raise NotImplementedError


@dataclass(frozen=True, config=CONFIG)
class KANSpline(BasisConnectivity, name="kan_spline"):
    """Kolmogorov-Arnold network (Liu et al. 2024): a B-spline, and SiLU times a weight, on every connection.

    The splines' knots are evenly spaced over the range of inputs from -range to range, beyond which only SiLU remains,
    and are not moved while training.
    """

    grid: int = Field(default=8, ge=1, le=4096, description="number of intervals between the knots of a spline")
    degree: int = Field(default=3, ge=0, le=10, description="degree of the splines' polynomials")
    range: float = Field(default=1.0, gt=0, description="largest absolute input of the splines")
    noise: float = Field(
        default=0.3, ge=0, description="standard deviation of the initial splines' values, times the root of the fan-in"
    )

    @property
    def functions(self) -> int:
        """Number of basis functions of an input: B-splines and SiLU."""
        return self.grid + self.degree + 1

    @property
    def noun(self) -> str:
        """What a drawing calls the functions."""
        return "sums of splines"


@dataclass(frozen=True, config=CONFIG)
class KANChebyshev(BasisConnectivity, name="kan_chebyshev"):
    """Kolmogorov-Arnold network with Chebyshev polynomials of tanh of the inputs (Sidharth et al. 2024)."""

    degree: int = Field(default=8, ge=1, le=256, description="highest degree of the polynomials")

    @property
    def functions(self) -> int:
        """Number of polynomials of an input, the constant one included."""
        return self.degree + 1

    @property
    def noun(self) -> str:
        """What a drawing calls the functions."""
        return "sums of Chebyshev polynomials"
