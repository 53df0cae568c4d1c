"""Half the squared difference of tone-mapped values, 0.5 (T(output) - T(target))^2.

Values x of linear light are compressed by the mu-law T(x) = log(1 + mu |x|) / log(1 + mu), with the sign of x, so that
the errors of dark and of bright parts count as they are seen (Kalantari and Ramamoorthi 2017, "Deep High Dynamic Range
Imaging of Dynamic Scenes"; with their mu, 5000, the first steps overshoot here). The derivative is T'(output) times
T(output) - T(target).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sfumato.training.losses.loss import Implementation


def tensor(outputs: Tensor, targets: Tensor, mu: float) -> Tensor:
    """Return the losses elementwise."""
    return 0.5 * (tone_mapped(outputs, mu) - tone_mapped(targets, mu)).square()


def tone_mapped(values: Tensor, mu: float) -> Tensor:
    """Return T of values of linear light: 0 and 1 stay, and the dark part in between is spread."""
    return values.sign() * torch.log1p(mu * values.abs()) / math.log1p(mu)


IMPLEMENTATION = Implementation(tensor, of_values=True)
