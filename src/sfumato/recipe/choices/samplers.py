"""The order in which training samples are drawn."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Sampler(Choice, family="sampler", implementations="sfumato.training.samplers:{name}"):
    """Draws the training samples of one epoch after another."""


@dataclass(frozen=True, config=CONFIG)
class Shuffled(Sampler, name="shuffled"):
    """A new permutation every epoch, as in 2012."""


@dataclass(frozen=True, config=CONFIG)
class Sequential(Sampler, name="sequential"):
    """Row by row, the same every epoch."""


@dataclass(frozen=True, config=CONFIG)
class Fixed(Sampler, name="fixed"):
    """One permutation, the same every epoch."""


@dataclass(frozen=True, config=CONFIG)
class Replacement(Sampler, name="replacement"):
    """Independent draws with replacement; an epoch has as many as there are samples."""
