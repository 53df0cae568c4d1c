"""The hidden layers of a run's network at a saved moment: pictures of their units, and statistics of them.

A unit's importance is the mean over the picture of its absolute output, times the norm of its outgoing weights, as in
`render.neurons`.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import RunError
from sfumato.models import LayeredNetwork
from sfumato.models.normalizations import weights_of
from sfumato.recipe import Coordinates
from sfumato.render import neuron_sheet, neurons
from sfumato.render.neuron_sheet import Scale

MAX_LISTED = 20
"""Inputs and outputs of a unit that are listed."""
BINS = 60
SIDE = 64
"""Samples along the longer side of the picture in a histogram of outputs."""
MAX_OUTPUTS = 8_000_000
"""Outputs of a layer in a histogram; very wide layers are evaluated at fewer samples."""


def plan(shape: tuple[int, int], count: int) -> neuron_sheet.SheetLayout:
    """Return the layout of a sheet of units, for a picture of (height, width)."""
    return neuron_sheet.sheet_layout(count, shape)


def check_unit(model: torch.nn.Module, number: int, unit: int) -> None:
    """Raise RunError unless the layer has the unit."""
    if not 0 <= unit < (count := neurons.units(model, number)):
        raise RunError(f"the unit must be from 0 to {count - 1}. Got {unit}.")


def about(
    model: torch.nn.Module, by: torch.nn.Module, coordinates: Coordinates, shape: tuple[int, int], number: int
) -> dict[str, Any]:
    """Describe layer ``number``, counted from 1; the units' order on the sheet is the one that they have in ``by``."""
    layout = plan(shape, neurons.units(model, number))
    layer = neurons.layer(model, coordinates, number, layout.cell)
    order = (layer if by is model else neurons.layer(by, coordinates, number, layout.cell)).order
    height, width = layout.size
    return {
        "layer": number,
        "units": len(layer.outputs),
        "width": width,
        "height": height,
        "columns": layout.columns,
        "rows": layout.rows,
        "cell": [layout.cell[1], layout.cell[0]],
        "gap": neuron_sheet.GAP,
        "order": order.tolist(),
        "importance": layer.importance.tolist(),
        "dead": np.flatnonzero(layer.dead).tolist(),
    }


def sheet(
    model: torch.nn.Module, by: torch.nn.Module, coordinates: Coordinates, shape: tuple[int, int], number: int
) -> bytes:
    """Return a PNG of all units of a layer; order and colors are those of ``by``, so that nothing jumps in a film."""
    layout = plan(shape, neurons.units(model, number))
    layer = neurons.layer(model, coordinates, number, layout.cell)
    scale = Scale.of(layer if by is model else neurons.layer(by, coordinates, number, layout.cell))
    return png(neuron_sheet.draw(layer, scale, layout))


def unit_picture(
    model: torch.nn.Module, coordinates: Coordinates, shape: tuple[int, int], number: int, unit: int, side: int
) -> bytes:
    """Return a PNG of one unit whose longer side is ``side``."""
    longer = max(shape)
    size = (max(2, round(shape[0] * side / longer)), max(2, round(shape[1] * side / longer)))
    layer = neurons.layer(model, coordinates, number, size, selection=slice(unit, unit + 1))
    scale = Scale.of(layer)
    reach = scale.extent[0] if scale.extent[0] > 0 else np.float32(1)
    return png(neuron_sheet.colors(np.nan_to_num((layer.outputs[0] - scale.low[0]) / reach)))


def unit(
    model: torch.nn.Module, coordinates: Coordinates, shape: tuple[int, int], number: int, which: int
) -> dict[str, Any]:
    """Return one unit's incoming and outgoing weights, the largest first, and its statistics."""
    assert isinstance(model, LayeredNetwork)
    below = model.linear_layers()[number - 1]
    layout = plan(shape, model.units(number - 1))
    layer = neurons.layer(model, coordinates, number, layout.cell)
    incoming = model.connection_weights(number - 1).detach()[which].double().cpu().numpy()
    outgoing = model.connection_weights(number).detach()[:, which].double().cpu().numpy()
    last = number == neurons.depth(model)
    return {
        "layer": number,
        "unit": which,
        "importance": float(layer.importance[which]),
        "rank": int(np.flatnonzero(layer.order == which)[0]),
        "dead": bool(layer.dead[which]),
        "bias": None if below.bias is None else float(below.bias.detach()[which]),
        "inputs": [{**_input(model, number, index), "weight": weight} for index, weight in _largest(incoming)],
        "outputs": [{("color" if last else "unit"): index, "weight": weight} for index, weight in _largest(outgoing)],
    }


def histograms(model: torch.nn.Module, coordinates: Coordinates, shape: tuple[int, int]) -> dict[str, Any]:
    """Return histograms of every layer's weights, the output layer's too, and of every hidden layer's outputs."""
    linear = model.linear_layers() if isinstance(model, LayeredNetwork) else []
    depth = neurons.depth(model)
    return {
        "layers": [
            {
                "weights": _histogram(weights_of(layer).detach().double().cpu().numpy()),
                "activations": None
                if number > depth
                else _histogram(
                    neurons.layer(model, coordinates, number, sample_shape(shape, layer.out_features)).outputs.astype(
                        np.float64
                    )
                ),
            }
            for number, layer in enumerate(linear, start=1)
        ]
    }


def sample_shape(shape: tuple[int, int], units: int) -> tuple[int, int]:
    """Return (rows, columns) of the samples of a histogram of that many units, for a picture of (height, width)."""
    longer, side = max(shape), min(SIDE, math.isqrt(MAX_OUTPUTS // units))
    return max(2, round(shape[0] * side / longer)), max(2, round(shape[1] * side / longer))


def ranks(model: torch.nn.Module) -> dict[str, Any]:
    """Return the stable rank of every layer's weights, the output layer's too (Rudelson and Vershynin 2007)."""
    linear = model.linear_layers() if isinstance(model, LayeredNetwork) else []
    weights = [weights_of(layer).detach().double() for layer in linear]
    return {"stable_rank": [float(w.square().sum() / torch.linalg.matrix_norm(w, ord=2) ** 2) for w in weights]}


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (rows, columns[, C]) as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _input(model: LayeredNetwork, number: int, index: int) -> dict[str, Any]:
    """Return what a layer's input is: a unit of the layer below, a coordinate, or a feature of the coordinates."""
    at = number - 1
    while at > 0:
        if index < (units := model.units(at - 1)):
            return {"unit": index} if at == number - 1 else {"layer": at, "unit": index}
        index -= units
        # What follows are the inputs of the layer below, or the encoded coordinates.
        at = at - 1 if at - 1 in model.connections.dense_layers else 0
    plain = model.connection_weights(0).shape[1] == 2
    return {"coordinate": ("row", "column")[index]} if plain else {"feature": index}


def _largest(weights: NDArray[np.float64]) -> list[tuple[int, float]]:
    weights = np.nan_to_num(weights)
    return [(int(index), float(weights[index])) for index in np.argsort(-np.abs(weights), kind="stable")[:MAX_LISTED]]


def _histogram(values: NDArray[np.float64]) -> dict[str, Any]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return {"edges": [], "counts": []}
    low, high = float(finite.min()), float(finite.max())
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high = low - 0.5 * max(abs(low), 1.0), high + 0.5 * max(abs(high), 1.0)
    counts, edges = np.histogram(finite, BINS, (low, high))
    return {"edges": edges.tolist(), "counts": counts.tolist()}
