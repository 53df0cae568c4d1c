"""The run folder: what a training leaves on disk.

The names below are loaded when they are first used: a list of runs needs none of those that bring torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.runs import checkpoints, layout, listing, queued, requests, weights
    from sfumato.runs.atomic import replacing
    from sfumato.runs.folder import create
    from sfumato.runs.run import Run, load_run
    from sfumato.runs.weights import Moment

_HOMES = {
    "Moment": "weights",
    "Run": "run",
    "create": "folder",
    "load_run": "run",
    "replacing": "atomic",
}
_MODULES = ("checkpoints", "layout", "listing", "queued", "requests", "weights")

__all__ = [
    "Moment",
    "Run",
    "checkpoints",
    "create",
    "layout",
    "listing",
    "load_run",
    "queued",
    "replacing",
    "requests",
    "weights",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sfumato.runs.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'sfumato.runs' has no attribute {name!r}")
    return getattr(import_module(f"sfumato.runs.{home}"), name)
