"""Films, curves and pictures: arrays in, files out; and `finish`, which makes those of a run.

Each function but `finish` writes to the path that it is given, whatever its suffix; making a file appear whole or
not at all is its caller's part.
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
    # The one part that paints with a model: loaded when it is used, so that drawing alone costs no torch.
    if name == "finish":
        from sfumato.render.learning import finish

        return finish
    raise AttributeError(f"module 'sfumato.render' has no attribute {name!r}")
