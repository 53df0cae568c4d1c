"""``python -m sfumato.studio.form.decoding FILE NAME``: tries a picture that somebody sent, and prints what it is.

In a process of its own: whatever a file does to a decoder, it does not do it to the server.
"""

from __future__ import annotations

import json
import sys

from sfumato import images
from sfumato.errors import PictureError
from sfumato.images.refusal import shown
from sfumato.recipe import Picture


def main(path: str, name: str) -> None:
    """Print ``{width, height, channels}``, or ``{problem}``."""
    try:
        height, width, channels = images.load(Picture(source=path, max_side=None)).shape
        found: dict[str, object] = {"width": width, "height": height, "channels": channels}
    except PictureError as error:
        # People know it by the name that it had on their side.
        found = {"problem": str(error).replace(shown(path), shown(name))}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:3])
