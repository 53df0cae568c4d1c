"""Reading the metrics of a run's live view, without PyTorch.

They are a comment in live.jpg, so that the painting and its metrics always belong together, and appear as one file.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sfumato.runs import layout
from sfumato.runs.regular import require_regular
from sfumato.runs.weights import Moment


def read(folder: Path) -> Moment | None:
    """Return the moment that live.jpg shows; None if the file is missing, or was not written by a training."""
    path = folder / layout.LIVE
    if path.is_symlink():
        return None
    try:
        # Only the header is read.
        with require_regular(path).open("rb") as file, Image.open(file, formats=["JPEG"]) as image:
            comment = image.info.get("comment", b"")
        return Moment.from_json(comment)
    except (OSError, SyntaxError, KeyError, TypeError, ValueError, RecursionError, Image.DecompressionBombError):
        return None
