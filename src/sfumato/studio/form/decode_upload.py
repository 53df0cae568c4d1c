"""``python -m sfumato.studio.form.decode_upload FILE NAME [SIDE]``: decode an uploaded picture.

It prints facts about the picture, or with a SIDE the bytes of a preview whose longer side has that many pixels.

It runs in a separate process, so that a file that crashes a decoder does not crash the server.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Literal

from sfumato import images
from sfumato.errors import PictureError
from sfumato.images.picture_errors import quoted


@dataclass(frozen=True)
class _UploadSettings:
    """The default picture settings of a recipe for an uploaded file, without the import of recipes."""

    source: str
    max_side: int | None
    """Pixels of the longer side; None for the file's own size."""
    has_default_limit: bool = False
    width_height: tuple[int, int] | None = None
    channels: Literal["auto"] = "auto"
    transfer: Literal["srgb"] = "srgb"
    color_management: bool = True


def main(path: str, name: str, side: str = "") -> None:
    """Print ``{width, height, channels}`` or ``{problem}``; with ``side``, write a preview as WebP."""
    try:
        picture = images.load(_UploadSettings(path, int(side) if side else None))
    except PictureError as error:
        if side:
            raise
        # Name the file as it is named on the user's computer.
        sys.stdout.write(json.dumps({"problem": str(error).replace(quoted(path), quoted(name))}))
        return
    if side:
        images.as_image(picture).save(sys.stdout.buffer, format="WEBP", quality=82, method=4)
        return
    height, width, channels = picture.shape
    sys.stdout.write(json.dumps({"width": width, "height": height, "channels": channels}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
