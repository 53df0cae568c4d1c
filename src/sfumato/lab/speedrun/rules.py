"""The rules of a track: its picture, the fields that it sets, and those that a recipe must satisfy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.formatting import shortened
from sfumato.images import samples, source
from sfumato.images.picture_errors import picture_error
from sfumato.lab.speedrun.tracks import PICTURE, Track
from sfumato.recipe import DESCRIPTIONS, Model, Recipe, changed, flat, preset

_DECIDED = {
    "seed": "its seeds are fixed",
    "evaluation.interval": "there is one evaluation, at the end, off the clock",
    "picture.source": f"its picture is {PICTURE}; --picture gives the path of its file",
    "picture.color_management": "its values are used without color management",
}
"""Fields that no recipe sets, and why."""


def whole_picture(recipe: Recipe, file: str | None) -> NDArray[np.float32]:
    """Return the picture (429, 300, 3) that paintings are compared with. Without ``file``, download the sample once.

    Raises PictureError where the file is no picture, or holds other values.
    """
    name = file or PICTURE
    full = images.load(recipe.picture.model_copy(update={"source": name, "size": None, "max_side": None}))
    # The file of 2012 is accepted although another decoder may round its values differently.
    if images.sha256(full) != samples.PIXELS_SHA256 and _digest(name) != samples.SHA256:
        height, width, _ = full.shape
        rule = f"{PICTURE}, 300x429, with the values of 2012"
        raise picture_error(name, rule, f"{width}x{height} with other values", "omit --picture to download it")
    return full


def training_picture(recipe: Recipe, file: str | None) -> NDArray[np.float32]:
    """Return the picture (H, W, 3) at the recipe's size, which may be smaller or larger than the whole."""
    return images.load(recipe.picture.model_copy(update={"source": file or PICTURE}))


def _digest(name: str) -> str:
    return hashlib.sha256(source.read(name)).hexdigest()


Requirement = tuple[bool, str, str, object]
"""(whether it holds, field, rule, value)."""


def entered(recipe: Recipe, track: Track) -> Recipe:
    """Return the recipe as it runs in the track, with the track's picture, budget and evaluation.

    Raises RecipeError, in one line with every violation of a rule.
    """
    broken = [
        f"{field} must be {rule}. Got {value}." for holds, field, rule, value in _rules(recipe, track) if not holds
    ]
    if broken:
        elsewhere = " Any network may take part with --track open." if track.network is not None else ""
        raise RecipeError(f"the recipe breaks the rules of the track {track.name}: {' '.join(broken)}{elsewhere}")
    changes: dict[str, Any] = {
        "picture": {"source": PICTURE, "color_management": False, "channels": "rgb"},
        "evaluation": {"interval": "end"},
        "seed": 0,
    }
    if track.seconds is not None:
        changes["budget"] = {"seconds": track.seconds}
    return changed(recipe, changes)


def name(recipe: Recipe, track: Track) -> str:
    """Return the name of the preset that `entered` made into this recipe, on any hardware; ``custom`` for any other."""
    for known in DESCRIPTIONS:
        try:
            same = entered(preset(known), track)
        except RecipeError:
            continue
        hardware = {each: getattr(recipe, each) for each in ("engine", "threads", "dtype", "device")}
        if same.model_copy(update=hardware) == recipe:
            return known
    return "custom"


def check_changes(changes: Mapping[str, Any], track: Track) -> None:
    """Raise RecipeError when ``changes`` set a field that the track sets, which would be ignored otherwise."""
    decided = dict(_DECIDED)
    if track.seconds is not None:
        decided["budget"] = f"it is {track.seconds:g} s of training"
    for field in flat(changes):
        for name, reason in decided.items():
            if field == name or field.startswith(f"{name}."):
                raise RecipeError(f"{field} must be left to the track {track.name}: {reason}.")


def _rules(recipe: Recipe, track: Track) -> list[Requirement]:
    picture, budget = recipe.picture, recipe.budget
    rules: list[Requirement] = [
        (picture.channels in ("auto", "rgb"), "picture.channels", "rgb", picture.channels),
        (picture.transfer == "srgb", "picture.transfer", "srgb, in which PSNR is measured", picture.transfer),
        # Evaluations are off the clock, so a recipe must not use them to end its training.
        (budget.psnr is None, "budget.psnr", "none: no evaluation may decide when training ends", budget.psnr),
    ]
    if track.network is not None:
        rules += _network(recipe.model, track.network)
    return rules


def _network(model: Model, fixed: Model) -> list[Requirement]:
    layers = f"{len(fixed.widths)} hidden layers of {fixed.widths[0]}"
    return [
        (model.module is None, "model.module", "none", model.module),
        (model.widths == fixed.widths, "model.width", layers, _widths_text(model.widths)),
        (model.activations == fixed.activations, "model.activation", str(fixed.activation), _listed(model)),
        (
            model.output_activation == fixed.output_activation,
            "model.output_activation",
            fixed.output_activation,
            model.output_activation,
        ),
        (model.encoding == fixed.encoding, "model.encoding", str(fixed.encoding), model.encoding),
        (model.biases == fixed.biases, "model.biases", str(fixed.biases).lower(), str(model.biases).lower()),
    ]


def _listed(model: Model) -> str:
    activation = model.activation
    return shortened(",".join(map(str, activation))) if isinstance(activation, tuple) else str(activation)


def _widths_text(widths: tuple[int, ...]) -> str:
    return ",".join(map(str, widths[:8])) + (f",... ({len(widths)} layers)" if len(widths) > 8 else "") or "no layer"
