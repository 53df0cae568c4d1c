"""The report of a description as lines of text, with a drawing of the network."""

from __future__ import annotations

import itertools
from typing import TypeVar

from sfumato import memory
from sfumato.errors import RecipeError
from sfumato.recipe import memory_check, memory_estimate
from sfumato.recipe.choices import BasisConnectivity, FilterConnectivity
from sfumato.recipe.choices.encodings import COORDINATES
from sfumato.recipe.description import TRAINING_PER_FORWARD, Description
from sfumato.recipe.memory_estimate import Size
from sfumato.recipe.recipe import Recipe
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
    for unit, count in _groups(description):
        parts.append(f"[{unit}]" + (f" x{count}" if count > 1 else ""))
    end = " sigmoid" if description.recipe.model.output_activation == "sigmoid" else ""
    further = _further_inputs(description, len(description.layers) - 1)
    return " -> ".join([*_shortened(parts, "..."), f"{description.channels}{end}{further}"])


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
        trained = model.encoding.parameters(COORDINATES)
        beside = f"{trained:,} parameters" if trained else "fixed: no trained parameters"
        boxes.append((f"{description.encoded} {text(str(model.encoding))}", beside))
    start = 0
    for unit, count in _groups(description):
        parameters = sum(layer.parameters for layer in description.layers[start : start + count])
        start += count
        times = f"x {count}   " if count > 1 else ""
        boxes.append((unit, f"{times}{parameters:,} parameters"))
    last = description.layers[-1]
    further = _further_inputs(description, len(description.layers) - 1)
    boxes.append((f"{last.units} {model.output_activation}{further}", f"{last.parameters:,} parameters"))
    return boxes


def _groups(description: Description) -> list[tuple[str, int]]:
    """Return (units, activation and further connections as text, number of consecutive hidden layers like this)."""
    kinds = [
        f"{units} {_kind(description, number)}{_further_inputs(description, number)}"
        for number, units in enumerate(description.recipe.model.widths)
    ]
    return [(kind, len(list(same))) for kind, same in itertools.groupby(kinds)]


def _kind(description: Description, number: int) -> str:
    """Return the activation and the normalization of a hidden layer, or its filters, as text."""
    model = description.recipe.model
    if isinstance(model.connectivity, FilterConnectivity):
        return f"{'times ' if number > 0 else ''}{model.connectivity.noun}"
    if isinstance(model.connectivity, BasisConnectivity):
        return model.connectivity.noun
    noun = model.normalization.noun
    return text(str(model.activations[number])) + (f", {noun}" if noun else "")


def _initialization(recipe: Recipe) -> str:
    connectivity = recipe.model.connectivity
    return f"that of {connectivity}" if "init" in connectivity.determines else str(recipe.model.init)


def _further_inputs(description: Description, number: int) -> str:
    """Return a layer's connections besides those of a chain, as text."""
    if number in description.recipe.model.connections.residual_layers:
        return " + its input"
    layers = description.layers
    if isinstance(description.recipe.model.connectivity, BasisConnectivity):
        return ""
    joined = layers[number].inputs - layers[number - 1].units if number > 0 else 0
    return f", {joined} joined" if joined > 0 else ""


def _shortened(parts: list[T], gap: T) -> list[T]:
    if len(parts) <= MAX_BOXES:
        return parts
    half = MAX_BOXES // 2
    return [*parts[:half], gap, *parts[-half:]]


def report(description: Description, width: int, height: int) -> list[str]:
    """Report the network, its costs, and the steps and epochs of the budget on a ``width`` x ``height`` picture."""
    recipe, reach = description.recipe, description.reach(width, height)
    forward, number_bytes = description.multiply_adds, description.bytes_per_number
    training = TRAINING_PER_FORWARD * forward
    batching = reach.batching
    weight_bytes = description.parameters * number_bytes
    activation_bytes = description.activations * batching.batch * number_bytes
    assumed = " (rgb assumed)" if recipe.picture.channels == "auto" else ""
    values = width * height * description.channels
    too_many = [f"warning         {_too_many(values)}"] if description.parameters > values else []
    held_out = batching.samples < width * height
    split = f", {batching.samples:,} samples to train on" if held_out else ""
    return [
        one_line(description),
        "",
        *(f"  {line}".rstrip() for line in drawing(description)),
        "",
        f"initialization  {_initialization(recipe)}",
        f"optimizer       {recipe.training.optimizer}",
        f"training        {_training(recipe)}",
        f"parameters      {description.parameters:,}, {memory.text(weight_bytes)} as float{8 * number_bytes}",
        *too_many,
        f"multiply-adds   {forward:,} per sample forward, about {training:,} in training",
        f"activations     {description.activations:,} per sample, "
        f"{memory.text(activation_bytes)} per step of {_counted(batching.batch, 'sample')}",
        f"picture         {width}x{height}, {width * height:,} pixels{split}{assumed}",
        f"bits per pixel  {_bits(description, width * height)}",
        f"epoch           {_counted(batching.steps_per_epoch, 'step')}, {_operations(training * batching.samples)}",
        f"budget          {_budget(description, width, height)}",
        f"memory          {_memory(description, width, height)}",
    ]


def _bits(description: Description, pixels: int) -> str:
    """Return the size of the parameters as bits per pixel, in the type of training and in half of its bytes."""
    bits = 8 * description.bytes_per_number
    per_pixel = description.parameters / pixels
    return f"{bits * per_pixel:.3g} as float{bits}, {bits // 2 * per_pixel:.3g} as float{bits // 2}"


def _too_many(values: int) -> str:
    return f"more parameters than the picture's {values:,} values: such a network can merely store the picture"


def _training(recipe: Recipe) -> str:
    training = recipe.training
    batches = "all samples per step" if training.batch == "all" else f"batches of {training.batch}"
    names = map(str, (training.loss, training.sampler, training.schedule))
    averaging = f", average of the weights {training.averaging}" if training.averaging.averages else ""
    solved = ", last layer at the end by least squares" if training.final_layer == "least_squares" else ""
    return "loss {}, sampler {}, schedule {}, ".format(*names) + batches + averaging + solved


def _memory(description: Description, width: int, height: int) -> str:
    """Return the memory of training, with the reason where it does not fit on this machine now."""
    recipe, size = description.recipe, Size(width, height, description.channels)
    estimate = f"about {memory.text(memory_estimate.training(recipe, size))} to train"
    try:
        memory_check.require("training", memory_estimate.training, recipe, size)
    except RecipeError as error:
        return f"{estimate}, which does not fit here. {error}"
    return estimate


def _budget(description: Description, width: int, height: int) -> str:
    budget, reach = description.recipe.budget, description.reach(width, height)
    parts: list[str] = []
    if reach.steps is not None and reach.epochs is not None and reach.samples is not None:
        operations = _operations(TRAINING_PER_FORWARD * description.multiply_adds * reach.samples)
        epochs = f"{reach.epochs:,.2f}".rstrip("0").rstrip(".")
        parts.append(f"{_counted(reach.steps, 'step')} ({epochs} epochs), {operations}")
    if budget.seconds is not None:
        parts.append(f"{budget.seconds:g} s of training")
    if budget.psnr is not None:
        parts.append(f"{budget.psnr:g} dB")
    return parts[0] if len(parts) == 1 else f"whichever comes first: {' or '.join(parts)}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _operations(multiply_adds: int) -> str:
    # A multiply-add counts as two operations.
    return _scaled(2 * multiply_adds, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"))


def _scaled(number: float, units: tuple[str, ...]) -> str:
    *smaller, largest = units
    for unit in smaller:
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} {largest}"
