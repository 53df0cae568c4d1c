"""The report of a description as lines of text."""

from __future__ import annotations

from sfumato import memory
from sfumato.errors import RecipeError
from sfumato.recipe import need, room
from sfumato.recipe.description import TRAINING_PER_FORWARD, Description
from sfumato.recipe.drawing import drawing, one_line
from sfumato.recipe.need import Size


def report(description: Description, width: int, height: int) -> list[str]:
    """Report the network, its costs, and the steps and epochs of the budget on a ``width`` x ``height`` picture."""
    recipe, reach = description.recipe, description.reach(width, height)
    forward, number_bytes = description.multiply_adds, description.bytes_per_number
    training = TRAINING_PER_FORWARD * forward
    batching = reach.batching
    weight_bytes = description.parameters * number_bytes
    activation_bytes = description.activations * batching.batch * number_bytes
    assumed = " (rgb assumed)" if recipe.picture.channels == "auto" else ""
    split = f", {batching.samples:,} of them to train on" if recipe.data.split else ""
    return [
        one_line(description),
        "",
        *(f"  {line}".rstrip() for line in drawing(description)),
        "",
        f"parameters      {description.parameters:,}, {memory.text(weight_bytes)} as float{8 * number_bytes}",
        f"multiply-adds   {forward:,} per sample forward, about {training:,} in training",
        f"activations     {description.activations:,} per sample, "
        f"{memory.text(activation_bytes)} per step of {_counted(batching.batch, 'sample')}",
        f"picture         {width}x{height}, {width * height:,} pixels{split}{assumed}",
        f"epoch           {_counted(batching.steps_per_epoch, 'step')}, {_operations(training * batching.samples)}",
        f"budget          {_budget(description, width, height)}",
        f"memory          {_memory(description, width, height)}",
    ]


def _memory(description: Description, width: int, height: int) -> str:
    """Return the memory of training, with the reason where it does not fit on this machine now."""
    recipe, size = description.recipe, Size(width, height, description.channels)
    estimate = f"about {memory.text(need.training(recipe, size))} to train"
    try:
        room.require("training", need.training, recipe, size)
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
