"""Films, curves, and pictures, written from arrays; and `finish`, which makes those of a run.

Each function but `finish` writes to the path that it is given, whatever its suffix. To make a file appear whole or
not at all is the caller's task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sfumato.render.curve import CurvePoint, write_curve
from sfumato.render.film import FilmFormat, write_film
from sfumato.render.frame import Frame
from sfumato.render.painting import composite, error_map, side_by_side, write_png

if TYPE_CHECKING:
    from sfumato.render.learning import finish

__all__ = [
    "CurvePoint",
    "FilmFormat",
    "Frame",
    "composite",
    "error_map",
    "finish",
    "side_by_side",
    "write_curve",
    "write_film",
    "write_png",
]


def __getattr__(name: str) -> Any:
    # The only function that paints with a model. It is imported on first use, so that drawing alone imports no torch.
    if name == "finish":
        from sfumato.render.learning import finish

        return finish
    raise AttributeError(f"module 'sfumato.render' has no attribute {name!r}")
