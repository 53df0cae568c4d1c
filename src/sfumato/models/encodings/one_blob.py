"""One-blob encoding (Mueller et al. 2019, "Neural Importance Sampling"): a bump around each input, in bins.

Feature b of K is the integral of the bump over the bin from b/K to (b + 1)/K, where the range of the inputs is 0 to 1.
The paper's bump is a Gaussian with standard deviation 1/K. tiny-cuda-nn's is the quartic kernel 15/16 (1 - u^2)^2 for
|u| <= 1, where u is the distance times K, repeated with period 1 so that the features add up to 1 near the ends, too.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.models.encodings.per_input import PerInput
from sfumato.recipe import choices


class OneBlob(PerInput):
    """K features of each input: the shares of the bump in K bins."""

    edges: Tensor

    def __init__(
        self,
        bins: int,
        kernel: Literal["gaussian", "quartic"],
        ends: tuple[float, float],
        *,
        include_inputs: bool,
    ) -> None:
        """Divide the range between ``ends`` into bins."""
        super().__init__(include_inputs=include_inputs)
        self.bins, self.kernel, self.ends = bins, kernel, ends
        edges = torch.arange(bins + 1, dtype=torch.float64) / bins
        self.register_buffer("edges", edges, persistent=False)

    def features(self, inputs: Tensor) -> Tensor:
        """Compute the shares of the bins: (N, D, 1) -> (N, D, K)."""
        low, high = self.ends
        distances = self.edges - (inputs - low) / (high - low)
        if self.kernel == "gaussian":
            below = torch.special.ndtr(self.bins * distances)
        else:
            below = sum(
                (_quartic_cdf(self.bins * (distances + shift)) for shift in (-1, 1)),
                _quartic_cdf(self.bins * distances),
            )
        return below[:, :, 1:] - below[:, :, :-1]


def _quartic_cdf(u: Tensor) -> Tensor:
    """Return the integral of the quartic kernel from -1 to u."""
    u = u.clamp(-1, 1)
    return 15 / 16 * u * (1 - 2 / 3 * u**2 + u**4 / 5) + 0.5


def build(choice: choices.OneBlob, inputs: int, random: np.random.Generator, ends: tuple[float, float]) -> nn.Module:
    """Build the encoding for inputs between ``ends``."""
    return OneBlob(choice.bins, choice.kernel, ends, include_inputs=choice.include_inputs)
