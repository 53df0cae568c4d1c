"""Presets: recipes by name, this project's own and the experiments of publications."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from sfumato.errors import RecipeError
from sfumato.recipe.presets import (
    coin,
    evos,
    experiment_2012,
    finer,
    fourier_features,
    instant_ngp,
    muon_inrs,
    own,
    siren,
    wire,
)
from sfumato.recipe.presets.preset import Preset, Published
from sfumato.recipe.recipe import Recipe

PRESETS: Mapping[str, Preset] = {
    each.name: each
    for each in (
        own.FAST,
        experiment_2012.BLOG_2012,
        experiment_2012.SOURCE_2012,
        own.SPEEDRUN,
        own.SPEEDRUN_OPEN,
        instant_ngp.INSTANT_NGP,
        experiment_2012.RPROP_SIGMOID,
        siren.SIREN,
        fourier_features.NONE,
        fourier_features.BASIC,
        fourier_features.POSITIONAL,
        fourier_features.POSITIONAL_TEXT,
        fourier_features.GAUSSIAN,
        fourier_features.GAUSSIAN_TEXT,
        coin.COIN_5X20,
        coin.COIN_5X30,
        coin.COIN_10X28,
        coin.COIN_10X40,
        coin.COIN_13X49,
        finer.FINER,
        wire.WIRE,
        evos.EVOS_SIREN,
        evos.EVOS,
        muon_inrs.RELU_ADAM,
        muon_inrs.RELU_MUON,
    )
}
"""Every preset by its name: this project's own, then those of publications."""

DESCRIPTIONS: Mapping[str, str] = {name: each.description for name, each in PRESETS.items()}
"""Description of every preset by its name."""

PUBLISHED: Mapping[str, Published] = {name: each.published for name, each in PRESETS.items() if each.published}
"""The publications of the presets that repeat one, by the presets' names."""


def preset(name: str) -> Recipe:
    """Return the recipe called ``name``. Raises RecipeError for a name that is not in `PRESETS`."""
    if name not in PRESETS:
        close = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise RecipeError(f"preset must be one of {', '.join(PRESETS)}. Got {name!r}{hint}")
    return PRESETS[name].recipe


__all__ = ["DESCRIPTIONS", "PRESETS", "PUBLISHED", "Preset", "Published", "preset"]
