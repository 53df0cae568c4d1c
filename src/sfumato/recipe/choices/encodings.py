"""What the coordinates pass through before the network sees them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from sfumato.formatting import one_digit
from sfumato.recipe.choices.choice import CONFIG, Choice, load

COORDINATES = 2
"""Row and column."""


@dataclass(frozen=True, config=CONFIG)
class Encoding(
    Choice,
    family="encoding",
    implementations="sfumato.models.encodings.{name}:build",
    facts=("trainable", "outputs", "multiply_adds", "shapes"),
):
    """A map of the coordinates to features. A member says what it makes and costs; nothing is built for that."""

    trainable: ClassVar[bool]
    """Whether it has parameters that are trained. Engines that compute all features once cannot train those."""
    compiled: ClassVar[str] = ""
    """Of one that is trained: where its compiled form is, as ``module:attribute``; empty where there is none."""
    identity: ClassVar[bool] = False
    """Whether the features are the inputs themselves, so that it serves any inputs and is not drawn."""

    @classmethod
    def compiled_implementation(cls) -> Any:
        """Import and return the compiled form, a `sfumato.training.engines.fused.encoder.CompiledEncoding`."""
        return load(cls.compiled)

    def outputs(self) -> int:
        """Features made of the coordinates of one sample: inputs of the first layer."""
        raise NotImplementedError

    def multiply_adds(self) -> int:
        """Of one sample."""
        raise NotImplementedError

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the arrays that are saved of it, by the names in its ``state_dict``."""
        raise NotImplementedError

    def parameters(self) -> int:
        """Trained numbers: all that is saved of it, or none."""
        return sum(math.prod(shape) for shape in self.shapes().values()) if self.trainable else 0

    def smoother(self) -> Encoding | None:
        """Return a variant with which the network varies less between pixels; None where it has no such."""
        return None


@dataclass(frozen=True, config=CONFIG)
class Identity(Encoding, name="none", implementation="sfumato.models.encodings.identity:build"):
    """The coordinates as they are."""

    trainable: ClassVar[bool] = False
    identity: ClassVar[bool] = True

    def outputs(self) -> int:
        """As many as there are coordinates."""
        return COORDINATES

    def multiply_adds(self) -> int:
        """None."""
        return 0

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Nothing."""
        return {}


@dataclass(frozen=True, config=CONFIG)
class Fourier(Encoding, name="fourier"):
    """Gaussian Fourier features: cos and sin of random frequencies (Tancik et al. 2020)."""

    trainable: ClassVar[bool] = False

    sigma: float = Field(default=10.0, gt=0, description="standard deviation of the frequencies, in cycles a unit")
    features: int = Field(default=256, ge=2, le=65536, multiple_of=2, description="inputs made, half cos and half sin")

    def outputs(self) -> int:
        """Cosines and sines."""
        return self.features

    def multiply_adds(self) -> int:
        """Each of half as many angles is a product of all coordinates with a frequency."""
        return self.features // 2 * COORDINATES

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The frequencies."""
        return {"frequencies": (COORDINATES, self.features // 2)}

    def smoother(self) -> Encoding | None:
        """Lower frequencies: the default's, or a quarter of its own where these are as low."""
        default = Fourier().sigma
        return replace(self, sigma=one_digit(default if self.sigma > default else self.sigma / 4))
