"""Activations that oscillate, or vanish far from zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.formatting import one_digit
from sfumato.recipe.choices.activations.activation import Activation
from sfumato.recipe.choices.choice import CONFIG, Value
from sfumato.recipe.choices.initializations import (
    FinerInitialization,
    Initialization,
    PyTorch,
    RandomHyperplanes,
    Siren,
)

_ADDED: Mapping[str, Value] = {"first_omega": None}


def _first_omega() -> Any:
    return Field(default=None, gt=0, description="frequency in the first hidden layer; none: the same")


@dataclass(frozen=True, config=CONFIG)
class Sine(Activation, name="sine"):
    """sin(omega * x), as in SIREN (Sitzmann et al. 2020)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None
    added_fields: ClassVar[Mapping[str, Value]] = _ADDED
    omega: float = Field(default=30.0, gt=0, description="frequency, a factor of the preactivation")
    first_omega: float | None = _first_omega()

    def initialization(self) -> Initialization:
        """Return SIREN's initialization for the same frequency."""
        return Siren(omega=self.omega)

    def smoother(self) -> tuple[Activation, Initialization]:
        """Return a sine of half the frequency with its initialization."""
        return _at_half_frequency(self)


@dataclass(frozen=True, config=CONFIG)
class Finer(Activation, name="finer"):
    """sin(omega * (|x| + 1) * x), whose frequency grows with |x|, as in FINER (Liu et al. 2024)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 6
    sigmoidal_slope: ClassVar[float | None] = None
    added_fields: ClassVar[Mapping[str, Value]] = _ADDED
    omega: float = Field(default=30.0, gt=0, description="frequency, a factor of the preactivation")
    differentiate_scale: bool = Field(
        default=True, description="false: |x| + 1 is a constant in the gradient, as in the authors' code"
    )
    first_omega: float | None = _first_omega()

    def initialization(self) -> Initialization:
        """Return FINER's initialization for the same frequency."""
        return FinerInitialization(omega=self.omega)

    def smoother(self) -> tuple[Activation, Initialization]:
        """Return a sine of half the frequency with its initialization."""
        return _at_half_frequency(self)


@dataclass(frozen=True, config=CONFIG)
class Gabor(Activation, name="gabor"):
    """cos(omega * x) * exp(-(scale * x)^2), the real Gabor wavelet of WIRE (Saragadam et al. 2023)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 6
    sigmoidal_slope: ClassVar[float | None] = None
    added_fields: ClassVar[Mapping[str, Value]] = _ADDED
    omega: float = Field(default=10.0, gt=0, description="frequency, a factor of the preactivation")
    scale: float = Field(default=10.0, gt=0, description="inverse width of the envelope")
    first_omega: float | None = _first_omega()

    def initialization(self) -> Initialization:
        """Return SIREN's initialization for the same frequency."""
        return Siren(omega=self.omega)

    def smoother(self) -> tuple[Activation, Initialization]:
        """Return a wavelet of half the frequency with its initialization."""
        return _at_half_frequency(self)


@dataclass(frozen=True, config=CONFIG)
class ComplexGabor(Activation, name="complex_gabor"):
    """exp(i * omega * z - |scale * z|^2) of complex units, the wavelet of WIRE (Saragadam et al. 2023).

    All hidden units are complex numbers, and all weights after the first layer. The authors' initialization is
    ``pytorch``.
    """

    is_complex: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 20
    sigmoidal_slope: ClassVar[float | None] = None
    omega: float = Field(default=10.0, gt=0, description="frequency, a factor of the preactivation")
    scale: float = Field(default=10.0, gt=0, description="inverse width of the envelope")
    first_omega: float | None = _first_omega()

    def initialization(self) -> Initialization:
        """Return PyTorch's initialization, as in the authors' code."""
        return PyTorch()

    def smoother(self) -> tuple[Activation, Initialization]:
        """Return a wavelet of half the frequency with its initialization."""
        return _at_half_frequency(self)


@dataclass(frozen=True, config=CONFIG)
class Sinc(Activation, name="sinc"):
    """sin(omega * x) / (omega * x) (Saratchandran et al. 2024)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 4
    sigmoidal_slope: ClassVar[float | None] = None
    added_fields: ClassVar[Mapping[str, Value]] = _ADDED
    omega: float = Field(default=30.0, gt=0, description="frequency, a factor of the preactivation")
    first_omega: float | None = _first_omega()

    def initialization(self) -> Initialization:
        """Return SIREN's initialization for the same frequency."""
        return Siren(omega=self.omega)

    def smoother(self) -> tuple[Activation, Initialization]:
        """Return a sinc of half the frequency with its initialization."""
        return _at_half_frequency(self)


@dataclass(frozen=True, config=CONFIG)
class GaussianActivation(Activation, name="gaussian"):
    """exp(-x^2 / (2 * width^2)) (Ramasinghe and Lucey 2022)."""

    compiled: ClassVar[bool] = True
    saved_per_unit: ClassVar[int] = 3
    sigmoidal_slope: ClassVar[float | None] = None
    width: float = Field(default=1.0, gt=0, description="standard deviation of the Gaussian")

    def initialization(self) -> Initialization:
        """Return RandomHyperplanes."""
        return RandomHyperplanes()


def _at_half_frequency(choice: Sine | Finer | Gabor | ComplexGabor | Sinc) -> tuple[Activation, Initialization]:
    omega = one_digit(choice.omega / 2)
    first = None if choice.first_omega is None else one_digit(choice.first_omega / 2)
    slower = replace(choice, omega=omega, first_omega=first)
    return slower, slower.initialization()
