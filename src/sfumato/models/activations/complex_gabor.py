"""The complex Gabor wavelet exp(i omega z - |scale z|^2) of WIRE (Saragadam et al. 2023).

With z = a + i b it is exp(-omega b - scale^2 (a^2 + b^2)) (cos(omega a) + i sin(omega a)).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.models.activations.activation import Implementation


def tensor(z: Tensor, omega: float, scale: float) -> Tensor:
    """Return the wavelet of complex numbers, (..., 2 n) -> (..., 2 n), real parts first."""
    a, b = z.chunk(2, dim=-1)
    size = torch.exp(-omega * b - scale * scale * (a * a + b * b))
    return torch.cat([size * torch.cos(omega * a), size * torch.sin(omega * a)], dim=-1)


IMPLEMENTATION = Implementation(tensor)
