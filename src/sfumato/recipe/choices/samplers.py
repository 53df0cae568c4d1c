"""Samplers: orders of the training samples."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Sampler(Choice, family="sampler", implementations="sfumato.training.samplers:{name}"):
    """Order of the training samples, epoch by epoch."""


@dataclass(frozen=True, config=CONFIG)
class Shuffled(Sampler, name="shuffled"):
    """A new permutation in every epoch, as in 2012."""


@dataclass(frozen=True, config=CONFIG)
class Sequential(Sampler, name="sequential"):
    """Row by row, the same in every epoch."""


@dataclass(frozen=True, config=CONFIG)
class Fixed(Sampler, name="fixed"):
    """One permutation, the same in every epoch."""


@dataclass(frozen=True, config=CONFIG)
class Replacement(Sampler, name="replacement"):
    """Independent draws with replacement, as many per epoch as there are samples."""
