"""Creating a run's folder."""

from __future__ import annotations

import re
import time
from pathlib import Path

from sfumato.runs.files import cannot_write


def create(runs: Path, source: str, recipe_id: str) -> Path:
    """Create and return a folder ``<date>-<time>-<slug>-<recipe id>[-n]`` in ``runs``.

    Raises RunError when it cannot be created.
    """
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{_slug(source)}-{recipe_id}"
    number = 1
    while True:
        folder = runs / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not folder.is_dir():
                raise cannot_write(runs, NotADirectoryError(20, "a file is in the way")) from None
            number += 1
        except OSError as error:
            raise cannot_write(folder, error) from error
        except ValueError as error:
            # The name contains a null byte.
            raise cannot_write(folder, OSError(str(error))) from None
        else:
            return folder


def _slug(source: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", Path(source).stem.lower()).strip("-")
    return words[:40].rstrip("-") or "picture"
