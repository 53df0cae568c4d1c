"""A recipe told in numbers while a person moves its sliders: without torch, in a few milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.images.samples import SAMPLES
from sfumato.recipe import Recipe, to_string, values
from sfumato.recipe.description import DEFAULT_PIXELS, TRAINING_PER_FORWARD, describe
from sfumato.recipe.drawing import one_line
from sfumato.recipe.summary import differences
from sfumato.studio.form import fields, wanted
from sfumato.studio.web import problems
from sfumato.studio.web.bodies import Wanted


def data(asked: Wanted, runs: Path, picture: str | None = None) -> dict[str, Any]:
    """``{valid: true, ...}``, or ``{valid: false, problem, field}``."""
    try:
        recipe = wanted.recipe(asked, picture)
        description = describe(recipe)
    except SfumatoError as error:
        return {"valid": False, "problem": str(error), "field": problems.field_of(str(error))}
    width, height = pixels(recipe, runs)
    reach = description.reach(width, height)
    connections = recipe.model.connections
    operations = 2 * TRAINING_PER_FORWARD * description.multiply_adds
    return {
        "valid": True,
        "problem": None,
        "field": None,
        "string": to_string(recipe),
        "differences": differences(values(recipe)),
        "line": one_line(description),
        "parameters": description.parameters,
        "multiply_adds": description.multiply_adds,
        "encoded": description.encoded,
        "channels": description.channels,
        "layers": [
            {"inputs": layer.inputs, "units": layer.units, "parameters": layer.parameters}
            for layer in description.layers
        ],
        "connections": {"adds": sorted(connections.residual_layers), "joins": connections.concat_layer},
        "width": width,
        "height": height,
        "epochs": reach.epochs,
        "steps": reach.steps,
        "steps_per_epoch": reach.batching.steps_per_epoch,
        "operations": None if reach.samples is None else operations * reach.samples,
        "seconds": recipe.budget.seconds,
    }


def pixels(recipe: Recipe, runs: Path) -> tuple[int, int]:
    """(width, height) that the picture will be learned at; of a picture that cannot be known here, the default's."""
    settings = recipe.picture
    width, height = settings.width_height or size(settings.source, runs) or DEFAULT_PIXELS
    most = settings.max_side
    if most is not None and max(width, height) > most:
        longer = max(width, height)
        width, height = max(round(width * most / longer), 1), max(round(height * most / longer), 1)
    return width, height


def size(source: str, runs: Path) -> tuple[int, int] | None:
    """(width, height) of a sample, or of a picture that was dropped here; None of any other."""
    if source in SAMPLES:
        return fields.size_of(source)
    if not wanted.sent_here(source, runs):
        return None
    try:
        # The header alone. Turned or not, it has as many pixels.
        with Image.open(source) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
