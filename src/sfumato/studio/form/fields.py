"""The form that starts a run, made from the recipe's fields and choices."""

from __future__ import annotations

import functools
import re
from typing import Any

from sfumato.images.samples import SAMPLES
from sfumato.recipe import DESCRIPTIONS, preset, values
from sfumato.recipe.changes import flat
from sfumato.recipe.fields import sections
from sfumato.recipe.summary import text
from sfumato.studio.form import samples

HIDDEN = ("model.module",)
"""Fields that the studio does not accept."""


@functools.cache
def data() -> dict[str, Any]:
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
            {"name": name, "help": about, "size": size_of(name), "thumbnail": samples.thumbnail(name)}
            for name, about in SAMPLES.items()
        ],
    }


def size_of(sample: str) -> tuple[int, int] | None:
    """Return (width, height) of a sample as its description states them; None if it states none."""
    found = re.search(r"([0-9]+)x([0-9]+)", SAMPLES[sample])
    return (int(found[1]), int(found[2])) if found else None
