"""``python -m sfumato.studio.form.decoding FILE NAME [SIDE]``: tries a picture that somebody sent.

It prints what the picture is, or with a SIDE the bytes of a small one, whose longer side has so many pixels.

In a process of its own: whatever a file does to a decoder, it does not do it to the server.
"""

from __future__ import annotations

import json
import sys

from sfumato import images
from sfumato.errors import PictureError
from sfumato.images.refusal import shown
from sfumato.recipe import Picture


def main(path: str, name: str, side: str = "") -> None:
    """Print ``{width, height, channels}``, or ``{problem}``; or a small picture as WebP."""
    try:
        # None: as many pixels as it has, not those of a recipe's default.
        picture = images.load(Picture(source=path, max_side=int(side) if side else None))
    except PictureError as error:
        if side:
            raise
        # People know it by the name that it had on their side.
        sys.stdout.write(json.dumps({"problem": str(error).replace(shown(path), shown(name))}))
        return
    if side:
        images.as_image(picture).save(sys.stdout.buffer, format="WEBP", quality=82, method=4)
        return
    height, width, channels = picture.shape
    sys.stdout.write(json.dumps({"width": width, "height": height, "channels": channels}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
