"""The run folder: the files that a training writes.

The names below are imported on first use: a list of runs needs none of those that import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfumato.runs import checkpoints, layout, listing, queued, requests, weights
    from sfumato.runs.files import replacing
    from sfumato.runs.folder import create
    from sfumato.runs.run import Run, load_run
    from sfumato.runs.weights import Moment

_SOURCES = {
    "Moment": "weights",
    "Run": "run",
    "create": "folder",
    "load_run": "run",
    "replacing": "files",
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
    source = _SOURCES.get(name)
    if source is None:
        raise AttributeError(f"module 'sfumato.runs' has no attribute {name!r}")
    return getattr(import_module(f"sfumato.runs.{source}"), name)
