"""Sample pictures: four from scikit-image; the Mona Lisa of 2012 and Kodak's photographs, downloaded once."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from sfumato.errors import PictureError
from sfumato.images import kodak
from sfumato.images.picture_errors import quoted, reason

URL = (
    "https://raw.githubusercontent.com/evolvingstuff/MonaLisa/"
    "f3a7f7edca358ac1e186ca9012a976e94c853719/data/Mona%20Lisa.jpg"
)
SHA256 = "8df228e63754c9135e381efd4d653f9492de9a837b02df9e657e2cafc63ae1cb"
PIXELS_SHA256 = "6604c1a728e0d6418d68bfa398f29be7b9557cdb647bbf377425f0e830591fbc"
"""`images.sha256` of its raw values, independent of the file."""
TIMEOUT_SECONDS = 10
"""Timeout for connecting to the server, and for each read of its response."""

RAW_SAMPLES = frozenset({"mona-lisa"})
"""Samples that are never color-managed: the 2012 program ignored the profile that the file embeds."""
_SHIPPED = {"cat": "chelsea.png", "astronaut": "astronaut.png", "coffee": "coffee.png", "camera": "camera.png"}


def cache_folder() -> Path:
    """Return the folder of the download: SFUMATO_CACHE where that is set, else the user's cache folder."""
    import pooch

    folder = os.environ.get("SFUMATO_CACHE")
    return Path(folder) if folder else Path(pooch.os_cache("sfumato"))


@dataclass(frozen=True)
class Download:
    """A picture on the network."""

    url: str
    sha256: str
    file: str
    """Its name in the cache."""


DOWNLOADS = MappingProxyType(
    {"mona-lisa": Download(URL, SHA256, "mona-lisa.jpg")}
    | {
        name: Download(f"{kodak.URL}/{name}.png", sha256, f"kodak/{name}.png")
        for name, sha256 in kodak.SHA256_BY_NAME.items()
    }
)


def fetch(name: str = "mona-lisa") -> Path:
    """Return the path of a downloaded sample, after downloading it if it is absent or damaged.

    Raises PictureError, with remedies for working offline, when it is absent and cannot be downloaded.
    """
    # pooch imports requests, which only a download needs.
    import pooch

    download = DOWNLOADS[name]
    path = cache_folder() / download.file
    present = False
    try:
        present = path.exists()
        with _quiet(pooch.get_logger()):
            pooch.retrieve(
                download.url,
                known_hash=f"sha256:{download.sha256}",
                fname=path.name,
                path=path.parent,
                # The type hints of pooch do not match.
                downloader=cast("Any", pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)),
            )
    # requests, urllib3, pooch and the file system each raise different exceptions.
    except Exception as error:
        damaged = " The file there now has another SHA-256." if present else ""
        raise PictureError(
            f"picture.source {name!r} must be downloaded once, which failed ({_brief(error)}).{damaged} Go online and "
            f"try again, or put {download.url} (SHA-256 {download.sha256}) at {quoted(str(path))} by hand, or use "
            "another picture, such as cat."
        ) from None
    return path


def _brief(error: Exception) -> str:
    # The text of a failed connection is a paragraph of nested objects; its type is enough.
    return reason(error) if isinstance(error, (ValueError, PermissionError)) else type(error).__name__


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    # Not through its level: pooch's logger is outside of logging's hierarchy, and caches which levels are enabled.
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


SAMPLES = MappingProxyType(
    {
        "cat": "Chelsea the cat, 451x300",
        "astronaut": "Eileen Collins, 512x512",
        "coffee": "a cup of coffee, 600x400",
        "camera": "a photographer, gray, 512x512",
        "mona-lisa": "the picture of the 2012 program, 300x429, downloaded once",
    }
)
"""Description of every sample by its name, with its width and height in pixels; those of Kodak are a set of their own.
"""


def is_sample(name: str) -> bool:
    """Return whether a sample has that name."""
    return name in SAMPLES or name in DOWNLOADS


def sample_path(name: str) -> Path:
    """Return the file of a sample, downloaded unless it is shipped or in the cache. Raises PictureError."""
    if name in DOWNLOADS:
        return fetch(name)
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
