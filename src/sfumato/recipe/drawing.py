"""Drawings of networks in plain ASCII, so that they look the same everywhere."""

from __future__ import annotations

import itertools
from typing import TypeVar

from sfumato.recipe.description import Description
from sfumato.recipe.summary import text

MAX_BOXES = 12
"""Largest number of boxes; of a network with more, the middle ones are left out."""

T = TypeVar("T")

_OUTPUTS = {1: "gray", 3: "red, green, blue", 4: "red, green, blue, alpha"}


def one_line(description: Description) -> str:
    """Return the network in one line: ``2 -> [300 leaky_relu] x4 -> 3``."""
    encoding = description.recipe.model.encoding
    parts = ["2"]
    if not encoding.identity:
        parts.append(f"{text(str(encoding))} {description.encoded}")
    name = text(str(description.recipe.model.activation))
    for units, more, count in _groups(description):
        parts.append(f"[{units} {name}{more}]" + (f" x{count}" if count > 1 else ""))
    end = " sigmoid" if description.recipe.model.output_activation == "sigmoid" else ""
    return " -> ".join([*_shortened(parts, "..."), f"{description.channels}{end}"])


def drawing(description: Description) -> list[str]:
    """Return the lines of a drawing: a box per layer from top to bottom, equal neighbors combined into one box."""
    boxes = _boxes(description)
    width = max(len(inside) for inside, _ in boxes)
    edge = f"+{'-' * (width + 2)}+"
    middle = " " * (len(edge) // 2) + "|"
    drawn = [[edge, f"| {inside:<{width}} |  {beside}".rstrip(), edge] for inside, beside in boxes]
    lines = ["row, column".center(len(edge)).rstrip()]
    for box in _shortened(drawn, [middle.replace("|", ":")]):
        lines += [middle, *box]
    return [*lines, middle, _OUTPUTS[description.channels].center(len(edge)).rstrip()]


def _boxes(description: Description) -> list[tuple[str, str]]:
    model = description.recipe.model
    boxes: list[tuple[str, str]] = []
    if not model.encoding.identity:
        trained = model.encoding.parameters()
        beside = f"{trained:,} parameters" if trained else "fixed: no trained parameters"
        boxes.append((f"{description.encoded} {text(str(model.encoding))}", beside))
    start = 0
    for units, more, count in _groups(description):
        parameters = sum(layer.parameters for layer in description.layers[start : start + count])
        start += count
        times = f"x {count}   " if count > 1 else ""
        boxes.append((f"{units} {text(str(model.activation))}{more}", f"{times}{parameters:,} parameters"))
    last = description.layers[-1]
    boxes.append((f"{last.units} {model.output_activation}", f"{last.parameters:,} parameters"))
    return boxes


def _groups(description: Description) -> list[tuple[int, str, int]]:
    """Return (units, text for further connections, number of consecutive hidden layers like this) of each group."""
    connections, encoded = description.recipe.model.connections, description.encoded
    more = dict.fromkeys(connections.residual_layers, " + its input")
    if connections.concat_layer is not None:
        more[connections.concat_layer] = f", {encoded} joined"
    kinds = [(layer.units, more.get(number, "")) for number, layer in enumerate(description.layers[:-1])]
    return [(*kind, len(list(same))) for kind, same in itertools.groupby(kinds)]


def _shortened(parts: list[T], gap: T) -> list[T]:
    if len(parts) <= MAX_BOXES:
        return parts
    half = MAX_BOXES // 2
    return [*parts[:half], gap, *parts[-half:]]
