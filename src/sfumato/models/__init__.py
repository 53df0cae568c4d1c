"""Networks, and what they are made of: activations, encodings, initialisations."""

from sfumato.models.build import DTYPES, build
from sfumato.models.coordinates import WHOLE, Region, axes, grid
from sfumato.models.mlp import MLP
from sfumato.models.outputs import outputs

__all__ = ["DTYPES", "MLP", "WHOLE", "Region", "axes", "build", "grid", "outputs"]
