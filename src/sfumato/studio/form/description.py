"""The form's fields, and the description of a recipe while a person edits it: without torch."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from sfumato.errors import SfumatoError
from sfumato.images.samples import SAMPLES
from sfumato.recipe import DESCRIPTIONS, Recipe, preset, to_string, values
from sfumato.recipe.changes import flat
from sfumato.recipe.description import DEFAULT_PIXELS, TRAINING_PER_FORWARD, describe
from sfumato.recipe.fields import sections
from sfumato.recipe.report import one_line
from sfumato.recipe.summary import differences, text
from sfumato.studio.form import previews, requested_recipe
from sfumato.studio.web import errors
from sfumato.studio.web.request_bodies import RecipeRequest

HIDDEN = ("model.module",)
"""Fields that the studio does not accept."""


@functools.cache
def fields() -> dict[str, Any]:
    """Return ``{sections, presets, pictures}``. A choice that is added to the package appears without a change here."""
    visible = [
        {**section, "fields": [each for each in section["fields"] if each["path"] not in HIDDEN]}
        for section in sections()
    ]
    return {
        "sections": visible,
        "presets": [
            {
                "name": name,
                "help": about,
                "values": {
                    path: text(value) for path, value in flat(values(preset(name))).items() if path not in HIDDEN
                },
            }
            for name, about in DESCRIPTIONS.items()
        ],
        "pictures": [
            {"name": name, "help": about, "size": previews.sample_size(name), "thumbnail": previews.sample_url(name)}
            for name, about in SAMPLES.items()
        ],
    }


def description(body: RecipeRequest, runs: Path, picture: str | None = None) -> dict[str, Any]:
    """Return ``{valid: true, ...}``, or ``{valid: false, problem, field}``."""
    try:
        recipe = requested_recipe.recipe(body, picture)
        description = describe(recipe)
    except SfumatoError as error:
        return {"valid": False, "problem": str(error), "field": errors.field_of(str(error))}
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
        "connections": {
            "adds": sorted(connections.residual_layers),
            "joins": connections.concat_layer,
            "concatenates": sorted(connections.dense_layers),
        },
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
    width, height = settings.width_height or previews.picture_size(settings.source, runs) or DEFAULT_PIXELS
    most = settings.max_side
    if most is not None and max(width, height) > most:
        longer = max(width, height)
        width, height = max(round(width * most / longer), 1), max(round(height * most / longer), 1)
    return width, height
