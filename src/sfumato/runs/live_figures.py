"""The figures of the newest painting of a run while somebody watches, read without PyTorch.

They are a comment in live.jpg, so that picture and figures are always of the same moment, and appear as one file.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sfumato.runs import layout
from sfumato.runs.regular import regular
from sfumato.runs.weights import Moment


def read(folder: Path) -> Moment | None:
    """The moment that live.jpg shows; None where there is none, or no training has written it."""
    path = folder / layout.LIVE
    if path.is_symlink():
        return None
    try:
        # The header alone is read.
        with regular(path).open("rb") as file, Image.open(file, formats=["JPEG"]) as image:
            comment = image.info.get("comment", b"")
        return Moment.from_json(comment)
    except (OSError, SyntaxError, KeyError, TypeError, ValueError, RecursionError, Image.DecompressionBombError):
        return None
