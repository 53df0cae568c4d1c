"""The description of a recipe while a person edits it: without torch, in a few milliseconds."""

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
from sfumato.studio.web.bodies import RecipeRequest


def data(body: RecipeRequest, runs: Path, picture: str | None = None) -> dict[str, Any]:
    """Return ``{valid: true, ...}``, or ``{valid: false, problem, field}``."""
    try:
        recipe = wanted.recipe(body, picture)
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
    """Return (width, height) at which the picture will be learned; the default for a picture of unknown size."""
    settings = recipe.picture
    width, height = settings.width_height or size(settings.source, runs) or DEFAULT_PIXELS
    most = settings.max_side
    if most is not None and max(width, height) > most:
        longer = max(width, height)
        width, height = max(round(width * most / longer), 1), max(round(height * most / longer), 1)
    return width, height


def size(source: str, runs: Path) -> tuple[int, int] | None:
    """Return (width, height) of a sample or of an uploaded picture; None for any other."""
    if source in SAMPLES:
        return fields.size_of(source)
    if not wanted.is_upload(source, runs):
        return None
    try:
        # Read the header alone. A rotation in the metadata does not change the number of pixels.
        with Image.open(source) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
