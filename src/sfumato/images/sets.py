"""Sets of pictures: a folder, a pattern of file names, or a set by name."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from sfumato.errors import PictureError
from sfumato.images import kodak
from sfumato.images.picture_errors import FORMATS, quoted

SETS = {"kodak": tuple(kodak.SHA256_BY_NAME)}
"""Samples of each set by its name."""

EXTENSIONS = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".avif",
        ".heic",
        ".heif",
    }
)
"""Extensions, in lower case, of the formats that are decoded."""

MAX_FILES = 10_000
"""Most entries of a folder, or matches of a pattern, that are looked at."""


def sources(text: str) -> list[str]:
    """Return the pictures of a set in the order of their names: of a name in `SETS`, a folder, or a pattern.

    Of a folder, files with the extension of a picture are taken, hidden ones and those in folders inside are not.
    Raises PictureError if there are none.
    """
    if text in SETS and not Path(text).exists():
        return list(SETS[text])
    if Path(text).is_dir():
        found, where = _in_folder(Path(text)), f"a folder of pictures ({FORMATS})"
    else:
        found, where = _matching(text), "a folder, a pattern such as 'photos/*.png', or kodak"
    if not found:
        raise PictureError(f"pictures must be {where}. Got {quoted(text)}, which has none; check the path.")
    if len(found) > MAX_FILES:
        raise PictureError(f"pictures must be at most {MAX_FILES:,} files. Got more in {quoted(text)}; take a part.")
    return sorted(found)


def _in_folder(folder: Path) -> list[str]:
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_picture = Path(entry.name).suffix.lower() in EXTENSIONS and not entry.name.startswith(".")
                if is_picture and entry.is_file():
                    found.append(str(folder / entry.name))
                if len(found) > MAX_FILES:
                    break
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PictureError(
            f"pictures must be a folder that can be read. Got {quoted(str(folder))}: {reason}."
        ) from None
    return found


def _matching(pattern: str) -> list[str]:
    found: list[str] = []
    # Not Path.glob, which takes no absolute pattern.
    for path in glob.iglob(pattern, recursive=True):  # noqa: PTH207
        if Path(path).is_file():
            found.append(path)
        if len(found) > MAX_FILES:
            break
    return found
