"""The pictures that an experiment or a sweep learns, in its folder, as they are learned."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato import images
from sfumato.errors import RunError
from sfumato.runs.files import write_bytes

FOLDER = "pictures"


def path_of(folder: Path, number: int) -> Path:
    """Return the path of a picture."""
    return folder / FOLDER / f"{number:03d}.npy"


def write(folder: Path, pictures: Sequence[NDArray[np.float32]]) -> None:
    """Write the pictures (H, W, C) that the folder lacks, each as a whole or not at all. Raises RunError."""
    for number, picture in enumerate(pictures):
        path = path_of(folder, number)
        if not path.exists():
            buffer = io.BytesIO()
            np.save(buffer, picture, allow_pickle=False)
            write_bytes(path, buffer.getvalue(), make_parent=True)


def read(folder: Path, number: int, facts: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    """Return a picture (H, W, C); ``facts`` hold the SHA-256 of each. Raises RunError if it is missing or another."""
    path = path_of(folder, number)
    try:
        picture = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise RunError(f"{path} must be a picture that was learned: {error}. Restore it.") from None
    whole = isinstance(picture, np.ndarray) and number < len(facts)
    if not whole or images.sha256(picture) != facts[number]["sha256"]:
        raise RunError(f"{path} must be picture {number} of those that were learned. Got another; restore it.")
    return picture


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a painting (rows, columns, C) as PNG. Raises RunError."""
    buffer = io.BytesIO()
    images.as_image(pixels.astype(np.float32) / np.float32(255)).save(buffer, format="PNG")
    write_bytes(path, buffer.getvalue(), make_parent=True)
