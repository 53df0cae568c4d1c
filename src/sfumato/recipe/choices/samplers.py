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
    facts=("permutes", "needs_end", "needs_plane"),
):
    """Order of the training samples, epoch by epoch."""

    permutes: ClassVar[bool]
    """Whether every epoch is a permutation of all training samples, with equal weights."""
    needs_end: ClassVar[bool]
    """Whether it depends on the fraction of the budget that is spent, so that the budget must have a known end."""
    needs_plane: ClassVar[bool]
    """Whether it combines samples that are neighbors in the picture, so that there must be one."""

    @property
    def factors(self) -> tuple[int, ...]:
        """The factors of the coarser resolutions at which it also draws: averages over squares of this many samples."""
        return ()


@dataclass(frozen=True, config=CONFIG)
class Shuffled(Sampler, name="shuffled"):
    """A new permutation in every epoch, as in 2012."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Sequential(Sampler, name="sequential"):
    """Row by row, the same in every epoch."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Fixed(Sampler, name="fixed"):
    """One permutation, the same in every epoch."""

    permutes: ClassVar[bool] = True
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Replacement(Sampler, name="replacement"):
    """Independent draws with replacement, as many per epoch as there are samples."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Sobol(Sampler, name="sobol"):
    """Pixels at the points of a scrambled Sobol sequence, evenly spread in every step (Sobol 1967)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Halton(Sampler, name="halton"):
    """Pixels at the points of a scrambled Halton sequence, evenly spread in every step (Halton 1960)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class Stratified(Sampler, name="stratified"):
    """A random pixel from each of as many equal regions as a step has samples (jittered sampling)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False


@dataclass(frozen=True, config=CONFIG)
class ErrorProportional(Sampler, name="error_proportional"):
    """Draws with a probability that grows with the error of a pixel, and weights that keep gradients unbiased."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = False
    needs_plane: ClassVar[bool] = False

    power: float = Field(default=1.0, ge=0, le=4, description="exponent of the error in the probability")
    uniform: float = Field(default=0.1, gt=0, le=1, description="fraction of draws independent of errors")
    interval: int = Field(default=1, ge=1, description="epochs between two evaluations of all errors")


@dataclass(frozen=True, config=CONFIG)
class CoarseToFine(Sampler, name="coarse_to_fine"):
    """Averages over squares of pixels first, then over smaller ones, at last the pixels; each permuted."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = True
    needs_plane: ClassVar[bool] = True

    levels: int = Field(default=2, ge=1, le=10, description="number of coarser resolutions, each half of the next one")
    until: float = Field(
        default=0.5, gt=0, le=1, description="fraction of the budget for coarser resolutions, in equal parts"
    )

    @property
    def factors(self) -> tuple[int, ...]:
        """Powers of 2, the largest first."""
        return tuple(2**level for level in range(self.levels, 0, -1))


@dataclass(frozen=True, config=CONFIG)
class EVOS(Sampler, name="evos"):
    """The largest errors and some others, selected anew at intervals by an evaluation of all (Zhang et al. 2025)."""

    permutes: ClassVar[bool] = False
    needs_end: ClassVar[bool] = True
    needs_plane: ClassVar[bool] = True

    ratio: float = Field(default=0.5, gt=0, le=1, description="fraction of the samples that is trained on")
    mutation: float = Field(default=0.5, ge=0, le=1, description="part of them that is drawn at random")
    laplacian: float = Field(default=1e-5, ge=0, description="weight of the errors' Laplacians in the selection")
    interval: int = Field(default=100, ge=1, description="passes between evaluations of all errors at the beginning")
    end_interval: int = Field(default=50, ge=1, description="the same at the end of the budget")
