"""Samplers: the training samples of one epoch after another."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Sampler(
    Choice,
    family="sampler",
    implementations="sfumato.training.samplers.{name}:IMPLEMENTATION",
    facts=("permutes", "needs_end"),
):
    """Order of the training samples, epoch by epoch."""

    permutes: ClassVar[bool]
    """Whether every epoch is a permutation of all training samples, with equal weights."""
    needs_end: ClassVar[bool]
    """Whether it depends on the fraction of the budget that is spent, so that the budget must have a known end."""


@dataclass(frozen=True, config=CONFIG)
class Shuffled(Sampler, name="shuffled"):
    """A new permutation in every epoch, as in 2012."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Sequential(Sampler, name="sequential"):
    """Row by row, the same in every epoch."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Fixed(Sampler, name="fixed"):
    """One permutation, the same in every epoch."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Replacement(Sampler, name="replacement"):
    """Independent draws with replacement, as many per epoch as there are samples."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Sobol(Sampler, name="sobol"):
    """Pixels at the points of a scrambled Sobol sequence, evenly spread in every step (Sobol 1967)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Halton(Sampler, name="halton"):
    """Pixels at the points of a scrambled Halton sequence, evenly spread in every step (Halton 1960)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Stratified(Sampler, name="stratified"):
    """A random pixel from each of as many equal regions as a step has samples (jittered sampling)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class ErrorProportional(Sampler, name="error_proportional"):
    """Draws with a probability that grows with the error of a pixel, and weights that keep gradients unbiased."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False

    power: float = Field(default=1.0, ge=0, le=4, description="exponent of the error in the probability")
    uniform: float = Field(default=0.1, gt=0, le=1, description="fraction of draws independent of errors")
    interval: int = Field(default=1, ge=1, description="epochs between two evaluations of all errors")
