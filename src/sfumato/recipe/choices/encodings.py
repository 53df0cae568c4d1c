"""What the coordinates pass through before the network sees them."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.recipe.choices.choice import CONFIG, Choice


@dataclass(frozen=True, config=CONFIG)
class Encoding(Choice, family="encoding"):
    """A fixed, untrained map of the coordinates."""


@dataclass(frozen=True, config=CONFIG)
class Plain(Encoding, name="none"):
    """The coordinates as they are."""


@dataclass(frozen=True, config=CONFIG)
class Fourier(Encoding, name="fourier"):
    """Gaussian Fourier features: cos and sin of random frequencies (Tancik et al. 2020)."""

    sigma: float = Field(default=10.0, gt=0, description="standard deviation of the frequencies, in cycles a unit")
    features: int = Field(default=256, ge=2, le=65536, multiple_of=2, description="inputs made, half cos and half sin")
