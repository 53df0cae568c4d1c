"""``python -m sfumato.studio.form.decoding FILE NAME [SIDE]``: tries a picture that somebody sent.

It prints what the picture is, or with a SIDE the bytes of a small one, whose longer side has so many pixels.

In a process of its own: whatever a file does to a decoder, it does not do it to the server.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Literal

from sfumato import images
from sfumato.errors import PictureError
from sfumato.images.refusal import quoted


@dataclass(frozen=True)
class _AsSent:
    """A file as it was sent: what a recipe says of its picture by default, without loading recipes."""

    source: str
    max_side: int | None
    """None: as many pixels as it has."""
    has_default_limit: bool = False
    width_height: tuple[int, int] | None = None
    channels: Literal["auto"] = "auto"
    transfer: Literal["srgb"] = "srgb"
    color_management: bool = True


def main(path: str, name: str, side: str = "") -> None:
    """Print ``{width, height, channels}``, or ``{problem}``; or a small picture as WebP."""
    try:
        picture = images.load(_AsSent(path, int(side) if side else None))
    except PictureError as error:
        if side:
            raise
        # People know it by the name that it had on their side.
        sys.stdout.write(json.dumps({"problem": str(error).replace(quoted(path), quoted(name))}))
        return
    if side:
        images.as_image(picture).save(sys.stdout.buffer, format="WEBP", quality=82, method=4)
        return
    height, width, channels = picture.shape
    sys.stdout.write(json.dumps({"width": width, "height": height, "channels": channels}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
