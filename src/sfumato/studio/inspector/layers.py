"""What the hidden layers of a run's network do at a saved moment: pictures of their units, and numbers about them.

How much a unit matters is the mean over the picture of |answer x norm of the weights that it goes out through|, as
`render.neurons` has it.
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
from sfumato.models import MLP
from sfumato.recipe import Coordinates
from sfumato.render import neuron_sheet, neurons
from sfumato.render.neuron_sheet import Scale

MOST_NAMED = 20
"""Of a unit's inputs and outputs."""
BINS = 60
SIDE = 64
"""Places on the longer side of the picture at which histograms of answers are taken."""
MOST_ANSWERS = 8_000_000
"""Of a layer, in a histogram: of very many units fewer places are looked at."""


def plan(shape: tuple[int, int], count: int) -> neuron_sheet.SheetLayout:
    """Where the units of a sheet go, for a picture of (height, width)."""
    return neuron_sheet.sheet_layout(count, shape)


def check_unit(model: torch.nn.Module, number: int, unit: int) -> None:
    """Raise RunError unless the layer has such a unit."""
    if not 0 <= unit < (count := neurons.units(model, number)):
        raise RunError(f"the unit must be from 0 to {count - 1}. Got {unit}.")


def about(
    model: torch.nn.Module, by: torch.nn.Module, at: Coordinates, shape: tuple[int, int], number: int
) -> dict[str, Any]:
    """Of layer ``number``, 1 the first; the units' places on the sheet are those that they have in ``by``."""
    placed = plan(shape, neurons.units(model, number))
    layer = neurons.layer(model, at, number, placed.cell)
    order = (layer if by is model else neurons.layer(by, at, number, placed.cell)).order
    height, width = placed.size
    return {
        "layer": number,
        "units": len(layer.outputs),
        "width": width,
        "height": height,
        "columns": placed.columns,
        "rows": placed.rows,
        "cell": [placed.cell[1], placed.cell[0]],
        "gap": neuron_sheet.GAP,
        "order": order.tolist(),
        "importance": layer.importance.tolist(),
        "dead": np.flatnonzero(layer.dead).tolist(),
    }


def sheet(model: torch.nn.Module, by: torch.nn.Module, at: Coordinates, shape: tuple[int, int], number: int) -> bytes:
    """PNG of all units of a layer; places and colors are those of ``by``, so that nothing jumps in a film."""
    placed = plan(shape, neurons.units(model, number))
    layer = neurons.layer(model, at, number, placed.cell)
    scale = Scale.of(layer if by is model else neurons.layer(by, at, number, placed.cell))
    return png(neuron_sheet.draw(layer, scale, placed))


def unit_picture(
    model: torch.nn.Module, at: Coordinates, shape: tuple[int, int], number: int, unit: int, side: int
) -> bytes:
    """PNG of one unit, its longer side as given."""
    longer = max(shape)
    size = (max(2, round(shape[0] * side / longer)), max(2, round(shape[1] * side / longer)))
    layer = neurons.layer(model, at, number, size, selection=slice(unit, unit + 1))
    scale = Scale.of(layer)
    reach = scale.extent[0] if scale.extent[0] > 0 else np.float32(1)
    return png(neuron_sheet.colors(np.nan_to_num((layer.outputs[0] - scale.low[0]) / reach)))


def unit(model: torch.nn.Module, at: Coordinates, shape: tuple[int, int], number: int, which: int) -> dict[str, Any]:
    """One unit's weights, the largest first: what it depends on, and what depends on it."""
    assert isinstance(model, MLP)
    below, above = model.linear_layers()[number - 1 : number + 1]
    placed = plan(shape, below.out_features)
    layer = neurons.layer(model, at, number, placed.cell)
    incoming = below.weight.detach()[which].double().cpu().numpy()
    outgoing = above.weight.detach()[:, which].double().cpu().numpy()
    last = number == neurons.depth(model)
    return {
        "layer": number,
        "unit": which,
        "importance": float(layer.importance[which]),
        "rank": int(np.flatnonzero(layer.order == which)[0]),
        "dead": bool(layer.dead[which]),
        "bias": None if below.bias is None else float(below.bias.detach()[which]),
        "inputs": [{**_input(model, number, place), "weight": weight} for place, weight in _largest(incoming)],
        "outputs": [{("color" if last else "unit"): place, "weight": weight} for place, weight in _largest(outgoing)],
    }


def histograms(model: torch.nn.Module, at: Coordinates, shape: tuple[int, int]) -> dict[str, Any]:
    """Of every layer's weights, the output's too, and of every hidden layer's answers over the picture."""
    linear = model.linear_layers() if isinstance(model, MLP) else []
    depth = neurons.depth(model)
    return {
        "layers": [
            {
                "weights": _histogram(layer.weight.detach().double().cpu().numpy()),
                "activations": None
                if number > depth
                else _histogram(
                    neurons.layer(model, at, number, places(shape, layer.out_features)).outputs.astype(np.float64)
                ),
            }
            for number, layer in enumerate(linear, start=1)
        ]
    }


def places(shape: tuple[int, int], units: int) -> tuple[int, int]:
    """(rows, columns) at which a histogram of so many units looks, for a picture of (height, width)."""
    longer, side = max(shape), min(SIDE, math.isqrt(MOST_ANSWERS // units))
    return max(2, round(shape[0] * side / longer)), max(2, round(shape[1] * side / longer))


def ranks(model: torch.nn.Module) -> dict[str, Any]:
    """The stable rank of every layer's weights, the output's too (Rudelson and Vershynin 2007)."""
    linear = model.linear_layers() if isinstance(model, MLP) else []
    weights = [layer.weight.detach().double() for layer in linear]
    return {"stable_rank": [float(w.square().sum() / torch.linalg.matrix_norm(w, ord=2) ** 2) for w in weights]}


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(rows, columns[, C]) as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _input(model: MLP, number: int, place: int) -> dict[str, Any]:
    """What stands at an input of a layer: a unit of the one below, a coordinate, or a feature of them."""
    below = 0 if number == 1 else model.linear_layers()[number - 2].out_features
    if number > 1 and place < below:
        return {"unit": place}
    feature = place - below
    plain = model.linear_layers()[0].in_features == 2
    return {"coordinate": ("row", "column")[feature]} if plain else {"feature": feature}


def _largest(weights: NDArray[np.float64]) -> list[tuple[int, float]]:
    weights = np.nan_to_num(weights)
    return [(int(place), float(weights[place])) for place in np.argsort(-np.abs(weights), kind="stable")[:MOST_NAMED]]


def _histogram(values: NDArray[np.float64]) -> dict[str, Any]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return {"edges": [], "counts": []}
    low, high = float(finite.min()), float(finite.max())
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high = low - 0.5 * max(abs(low), 1.0), high + 0.5 * max(abs(high), 1.0)
    counts, edges = np.histogram(finite, BINS, (low, high))
    return {"edges": edges.tolist(), "counts": counts.tolist()}
