"""Networks, and what they are made of: activations, encodings, initializations."""

from sfumato.models.build import DTYPES, build, mlp, shapes, unfilled
from sfumato.models.coordinates import WHOLE, Region, axes, grid
from sfumato.models.custom import dtype_of, inner, name_of, placed
from sfumato.models.custom_check import check, materialized, tried_on
from sfumato.models.mlp import MLP
from sfumato.models.outputs import outputs

__all__ = [
    "DTYPES",
    "MLP",
    "WHOLE",
    "Region",
    "axes",
    "build",
    "check",
    "dtype_of",
    "grid",
    "inner",
    "materialized",
    "mlp",
    "name_of",
    "outputs",
    "placed",
    "shapes",
    "tried_on",
    "unfilled",
]
