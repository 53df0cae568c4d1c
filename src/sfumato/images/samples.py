"""Sample pictures: four from scikit-image, and the Mona Lisa of the 2012 program."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import MappingProxyType

from sfumato.errors import PictureError
from sfumato.images import mona_lisa

SAMPLES = MappingProxyType(
    {
        "cat": "Chelsea the cat, 451x300",
        "astronaut": "Eileen Collins, 512x512",
        "coffee": "a cup of coffee, 600x400",
        "camera": "a photographer, gray, 512x512",
        "mona-lisa": "the picture of the 2012 program, 300x429, downloaded once",
    }
)
"""Description of every sample by its name, with its width and height in pixels."""

RAW_SAMPLES = frozenset({"mona-lisa"})
"""Samples that are never color-managed: the 2012 program ignored the profile that the file embeds."""

_SHIPPED = {"cat": "chelsea.png", "astronaut": "astronaut.png", "coffee": "coffee.png", "camera": "camera.png"}


def sample_path(name: str) -> Path:
    """Return the file of a sample; `mona-lisa` is downloaded unless it is in the cache. Raises PictureError."""
    if name == "mona-lisa":
        return mona_lisa.fetch()
    # Located without importing scikit-image, which takes longer than reading the picture.
    package = importlib.util.find_spec("skimage")
    for folder in package.submodule_search_locations or () if package else ():
        path = Path(folder) / "data" / _SHIPPED[name]
        if path.is_file():
            return path
    raise PictureError(
        f"picture.source {name!r} must be in the installed scikit-image, as data/{_SHIPPED[name]}. It is not there; "
        "run: pip install --force-reinstall scikit-image, or use a picture file."
    )
