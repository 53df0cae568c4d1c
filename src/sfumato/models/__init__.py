"""Networks and their components: activations, encodings, initializations."""

from sfumato.models.build import DTYPES, build, build_uninitialized, mlp, network, shapes
from sfumato.models.coordinates import WHOLE, Region, axes, grid, ranges
from sfumato.models.custom import check, dtype_of, materialized, name_of, scratch_copy, to_device, unwrap
from sfumato.models.mlp import MLP
from sfumato.models.network import LayeredNetwork
from sfumato.models.outputs import outputs

__all__ = [
    "DTYPES",
    "MLP",
    "WHOLE",
    "LayeredNetwork",
    "Region",
    "axes",
    "build",
    "build_uninitialized",
    "check",
    "dtype_of",
    "grid",
    "materialized",
    "mlp",
    "name_of",
    "network",
    "outputs",
    "ranges",
    "scratch_copy",
    "shapes",
    "to_device",
    "unwrap",
]
